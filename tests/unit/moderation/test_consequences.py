"""The file of consequences: read strictly, and what it leads to."""

from datetime import timedelta

import pytest

from moderation.core.consequences import DEFAULT_CONSEQUENCES, InvalidConsequences, load, parse
from moderation.core.hazards import Hazard

DEFAULT = load()
SOURCE = DEFAULT_CONSEQUENCES.read_text(encoding="utf-8")


def test_every_hazard_has_terms_of_its_own() -> None:
    assert set(DEFAULT.hazards) == {hazard.value for hazard in Hazard}


def test_the_heaviest_hazard_counts_and_an_unknown_one_like_none() -> None:
    assert DEFAULT.strike_for(["spam", "hate", "violence"])[0] == "hate"
    assert DEFAULT.strike_for(["new_kind"]) == ("new_kind", DEFAULT.default)
    assert DEFAULT.strike_for([]) == ("", DEFAULT.default)


@pytest.mark.parametrize(
    ("hazard", "today", "points"),
    [("hate", 0, 3), ("hate", 5, 1), ("hate", 6, 0), ("hate", 40, 0), ("child_safety", 6, 12)],
)
def test_a_day_has_a_limit(hazard: str, today: int, points: int) -> None:
    _, terms = DEFAULT.strike_for([hazard])
    assert DEFAULT.points_to_give(terms, given_today=today) == points


@pytest.mark.parametrize(
    ("points", "in_force", "kind"),
    [
        (3, (), None),
        (4, (), "cooldown"),
        (7, (), "no_public"),
        (100, (), "suspended"),
        (4, ("cooldown",), None),
        (8, ("cooldown",), "hold_all"),
        (8, ("suspended",), None),
    ],
)
def test_the_severest_restriction_reached_is_due_unless_one_as_severe_is_there(
    points: int, in_force: tuple[str, ...], kind: str | None
) -> None:
    due = DEFAULT.restriction_due(points, in_force=in_force)
    assert (due.kind if due else None) == kind


def test_a_restriction_lasts_its_hours_or_until_it_is_lifted() -> None:
    cooldown, suspended = DEFAULT.terms_of("cooldown"), DEFAULT.terms_of("suspended")
    assert cooldown is not None
    assert suspended is not None
    assert (cooldown.lasts, suspended.lasts) == (timedelta(hours=24), None)
    assert DEFAULT.terms_of("banished") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("points: 3", "pionts: 3", id="a key nobody knows"),
        pytest.param("spam: {", "spamm: {", id="a hazard nobody knows"),
        pytest.param("kind: hold_all", "kind: cooldown", id="a kind twice"),
        pytest.param("at: 8", "at: 5", id="not the mildest first"),
        pytest.param("days: 90", "days: 0", id="no time at all"),
        pytest.param("share: 0.5, burst", "share: 1.0, burst", id="no damping"),
        pytest.param("strikes:", "strikes: [", id="no YAML"),
    ],
)
def test_a_file_with_a_mistake_is_refused(old: str, new: str) -> None:
    assert old in SOURCE
    with pytest.raises(InvalidConsequences):
        parse(SOURCE.replace(old, new))
