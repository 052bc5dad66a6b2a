from __future__ import annotations

from collections.abc import Mapping

import pytest

from moderation.core.decisions import HashHit, ListHit, Verdict
from moderation.core.policy import Policy, Surface, combine, evaluate, load, parse
from moderation.core.policy_file import InvalidPolicy
from moderation.core.signals import Signal

SOURCE = """
name: small
detectors:
  words: [violence, spam]
  eyes: [violence]
  reader: []
surfaces:
  prompt: &rules
    required: [words]
    thresholds:
      violence: {hold_at: 0.5, block_at: 0.9}
      spam: {hold_at: 0.8}
    words: {mild: release, strong: hold, severe: block}
  text: *rules
  speech: *rules
  image:
    required: [eyes, reader]
    required_with_text: [words]
    thresholds:
      violence: {hold_at: 0.5, block_at: 0.9}
      spam: {hold_at: 0.8}
    by_detector:
      eyes:
        violence: {hold_at: 0.2}
    words: {mild: hold, strong: hold, severe: block}
reports: {hold_at: 3}
"""

CLEAN: Mapping[str, float | None] = {"violence": 0.0, "spam": 0.0}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return parse(SOURCE)


def words(**scores: float | None) -> Signal:
    return Signal("words", "words@1", {**CLEAN, **scores})


@pytest.mark.parametrize(
    ("signals", "verdict", "rules"),
    [
        ([words()], Verdict.RELEASE, []),
        ([words(violence=0.49)], Verdict.RELEASE, []),
        ([words(violence=0.5)], Verdict.HOLD, ["score_hold"]),
        ([words(violence=0.89)], Verdict.HOLD, ["score_hold"]),
        ([words(violence=0.9)], Verdict.BLOCK, ["score_block"]),
        ([words(spam=1.0)], Verdict.HOLD, ["score_hold"]),
        ([words(violence=0.6, spam=0.9)], Verdict.HOLD, ["score_hold", "score_hold"]),
        ([words(brand_new=0.0)], Verdict.HOLD, ["unknown_hazard"]),
        ([], Verdict.UNAVAILABLE, ["detector_missing"]),
        ([Signal.unavailable("words", "late")], Verdict.UNAVAILABLE, ["detector_failed"]),
        ([words(violence=None)], Verdict.UNAVAILABLE, ["label_missing"]),
        ([words(violence=float("nan"))], Verdict.UNAVAILABLE, ["label_missing"]),
        ([words(violence=1.5)], Verdict.UNAVAILABLE, ["label_missing"]),
        ([Signal("words", "words@1", {"violence": 0.0})], Verdict.UNAVAILABLE, ["label_missing"]),
        ([words(violence=None, spam=0.9)], Verdict.HOLD, ["score_hold", "label_missing"]),
        (
            [Signal.unavailable("words", "late"), Signal("extra", "e@1", {"violence": 0.95})],
            Verdict.BLOCK,
            ["score_block", "detector_failed"],
        ),
        ([words(), Signal.unavailable("extra", "late")], Verdict.RELEASE, []),
    ],
)
def test_the_most_severe_reason_decides_and_an_outage_never_releases(
    policy: Policy, signals: list[Signal], verdict: Verdict, rules: list[str]
) -> None:
    decision = evaluate(policy, surface="prompt", signals=signals)

    assert decision.verdict == verdict
    assert [reason.rule for reason in decision.reasons] == rules


@pytest.mark.parametrize(
    ("surface", "severity", "verdict"),
    [
        ("prompt", "mild", Verdict.RELEASE),
        ("prompt", "strong", Verdict.HOLD),
        ("prompt", "severe", Verdict.BLOCK),
        ("image", "mild", Verdict.HOLD),
    ],
)
def test_a_listed_word_does_what_the_surface_says(
    policy: Policy, surface: Surface, severity: str, verdict: Verdict
) -> None:
    signals = [words(), Signal("eyes", "e@1", {"violence": 0.0}), Signal("reader", "r@1")]
    hit = ListHit("bad", "hate", severity, "en")  # type: ignore[arg-type]  # from the table

    decision = evaluate(policy, surface=surface, signals=signals, list_hits=[hit])

    assert decision.verdict == verdict


def test_an_outage_does_not_hide_a_severe_word(policy: Policy) -> None:
    hit = ListHit("bad", "child_safety", "severe", "en")

    decision = evaluate(policy, surface="prompt", signals=[], list_hits=[hit])

    assert decision.verdict == Verdict.BLOCK
    assert decision.hazards == ("child_safety",)


