from __future__ import annotations

from dataclasses import replace

import pytest

from moderation.core.context import Audience, Author, Context, Lineage
from moderation.core.decisions import HashHit, ListHit, Verdict, Waiting
from moderation.core.policy import Policy, Surface, combine, evaluate, parse
from moderation.core.signals import Signal
from tests.unit.moderation.documents import SMALL, with_parts

AROUND = Context(Author(age_days=400.0), Lineage(), Audience())
NEW = replace(AROUND, author=Author(age_days=1.0))


def rule(when: str, *, on: str = "[text, image]", then: str = "hold", told: str = "") -> Policy:
    told = f", told: {told}" if told else ""
    return parse(
        with_parts(
            f'rules: [{{name: one, when: "{when}", on: {on}, then: {then}, hazard: spam{told}}}]'
        )
    )


def words(**scores: float | None) -> Signal:
    return Signal("words", "words@1", {"violence": 0.0, "spam": 0.0, **scores})


@pytest.mark.parametrize(
    ("then", "verdict", "is_escalated"),
    [
        ("hold", Verdict.HOLD, False),
        ("block", Verdict.BLOCK, False),
        ("escalate", Verdict.HOLD, True),
    ],
)
def test_a_rule_that_holds_does_what_it_says(
    then: str, verdict: Verdict, *, is_escalated: bool
) -> None:
    policy = rule("signals.violence > 0.3 && author.age_days < 7.0", then=then, told="review")

    decision = evaluate(policy, surface="text", signals=[words(violence=0.4)], context=NEW)

    (reason,) = decision.reasons
    assert decision.verdict is verdict
    assert (reason.rule, reason.detector, reason.hazard) == ("rule", "one", "spam")
    assert (reason.told, reason.is_escalated) == ("review", is_escalated)
    other = evaluate(policy, surface="text", signals=[words(violence=0.4)], context=AROUND)
    assert other.verdict is Verdict.RELEASE


@pytest.mark.parametrize(
    ("when", "context"),
    [
        ("author.strike_points >= 4", replace(AROUND, author=Author(9.0, strike_points=4))),
        ("author.blocked > author.released", replace(AROUND, author=Author(9.0, 1, 0, 2))),
        ("author.held == 3", replace(AROUND, author=Author(9.0, held=3))),
        ("lineage.blocked_parents > 0", replace(AROUND, lineage=Lineage(1, 1, 0))),
        (
            "lineage.parents == 1 && lineage.held_parents == 1",
            replace(AROUND, lineage=Lineage(1, 0, 1)),
        ),
        ("audience.rating == 'children'", replace(AROUND, audience=Audience(rating="children"))),
        ("audience.region in ['de', 'fr']", replace(AROUND, audience=Audience(region="de"))),
        ("audience.shown_to == 'public'", replace(AROUND, audience=Audience(shown_to="public"))),
        (
            "audience.organisation == 'o' && audience.project == 'p'",
            replace(AROUND, audience=Audience("o", "p")),
        ),
    ],
)
def test_a_rule_may_ask_whom_it_comes_from_and_is_for(when: str, context: Context) -> None:
    policy = rule(when)

    assert (
        evaluate(policy, surface="text", signals=[words()], context=context).verdict is Verdict.HOLD
    )
    assert (
        evaluate(policy, surface="text", signals=[words()], context=AROUND).verdict
        is Verdict.RELEASE
    )


def test_a_rule_may_ask_lists_hashes_and_the_surface() -> None:
    listed, hashed = rule("words.exists(w, w.hazard == 'spam')"), rule("hashes.size() > 0")
    here = rule("surface == 'text'", on="[text, image]")

    word = ListHit("cheap", "spam", "mild", "en")
    found = evaluate(listed, surface="text", signals=[words()], list_hits=[word], context=AROUND)
    assert found.verdict is Verdict.HOLD
    hit = HashHit("sha256", "allow", "aa")
    found = evaluate(hashed, surface="text", signals=[words()], hash_hits=[hit], context=AROUND)
    assert found.verdict is Verdict.HOLD
    eyes = [Signal("eyes", "e@1", {"violence": 0.0}), Signal("reader", "r@1")]
    assert evaluate(here, surface="image", signals=eyes, context=AROUND).verdict is Verdict.RELEASE


