from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation.core import policy_file, tightening
from moderation.core.policy import InvalidPolicy, load, parse
from tests.unit.moderation.documents import SMALL, with_parts

FOLDER = Path(__file__).parents[3] / "docs" / "policies"


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        (
            "{hold_at: 0.5, block_at: 0.9}",
            "{hold_at: 0.5, block_at: 0.4}",
            (10, 17, "surfaces.prompt.thresholds.violence"),
            "block_at must not be below hold_at",
        ),
        (
            "spam: {hold_at: 0.8}\n    words: {mild: release",
            "spam: {hold_at: 8}\n    words: {mild: release",
            (11, 23, "surfaces.prompt.thresholds.spam.hold_at"),
            "less than or equal to 1",
        ),
        (
            "required: [eyes, reader]",
            "required: [eyes, nose]",
            (16, 22, "surfaces.image.required.1"),
            "the detector nose is not listed. Listed are: words, eyes, reader.",
        ),
        (
            "  words: [violence, spam]",
            "  words: [violence, gossip]",
            (3, 21, "detectors.words.1"),
            "'gossip' is none of the choices. Write one of: 'child_safety'",
        ),
        (
            "reports: {hold_at: 3}",
            "report: {hold_at: 3}",
            (25, 1, "report"),
            "there is no such key here. Mind the spelling",
        ),
        ("name: small\n", "", (1, 1, ""), "name: this key is missing. Add it."),
        ("  speech: *rules\n", "", (7, 3, "surfaces"), "surfaces without rules: speech"),
        (
            "  words: [violence, spam]",
            "  words: [violence, spam, hate]",
            (9, 5, "surfaces.prompt.thresholds"),
            "prompt has no threshold for: hate. Its detectors score them",
        ),
        ("name: small", "name: [", (3, 8, ""), "this is not YAML"),
        (
            "reports: {hold_at: 3}",
            "reports: {hold_at: 3}\nname: other",
            (26, 1, "name"),
            "this is said twice",
        ),
        (
            "reports: {hold_at: 3}",
            "reports: 3",
            (25, 10, "reports"),
            "here stand keys with values",
        ),
        (
            "mild: hold",
            "mild: maybe",
            (24, 19, "surfaces.image.words.mild"),
            "'release', 'hold' or",
        ),
    ],
    ids=[
        "a block below a hold",
        "no probability",
        "an unknown detector",
        "an unknown hazard",
        "an unknown key",
        "a missing key",
        "a missing surface",
        "a hazard without threshold",
        "no yaml",
        "a key twice",
        "another shape",
        "an unknown action",
    ],
)
def test_a_mistake_is_refused_with_what_where_and_what_to_do(
    old: str, new: str, place: tuple[int, int, str], said: str
) -> None:
    assert old in SMALL
    with pytest.raises(InvalidPolicy) as refused:
        parse(SMALL.replace(old, new, 1))

    (mistake,) = [one for one in refused.value.mistakes if one.place == place[2]]
    assert (mistake.line, mistake.column) == place[:2]
    assert said in str(mistake)
    assert f"line {place[0]}, column {place[1]}: " in str(refused.value)


TWICE = "  - {name: one, when: 'true', on: [text], then: hold, hazard: spam}"
RULE = "rules: [{{name: one, when: {when}, on: {on}, then: hold, hazard: violence}}]"


@pytest.mark.parametrize(
    ("parts", "place", "said"),
    [
        (
            RULE.format(when="signal.hate > 0.5", on="[text]"),
            (26, 27, "rules.0.when"),
            "undeclared reference to 'signal.hate' (in container '') (line 1, character 7 of",
        ),
        (
            RULE.format(when="signals.hate", on="[text]"),
            (26, 27, "rules.0.when"),
            "It gives a double, not true or false",
        ),
        (
            RULE.format(when=f"\"surface == '{'a' * 600}'\"", on="[text]"),
            (26, 27, "rules.0.when"),
            "at most 500 characters",
        ),
        (
            RULE.format(when="author.age_days < 7.0", on="[text, prompt]"),
            (26, 9, "rules.0"),
            "of a prompt neither author.… nor lineage.… is known; take prompt out of `on`",
        ),
        (
            f"rules:\n{TWICE}\n{TWICE}",
            (28, 12, "rules.1.name"),
            "there are two rules 'one'. Rename one of them.",
        ),
        (
            "unavailable:\n  spam: {then: release, seconds: 5}",
            (27, 16, "unavailable.spam.then"),
            "'release' is none of the choices. Write one of: 'retry', 'hold' or 'escalate'.",
        ),
        (
            "audiences: [{name: a, match: {region: [d]},thresholds: {any: {spam: {hold_at: 1}}}}]",
            (26, 79, "audiences.0.thresholds.any.spam.hold_at"),
            "1 is looser than the policy's 0.8 of image. Write 0.8 or less, or take it out.",
        ),
        (
            "audiences: [{name: a, match: {}}]",
            (26, 30, "audiences.0.match"),
            "name somebody, or write it for everybody above",
        ),
        (
            "audiences: [{name: a, match: {country: [de]}}]",
            (26, 31, "audiences.0.match.country"),
            "there is no such key here",
        ),
    ],
    ids=[
        "a condition with an unknown name",
        "a condition that is none",
        "a condition that is too long",
        "an author of a prompt",
        "two rules of one name",
        "an outage that releases",
        "an audience that is looser",
        "an audience of nobody",
        "an audience that nobody can know",
    ],
)
def test_a_mistake_in_the_later_parts_is_refused_alike(
    parts: str, place: tuple[int, int, str], said: str
) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        parse(with_parts(parts))

    mistake = refused.value.mistakes[0]
    assert (mistake.line, mistake.column, mistake.place) == place
    assert said in str(mistake)


def test_all_mistakes_are_said_at_once_in_the_order_of_the_lines() -> None:
    wrong = with_parts(RULE.format(when="signal.hate > 1", on="[txet]"))
    wrong = wrong.replace("hold_at: 0.5", "hold_at: 5", 1).replace("[eyes, reader]", "eyes", 1)

    with pytest.raises(InvalidPolicy) as refused:
        parse(wrong)

    places = [mistake.place for mistake in refused.value.mistakes]
    # The rules of a prompt are those of text and of speech: one place, three times wrong.
    assert list(dict.fromkeys(places)) == [
        "surfaces.prompt.thresholds.violence.hold_at",
        "surfaces.speech.thresholds.violence.hold_at",
        "surfaces.text.thresholds.violence.hold_at",
        "surfaces.image.required",
        "rules.0.when",
        "rules.0.on.0",
    ]


@pytest.mark.parametrize("source", ["", "[]", "words", "a: &a [*a]", "[" * 3_000])
def test_what_is_no_policy_at_all_is_refused_in_words(source: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"document|YAML"):
        parse(source)


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("policy.schema.json", policy_file.schema()),
        ("stricter.schema.json", tightening.schema()),
    ],
)
def test_the_schemas_in_the_docs_are_current(name: str, schema: dict[str, object]) -> None:
    written = json.loads((FOLDER / name).read_text(encoding="utf-8"))

    assert written == schema, "run: manage.py policy_schemas"


def test_on_is_a_key_and_norway_is_a_region() -> None:
    policy = parse(with_parts("audiences: [{name: north, match: {region: [no, on]}}]"))

    assert policy.file.audiences[0].match.region == ["no", "on"]


def test_the_default_policy_says_what_is_done_in_an_outage() -> None:
    assert load().waiting["otherwise"].then == "retry"