@pytest.mark.parametrize(
    ("scores", "hit", "verdict"),
    [
        ({}, HashHit("sha256", "block", "aa"), Verdict.BLOCK),
        ({}, HashHit("pdq", "hold", "aa", 12), Verdict.HOLD),
        ({"violence": 0.6}, HashHit("sha256", "allow", "aa"), Verdict.RELEASE),
        ({"violence": 0.6}, HashHit("pdq", "allow", "aa", 3), Verdict.HOLD),
        ({"violence": 0.95}, HashHit("sha256", "allow", "aa"), Verdict.BLOCK),
        ({"violence": None}, HashHit("sha256", "allow", "aa"), Verdict.UNAVAILABLE),
    ],
)
def test_hash_lists_block_hold_and_lift_holds(
    policy: Policy, scores: dict[str, float | None], hit: HashHit, verdict: Verdict
) -> None:
    decision = evaluate(policy, surface="text", signals=[words(**scores)], hash_hits=[hit])

    assert decision.verdict == verdict


def test_text_found_in_a_picture_must_be_judged_too(policy: Policy) -> None:
    eyes = Signal("eyes", "e@1", {"violence": 0.0})
    blank, written = Signal("reader", "r@1", text=" "), Signal("reader", "r@1", text="hello")

    assert evaluate(policy, surface="image", signals=[eyes, blank]).verdict == Verdict.RELEASE
    unjudged = evaluate(policy, surface="image", signals=[eyes, written])
    assert (unjudged.verdict, unjudged.reasons[0].detector) == (Verdict.UNAVAILABLE, "words")
    judged = evaluate(policy, surface="image", signals=[eyes, written, words()])
    assert judged.verdict == Verdict.RELEASE


def test_a_detector_may_have_thresholds_of_its_own(policy: Policy) -> None:
    signals = [Signal("eyes", "e@1", {"violence": 0.3}), Signal("reader", "r@1")]

    decision = evaluate(policy, surface="image", signals=signals)

    assert decision.verdict == Verdict.HOLD
    assert decision.reasons[0].threshold == 0.2


def test_combining_surfaces_keeps_the_most_severe_verdict_and_all_reasons(policy: Policy) -> None:
    fine = evaluate(policy, surface="prompt", signals=[words()])
    down = evaluate(policy, surface="text", signals=[])
    bad = evaluate(policy, surface="text", signals=[words(violence=0.7)])

    assert combine([fine, down]).verdict == Verdict.UNAVAILABLE
    assert combine([fine, down, bad]).verdict == Verdict.HOLD
    assert len(combine([fine, down, bad]).reasons) == 2
    with pytest.raises(ValueError, match="at least one"):
        combine([])


def test_the_version_follows_the_content_and_not_the_layout(policy: Policy) -> None:
    assert parse("# a remark\n" + SOURCE).version == policy.version
    assert parse(SOURCE.replace("0.5", "0.51")).version != policy.version
    assert parse(SOURCE.replace("[words]", "[words, eyes]")).version != policy.version
    assert parse(SOURCE, lists_digest="other").version != policy.version


def test_the_evaluation_version_follows_the_detectors(policy: Policy) -> None:
    one = evaluate(policy, surface="prompt", signals=[words()])
    other = evaluate(policy, surface="prompt", signals=[Signal("words", "words@2", CLEAN)])

    assert one.policy_version == other.policy_version
    assert one.evaluation_version != other.evaluation_version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("block_at: 0.9", "block_at: 0.4", "block_at must not be below"),
        ("hold_at: 0.8", "hold_at: 8", "less than or equal to 1"),
        ("required: [eyes, reader]", "required: [nose]", "not listed"),
        ("spam: {hold_at: 0.8}", "gossip: {hold_at: 0.8}", "gossip"),
        ("reports: {hold_at: 3}", "report: {hold_at: 3}", "report"),
        ("  speech: *rules", "", "without rules: speech"),
        ("words: [violence, spam]", "words: [violence, spam, hate]", "no threshold for: hate"),
        ("name: small", "name: [", "not YAML"),
    ],
)
def test_a_policy_with_a_mistake_is_refused_by_name(old: str, new: str, message: str) -> None:
    with pytest.raises(InvalidPolicy, match=message):
        parse(SOURCE.replace(old, new))


def test_the_default_policy_is_valid_and_never_blocks_self_harm_by_score() -> None:
    policy = load()

    for rules in policy.surfaces.values():
        assert rules.thresholds["self_harm"].block_at is None
    assert policy.reports_hold_at == 3


def test_a_signal_survives_storage() -> None:
    signal = Signal("words", "words@1", {"spam": 0.5, "hate": None}, "hi", None, "en", {"n": 1})

    assert Signal.from_json(signal.to_json()) == signal
