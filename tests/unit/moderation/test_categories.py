"""Our hazards in the words of OpenAI's moderation interface."""

from collections.abc import Mapping

import pytest

from moderation.core.categories import (
    CATEGORIES,
    Category,
    InputType,
    Part,
    categories_of,
)

THIRTEEN = {
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
}


def part(scores: Mapping[str, float | None], *against: str, input_type: InputType = "text") -> Part:
    return Part(input_type, scores, against)


def test_the_categories_are_openais_thirteen() -> None:
    assert set(CATEGORIES) == THIRTEEN
    assert set(categories_of([])) == THIRTEEN


@pytest.mark.parametrize(
    ("scores", "against", "name", "expected"),
    [
        ({"hate": 0.9}, ("hate",), "hate", Category(True, 0.9, ("text",))),
        ({"hate": 0.9}, (), "hate", Category(False, 0.9, ("text",))),
        ({"hate": None}, (), "hate", Category(False, 0.0, ())),
        ({}, (), "hate", Category(False, 0.0, ())),
        # A listed word alone: the policy is against it, whatever was scored.
        ({"hate": 0.1}, ("hate",), "hate", Category(True, 0.1, ("text",))),
        (
            {"hate": 0.9, "violence": 0.7},
            ("hate",),
            "hate/threatening",
            Category(False, 0.7, ("text",)),
        ),
        (
            {"hate": 0.9, "violence": 0.7},
            ("hate", "violence"),
            "hate/threatening",
            Category(True, 0.7, ("text",)),
        ),
        ({"hate": 0.9, "violence": None}, ("hate",), "hate/threatening", Category(False, 0.0, ())),
        ({"child_safety": 0.8}, ("child_safety",), "sexual/minors", Category(True, 0.8, ("text",))),
        ({"child_safety": 0.8}, ("child_safety",), "sexual", Category(False, 0.0, ())),
        ({"self_harm": 1.0}, ("self_harm",), "self-harm/intent", Category(False, 0.0, ())),
        ({"violence": 1.0}, ("violence",), "violence/graphic", Category(False, 0.0, ())),
        ({"spam": 1.0}, ("spam",), "illicit", Category(False, 0.0, ())),
    ],
)
def test_a_category_is_met_where_all_of_its_hazards_are(
    scores: Mapping[str, float | None], against: tuple[str, ...], name: str, expected: Category
) -> None:
    assert categories_of([part(scores, *against)])[name] == expected


def test_the_worst_part_counts_and_each_kind_of_part_is_named_once() -> None:
    parts = [
        part({"sexual": 0.2}),
        part({"sexual": 0.8}, "sexual", input_type="image"),
        part({"sexual": 0.3}, input_type="image"),
    ]
    found = categories_of(parts)["sexual"]
    assert (found.is_flagged, found.score, found.applied_to) == (True, 0.8, ("text", "image"))


def test_two_parts_do_not_meet_a_category_that_neither_meets() -> None:
    parts = [
        part({"hate": 0.9, "violence": 0.1}, "hate"),
        part({"hate": 0.1, "violence": 0.9}, "violence"),
    ]
    found = categories_of(parts)["hate/threatening"]
    assert (found.is_flagged, found.score) == (False, 0.1)
