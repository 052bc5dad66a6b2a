"""A picture that may be sexual beside anything that speaks of a minor; never an age from a face."""

import pytest

from moderation.core.decisions import Verdict
from moderation.core.detectors import DETECTORS
from moderation.core.minors import RULE, Seen, reason_across, speaks_of_minors
from moderation.core.signals import Signal


def seen(
    *, sexual: float, prompt: str = "", child_safety: float = 0.0, read: str = ""
) -> list[Seen]:
    return [
        Seen("image", read, [Signal("image_safety", "i@1", {"sexual": sexual})]),
        Seen("prompt", prompt, [Signal("text_hazards", "t@1", {"child_safety": child_safety})]),
    ]


@pytest.mark.parametrize(
    ("sexual", "prompt", "child_safety", "read", "verdict"),
    [
        (0.05, "a child on a beach", 0.9, "", None),
        (0.99, "a woman on a beach", 0.0, "", None),
        (0.10, "a child on a beach", 0.0, "", Verdict.HOLD),
        (0.39, "a beach", 0.20, "", Verdict.HOLD),
        (0.39, "a beach", 0.0, "Kindergarten", Verdict.HOLD),
        (0.40, "a child on a beach", 0.0, "", Verdict.BLOCK),
        (0.40, "a beach", 0.20, "", Verdict.HOLD),
        (0.40, "a beach", 0.45, "", Verdict.BLOCK),
        (0.40, "沙滩上的小女孩", 0.0, "", Verdict.BLOCK),
    ],
)
def test_signs_of_both_hold_and_likely_ones_block(
    sexual: float, prompt: str, child_safety: float, read: str, verdict: Verdict | None
) -> None:
    reasons = reason_across(
        seen(sexual=sexual, prompt=prompt, child_safety=child_safety, read=read)
    )
    assert [(one.verdict, one.hazard, one.rule) for one in reasons] == (
        [] if verdict is None else [(verdict, "child_safety", RULE)]
    )


def test_a_text_about_sex_and_children_without_a_picture_is_for_the_texts_own_rules() -> None:
    signal = Signal("text_hazards", "t@1", {"sexual": 0.9, "child_safety": 0.4})
    assert reason_across([Seen("text", "a child", [signal])]) == ()


def test_words_read_in_a_picture_are_no_look_at_it() -> None:
    signals = [
        Signal("image_safety", "i@1", {"sexual": 0.01}),
        Signal("text_hazards", "t@1", {"sexual": 0.9, "child_safety": 0.1}),
    ]
    assert reason_across([Seen("image", "sex education for children", signals)]) == ()


@pytest.mark.parametrize(
    ("text", "is_said"),
    [
        ("a 12-year-old", True),
        ("a 17 yo girl", True),
        ("aged 9", True),
        ("a sixteen year old", True),
        ("ｓｃｈｏｏｌｇｉｒｌ uniform", True),
        ("sсhoolgirl", True),
        ("十六岁的女生", True),
        ("12岁", True),
        ("萝莉", True),
        ("a 25 year old woman", False),
        ("aged 18", False),
        ("a 112 year old tree", False),
        ("二十六岁的女子", False),
        ("a childproof lock", False),
        ("the minority report", False),
        ("a calm harbour", False),
    ],
)
def test_what_speaks_of_minors(*, text: str, is_said: bool) -> None:
    assert speaks_of_minors(text) is is_said


def test_no_detector_gives_an_age() -> None:
    pictures = [one for one in DETECTORS.values() if one.reads in {"image", "film"}]
    assert {hazard for one in pictures for hazard in one.hazards} == {"sexual", "violence"}
