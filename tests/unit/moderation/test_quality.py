"""Agreement beyond chance, what is drawn for a second look, and where a threshold should be."""

import random

import pytest

from moderation.core.agreement import cohen, fleiss
from moderation.core.calibration import Label, Suggestion, TooFew, call_of, suggest
from moderation.core.intervals import effective
from moderation.core.quality_rules import (
    Calibration,
    InvalidQualityRules,
    Record,
    SecondReview,
    load,
    parse,
)
from moderation.core.sampling import chance_of, doubt, uncertainty

# Fourteen psychologists about ten people, in five categories: kappa .210, as it is published.
FLEISS = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]
RULES = SecondReview(base=0.03, uncertainty=0.12, record=0.1, most=0.2, record_days=90)
CALIBRATION = Calibration(precision=0.5, least_labels=20, least_of_each=5, days=30)


def test_cohens_kappa_of_a_published_table() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15

    found = cohen(pairs)

    assert found is not None
    assert found.kappa == pytest.approx(0.4)
    assert found.observed == pytest.approx(0.7)
    assert found.low is not None
    assert found.high is not None
    # The large-sample error of this table is 0.127.
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(0.127, abs=0.002)


def test_fleiss_kappa_of_a_published_table() -> None:
    items = [
        [str(place) for place, count in enumerate(row) for _ in range(count)] for row in FLEISS
    ]

    found = fleiss(items)

    assert found is not None
    assert found.kappa == pytest.approx(0.210, abs=0.0005)


def _said(truth: str, draw: random.Random) -> str:
    return truth if draw.random() < 0.75 else {"yes": "no", "no": "yes"}[truth]


def test_the_intervals_hold_the_truth_nineteen_times_of_twenty() -> None:
    draw = random.Random(1)
    held = {"cohen": 0, "fleiss": 0}
    for _ in range(400):
        # Two who give the truth (half yes) three times of four: kappa is .75² + .25² → .25.
        truths = [draw.choice(("yes", "no")) for _ in range(150)]
        pairs = [(_said(truth, draw), _said(truth, draw)) for truth in truths]
        for name, found in (("cohen", cohen(pairs)), ("fleiss", fleiss(pairs))):
            assert found is not None
            assert found.low is not None
            assert found.high is not None
            held[name] += found.low <= 0.25 <= found.high

    assert all(0.91 <= count / 400 <= 0.99 for count in held.values()), held


def test_full_agreement_is_one_and_one_answer_alone_is_no_agreement() -> None:
    both = cohen([("a", "a"), ("b", "b")])
    one = cohen([("a", "a")] * 9)
    several = fleiss([("a", "a")] * 9)

    assert both is not None
    assert both.kappa == 1.0
    assert one is not None
    assert (one.kappa, one.observed) == (None, 1.0)
    assert several is not None
    assert several.kappa is None


def test_nothing_rated_has_no_agreement() -> None:
    assert cohen([]) is None
    assert fleiss([("a",)]) is None


def test_an_unsure_check_and_an_unknown_reviewer_raise_the_chance() -> None:
    known = Record(looked_at=200, agreed=198)
    calm = chance_of(RULES, margins=[(0.02, 0.8)], record=known)
    unsure = chance_of(RULES, margins=[(0.79, 0.8)], record=known)
    unknown = chance_of(RULES, margins=[(0.02, 0.8)], record=Record(0, 0))

    assert calm.value < unsure.value
    assert calm.value < unknown.value
    assert chance_of(RULES, margins=[(0.8, 0.8)], record=Record(0, 0)).value == RULES.most
    assert chance_of(RULES, margins=[], record=known).uncertainty == 0.0


def test_uncertainty_and_doubt_stay_between_nothing_and_all() -> None:
    assert (uncertainty(0.8, 0.8), uncertainty(0.0, 0.8), uncertainty(1.0, 0.0)) == (1.0, 0.0, 0.0)
    assert doubt(Record(0, 0)) == 1.0
    assert doubt(Record(3, 3)) > doubt(Record(300, 300)) > 0.0


@pytest.mark.parametrize(
    ("is_called", "truth", "call"),
    [
        (True, True, "tp"),
        (True, False, "fp"),
        (False, True, "fn"),
        (False, False, "tn"),
        (True, None, "unsure"),
    ],
)
def test_a_call_is_what_a_person_found_of_it(
    *, is_called: bool, truth: bool | None, call: str
) -> None:
    assert call_of(is_called=is_called, truth=truth) == call


def test_the_lowest_threshold_that_is_precise_enough_is_proposed() -> None:
    labels = [Label(0.9, True)] * 20 + [Label(0.6, False)] * 10 + [Label(0.3, False)] * 30
    scores = [0.95] * 40 + [0.6] * 30 + [0.1] * 500

    found = suggest(labels, scores=scores, days=10, current=0.2, rules=CALIBRATION)

    assert isinstance(found, Suggestion)
    assert found.hold_at == 0.6
    assert found.precision.value == pytest.approx(20 / 30)
    assert found.recall is not None
    assert found.recall.value == 1.0
    assert (found.per_day, found.now_per_day) == (7.0, 7.0)


def test_a_sample_stands_for_all_it_was_drawn_from() -> None:
    held = [Label(0.9, True)] * 15 + [Label(0.9, False)] * 5
    # One harmful output in twenty that were let through, and one in two hundred looked at.
    samples = [Label(0.4, True, 200.0)] * 1 + [Label(0.4, False, 200.0)] * 19

    found = suggest(held + samples, scores=[], days=1, current=0.9, rules=CALIBRATION)

    assert isinstance(found, Suggestion)
    assert found.hold_at == 0.9
    assert found.recall is not None
    assert found.recall.value == pytest.approx(15 / 215)


def test_too_few_labels_propose_nothing_and_say_how_many_are_missing() -> None:
    labels = [Label(0.9, True)] * 8

    assert suggest(labels, scores=[], days=1, current=0.5, rules=CALIBRATION) == TooFew(12, 0, 5)


def test_where_no_threshold_is_precise_none_is_proposed() -> None:
    labels = [Label(0.5, True)] * 6 + [Label(0.9, False)] * 30

    assert suggest(labels, scores=[], days=1, current=0.5, rules=CALIBRATION) is None


def test_unequal_weights_are_worth_fewer() -> None:
    assert effective([1.0] * 10) == 10.0
    assert effective([200.0, *([1.0] * 10)]) < 2.0


def test_the_shipped_rules_are_read_and_others_say_what_is_wrong() -> None:
    assert load().given.golden > 0
    with pytest.raises(InvalidQualityRules, match="second_review"):
        parse("automation: {releases: 2}")
