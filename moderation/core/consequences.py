"""What follows from rulings: points, their decay, and the restriction that is due. No Django."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

import yaml
from pydantic import ValidationError

from moderation.core.consequences_file import (
    ConsequencesFile,
    NoticeBasis,
    RestrictionKind,
    StrikeTermsFile,
)
from moderation.core.reporting import Weighing

DEFAULT_CONSEQUENCES = Path(__file__).parent / "policies" / "consequences.yaml"


class InvalidConsequences(ValueError):
    """A file of consequences that cannot be obeyed; the message names the place."""


@dataclass(frozen=True, slots=True)
class StrikeTerms:
    """What a strike weighs, how long it lasts, and whether the daily limit is none for it."""

    points: int
    lasts: timedelta
    is_beyond_daily_limit: bool


@dataclass(frozen=True, slots=True)
class RestrictionTerms:
    """From how many points a restriction is due, and for how long; None until it is lifted."""

    kind: RestrictionKind
    at: int
    lasts: timedelta | None


@dataclass(frozen=True, slots=True)
class Consequences:
    """The file, ready to be asked. `restrictions` stand mildest first.

    `automatic_from` is the urgency (0-100) from which a block of the gate gives a strike; or None.
    """

    most_points_a_day: int
    automatic_from: int | None
    default: StrikeTerms
    hazards: Mapping[str, StrikeTerms]
    restrictions: tuple[RestrictionTerms, ...]
    recent: timedelta
    lineage_at_once: int
    reports: Weighing
    hold_at_once: frozenset[str]
    hold_at_once_weight: float
    notices_hold_at_once: frozenset[NoticeBasis]

    def strike_for(self, hazards: Sequence[str]) -> tuple[str, StrikeTerms]:
        """Return the hazard that weighs most, and its terms; the first of equals.

        Without any the hazard is empty and the terms are the default.
        """
        named = [(hazard, self.hazards.get(hazard, self.default)) for hazard in hazards]
        return max(named, key=lambda one: one[1].points, default=("", self.default))

    def points_to_give(self, terms: StrikeTerms, *, given_today: int) -> int:
        """Return how many points a strike still gives after those of the last 24 hours."""
        if terms.is_beyond_daily_limit:
            return terms.points
        return max(0, min(terms.points, self.most_points_a_day - given_today))

    def restriction_due(self, points: int, *, in_force: Collection[str]) -> RestrictionTerms | None:
        """Return the severest restriction that the points reach, unless one as severe is there."""
        rank = {terms.kind: number for number, terms in enumerate(self.restrictions)}
        reached = [terms for terms in self.restrictions if points >= terms.at]
        severest = max((rank[kind] for kind in in_force if kind in rank), default=-1)
        if not reached or rank[reached[-1].kind] <= severest:
            return None
        return reached[-1]

    def terms_of(self, kind: str) -> RestrictionTerms | None:
        """Return the terms of a kind of restriction, if the file has any."""
        return next((terms for terms in self.restrictions if terms.kind == kind), None)


def load(path: Path = DEFAULT_CONSEQUENCES) -> Consequences:
    """Read a file of consequences.

    Raises:
        InvalidConsequences: it is no YAML, or breaks a rule of the format.
        OSError: it cannot be read.
    """
    return parse(path.read_text(encoding="utf-8"))


def parse(source: str) -> Consequences:
    """As `load`, from the text itself."""
    try:
        document = ConsequencesFile.model_validate(yaml.safe_load(source))
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidConsequences(f"the consequences cannot be read: {error}") from error
    reports = document.reports
    return Consequences(
        most_points_a_day=document.strikes.most_points_a_day,
        automatic_from=document.strikes.automatic_from,
        default=_strike(document.strikes.default),
        hazards=MappingProxyType(
            {str(hazard): _strike(terms) for hazard, terms in document.strikes.hazards.items()}
        ),
        restrictions=tuple(
            RestrictionTerms(
                one.kind, one.at, None if one.hours is None else timedelta(hours=one.hours)
            )
            for one in document.restrictions
        ),
        recent=timedelta(hours=document.recent_hours),
        lineage_at_once=document.lineage_at_once,
        reports=Weighing(
            upheld=reports.prior.upheld,
            rejected=reports.prior.rejected,
            is_new_for=timedelta(days=reports.new_account.days),
            new_share=reports.new_account.share,
            share=reports.together.share,
            burst=timedelta(minutes=reports.together.burst_minutes),
            alike_characters=reports.together.alike_characters,
        ),
        hold_at_once=frozenset(map(str, reports.hold_at_once)),
        hold_at_once_weight=reports.hold_at_once_weight,
        notices_hold_at_once=frozenset(document.notices_hold_at_once),
    )


def _strike(given: StrikeTermsFile) -> StrikeTerms:
    return StrikeTerms(given.points, timedelta(days=given.days), given.beyond_daily_limit)