@pytest.mark.parametrize(
    ("when", "signals", "context"),
    [
        ("signals.violence > 0.3", [Signal.unavailable("words", "late")], AROUND),
        ("signals.violence > 0.3", [words(violence=None)], AROUND),
        ("signals.violence < 0.3", [], AROUND),
        ("author.age_days < 7.0", [words()], None),
        ("lineage.parents > 0", [words()], Context(Author(1.0), None)),
        ("author.held / author.blocked > 2", [words()], AROUND),
        ("signals['gossip'] > 0.5", [words()], AROUND),
    ],
    ids=[
        "a detector failed",
        "a label is missing",
        "a detector is missing",
        "no context was gathered",
        "no lineage was gathered",
        "division by zero",
        "a hazard that nobody knows",
    ],
)
def test_a_rule_without_an_answer_is_an_outage_and_never_a_release(
    when: str, signals: list[Signal], context: Context | None
) -> None:
    decision = evaluate(rule(when), surface="text", signals=signals, context=context)

    assert decision.verdict is Verdict.UNAVAILABLE
    failed = [reason for reason in decision.reasons if reason.rule == "rule_failed"]
    assert [(reason.detector, reason.hazards) for reason in failed] == [("one", ("spam",))]
    assert failed[0].detail


def test_a_rule_without_an_answer_does_not_hide_a_block() -> None:
    decision = evaluate(
        rule("author.age_days < 7.0"), surface="text", signals=[words(violence=0.95)]
    )

    assert decision.verdict is Verdict.BLOCK


def test_a_hazard_that_nobody_had_to_score_is_nought() -> None:
    """A picture without words: nobody was asked about violence in text."""
    policy = rule("signals.spam > 0.3")
    eyes, blank = Signal("eyes", "e@1", {"violence": 0.0}), Signal("reader", "r@1", text=" ")
    written = replace(blank, text="buy")

    assert (
        evaluate(policy, surface="image", signals=[eyes, blank], context=AROUND).verdict
        is Verdict.RELEASE
    )
    unread = evaluate(policy, surface="image", signals=[eyes, written], context=AROUND)
    assert {reason.rule for reason in unread.reasons} == {"detector_missing", "rule_failed"}


def test_where_there_is_no_author_rules_about_authors_say_nothing() -> None:
    decision = evaluate(
        rule("author.age_days < 7.0"), surface="text", signals=[words()], context=Context()
    )

    assert decision.verdict is Verdict.RELEASE


def test_rules_are_part_of_the_policys_version() -> None:
    versions = {rule(when).version for when in ("true", "false")} | {parse(SMALL).version}

    assert len(versions) == 3


def test_a_policy_without_the_later_parts_is_the_version_that_it_was() -> None:
    assert (
        parse(with_parts("rules: []\naudiences: []\nunavailable: {}")).version
        == parse(SMALL).version
    )


WAITS = """
unavailable:
  otherwise: {then: retry, seconds: 300}
  spam: {then: retry, seconds: 60}
  violence: {then: hold, seconds: 900}
"""


@pytest.mark.parametrize(
    ("surface", "signals", "hazards", "waiting"),
    [
        ("text", [words(spam=None)], ("spam",), Waiting("retry", 60)),
        ("text", [words(violence=None)], ("violence",), Waiting("hold", 900)),
        ("text", [], ("violence", "spam"), Waiting("hold", 900)),
        (
            "image",
            [Signal("eyes", "e@1", {"violence": 0.0}), Signal.unavailable("reader", "late")],
            ("violence", "spam"),
            Waiting("hold", 900),
        ),
    ],
    ids=["a label", "a stricter label", "a detector", "a reader, by what it would have read"],
)
def test_an_outage_names_its_hazards_and_the_strictest_way_of_waiting_applies(
    surface: Surface, signals: list[Signal], hazards: tuple[str, ...], waiting: Waiting
) -> None:
    decision = evaluate(parse(with_parts(WAITS)), surface=surface, signals=signals)

    assert decision.verdict is Verdict.UNAVAILABLE
    assert decision.reasons[0].hazards == hazards
    assert decision.waiting == waiting


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Waiting("escalate", 900), Waiting("hold", 1)),
        (Waiting("hold", 900), Waiting("retry", 1)),
        (Waiting("retry", 5), Waiting("retry", 6)),
    ],
)
def test_escalating_is_stricter_than_holding_and_holding_than_asking_again(
    one: Waiting, other: Waiting
) -> None:
    assert one.strictness > other.strictness


def test_surfaces_together_wait_by_the_strictest() -> None:
    policy = parse(with_parts(WAITS))
    decisions = [
        evaluate(policy, surface="prompt", signals=[words(violence=None)]),
        evaluate(policy, surface="text", signals=[words(spam=None)]),
        evaluate(policy, surface="text", signals=[words()]),
    ]

    assert combine(decisions).waiting == Waiting("hold", 900)
    assert combine(decisions[2:]).waiting is None


def test_a_context_survives_storage() -> None:
    context = Context(
        Author(2.5, 1, 2, 3, 4), Lineage(1, 0, 1), Audience("o", "p", "public"), ("r",)
    )

    assert Context.from_json(context.to_json()) == context
    assert Context.from_json(Context().to_json()) == Context()
