"""What the ranking model sees, says, and learns."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest

from recommendations.core.candidates import Candidate, Source
from recommendations.core.exploring import shares
from recommendations.core.learning import Examples, learn, quality
from recommendations.core.ranking import (
    ACTION_WEIGHTS,
    ACTIONS,
    FEATURES,
    PRIOR,
    Model,
    Perspective,
    at_position,
    describe,
    worth,
)
from recommendations.core.slates import EXPLORE_EVERY, compose
from recommendations.core.taste import Affinity
from recommendations.core.vectors import DIMENSIONS, Vector, apart, common_direction, unit

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ROOT = UUID(int=11)


def axis(number: int) -> Vector:
    made = np.zeros(DIMENSIONS, dtype=np.float32)
    made[number] = 1.0
    return made


def item(number: int, **more: object) -> Candidate:
    base = Candidate(
        asset_id=uuid5(ROOT, f"asset {number}"),
        owner_id=uuid5(ROOT, f"owner {number}"),
        family=f"family {number}",
        released_at=NOW - timedelta(hours=1),
        heat=None,
        vector=axis(number),
    )
    return replace(base, **more)  # type: ignore[arg-type]  # fields of a candidate


def value(candidate: Candidate, viewer: Perspective | None = None) -> float:
    features = describe([candidate], viewer or Perspective(), NOW)
    return float(worth(PRIOR.probabilities(features), ACTION_WEIGHTS)[0])


def test_a_score_depends_on_the_viewer_and_the_item_alone() -> None:
    viewer = Perspective(direction=axis(1))
    alone = describe([item(1)], viewer, NOW)[0]
    among = describe([item(n) for n in (5, 1, 9)], viewer, NOW)[1]
    assert alone.tolist() == among.tolist()


@pytest.mark.parametrize(
    "better",
    [
        item(1, is_followed=True),
        item(1, together=2.0),
        item(1, heat=0.0),
        item(1, released_at=NOW),
        item(1, shown=100, wins=40),
    ],
)
def test_what_speaks_for_an_item_raises_its_value(better: Candidate) -> None:
    plain = item(1, released_at=NOW - timedelta(days=3))
    assert value(better) > value(plain)


def test_what_was_seen_or_is_near_what_was_hidden_falls() -> None:
    viewer = Perspective(direction=axis(1), aversion=axis(2))
    assert value(item(1, is_seen=True), viewer) < value(item(1), viewer)
    assert value(item(2), viewer) < value(item(3), viewer)


def test_affinities_count_for_and_against() -> None:
    drawn = {"tag:robots": Affinity(2.0, NOW), "tag:clowns": Affinity(-2.0, NOW)}
    viewer = Perspective(affinities=drawn)
    plain = value(item(1), viewer)
    assert value(item(1, tags=("robots", "sea")), viewer) > plain
    assert value(item(1, tags=("clowns",)), viewer) < plain


def test_position_is_learnt_from_and_held_at_the_first_place_when_serving() -> None:
    features = describe([item(1), item(2)], Perspective(), NOW)
    column = FEATURES.index("position")
    assert features[:, column].tolist() == [0.0, 0.0]
    placed = at_position(features, [1, 100])
    assert placed[:, column].tolist() == pytest.approx([0.0, 1.0])
    assert features[1, column] == 0.0


def test_a_model_is_written_and_read_by_names() -> None:
    again = Model.load(PRIOR.document())
    assert again.weights.tolist() == PRIOR.weights.tolist()
    assert again.version == "prior"
    document = PRIOR.document()
    del document["actions"]["open"]["taste"]
    assert Model.load(document).weights[0, 0] == 0.0
    for broken in ({}, {"version": "x", "actions": {}}, {"actions": 3}):
        with pytest.raises(ValueError, match="no ranking model"):
            Model.load(broken)


def test_the_model_learns_what_people_do_and_stays_calibrated() -> None:
    random = np.random.default_rng(3)
    features = random.uniform(0, 1, (6_000, len(FEATURES)))
    truth = Model("truth", np.zeros_like(PRIOR.weights), np.full(len(ACTIONS), -2.0))
    truth.weights[:, FEATURES.index("fresh")] = 3.0
    truth.weights[:, FEATURES.index("taste")] = -1.0
    outcomes = (random.uniform(size=(6_000, len(ACTIONS))) < truth.probabilities(features)).astype(
        np.float64
    )
    examples = Examples(features, outcomes)
    made = learn(PRIOR, examples.part(range(5_000)), version="next", seed=1)
    held = examples.part(range(5_000, 6_000))
    before, after, best = (quality(model, held) for model in (PRIOR, made, truth))
    assert after.log_loss < before.log_loss
    assert after.log_loss < best.log_loss * 1.05
    assert after.calibration_error < 0.06 < before.calibration_error
    assert PRIOR.version == "prior"


def test_exploration_gives_chances_that_sum_to_one_and_none_of_zero() -> None:
    items = [item(n, shown=50, wins=25 if n == 0 else 0) for n in range(10)]
    found = shares(items, np.random.default_rng(1))
    assert found.sum() == pytest.approx(1.0)
    assert found.min() > 0
    assert found.argmax() == 0


def test_the_chance_that_is_logged_is_the_chance_that_it_had() -> None:
    candidates = [item(n, budget=100, shown=n * 20, wins=n) for n in range(4)]
    candidates += [item(100 + n) for n in range(20)]
    told: dict[UUID, list[float]] = {}
    rounds = 600
    for seed in range(rounds):
        made = compose(candidates, Perspective(), now=NOW, seed=seed, length=EXPLORE_EVERY).places
        drawn = made[EXPLORE_EVERY - 1]
        if drawn.source == Source.EXPLORE:
            told.setdefault(drawn.asset_id, []).append(1 / drawn.propensity)
    # By inverse propensity each item gets the same total, as far as chance goes (Horvitz-Thompson).
    assert sum(sum(weights) for weights in told.values()) / rounds == pytest.approx(
        len(told), rel=0.25
    )


def test_only_what_has_budget_left_is_explored_first() -> None:
    candidates = [item(n, budget=100, shown=100) for n in range(8)] + [item(50, budget=100)]
    places = compose(candidates, Perspective(), now=NOW, seed=1, length=9).places
    explored = [place.asset_id for place in places if place.source == Source.EXPLORE]
    ranked = [place.asset_id for place in places[: EXPLORE_EVERY - 1]]
    assert explored == [item(50).asset_id] or item(50).asset_id in ranked


def test_what_all_items_have_in_common_tells_nothing_about_nearness() -> None:
    chance = np.random.default_rng(5)
    common = unit(chance.normal(size=DIMENSIONS).astype(np.float32))
    assert common is not None
    own = np.stack([unit(row) for row in chance.normal(size=(600, DIMENSIONS))])  # type: ignore[misc]  # none is zero
    crowded = np.stack([unit(row) for row in 3 * common + own])  # type: ignore[misc]  # as above
    crowded = crowded.astype(np.float32)
    assert float((crowded[0] @ crowded[1:].T).min()) > 0.8  # a narrow cone, as the encoder's
    measured = common_direction(crowded)
    assert measured is not None
    assert float(measured @ common) > 0.999
    left = apart(crowded, measured)
    assert np.allclose(np.linalg.norm(left, axis=1), 1, atol=1e-5)
    assert float(np.abs(left[0] @ left[1:].T).max()) < 0.3
    assert not apart(np.zeros((1, DIMENSIONS), dtype=np.float32), measured).any()

    items = [item(number, vector=row) for number, row in enumerate(crowded[:3])]
    taste = FEATURES.index("taste")
    blind = describe(items, Perspective(direction=crowded[0]), NOW)[:, taste]
    seeing = describe(items, Perspective(direction=crowded[0], common=measured), NOW)[:, taste]
    assert seeing[0] == pytest.approx(1.0, abs=1e-4)
    assert seeing[1:].max() < 0.3 < blind[1:].min()


def test_too_few_items_have_nothing_in_common_yet() -> None:
    assert common_direction(np.ones((499, DIMENSIONS), dtype=np.float32)) is None
