"""Reads of policies: versions, what shadows would have said, what those on trial do."""

import difflib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from moderation.app.in_force import policy_of
from moderation.app.models import (
    BacktestRun,
    Case,
    Outcome,
    PolicyVersion,
    RetroRun,
    ShadowDecision,
    Verdict,
)
from moderation.app.roles import require_policy_reader
from moderation.core.backtesting import Backtest
from moderation.core.fuses import Rates
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

_STATE = PolicyVersion.State
_HOUR = 3_600.0


class Evidence(NamedTuple):
    """On how many outputs a version was shadowed and could be compared, and its best backtest."""

    shadowed: int
    backtested: int


@dataclass(frozen=True, slots=True)
class ShadowTotals:
    """How a shadow compares: outputs by (verdict that counted, its own), and what it cannot say."""

    pairs: dict[tuple[str, str], int]
    not_comparable: int

    @property
    def compared(self) -> int:
        """How many could be compared."""
        return sum(self.pairs.values())

    @property
    def differing(self) -> int:
        """How many would be another verdict."""
        return sum(count for (live, shadow), count in self.pairs.items() if live != shadow)


def policy_versions(viewer: Viewer, *, state: str = "") -> QuerySet[PolicyVersion]:
    """Return all versions but those that only a stamp names, unordered.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_policy_reader(viewer)
    versions = PolicyVersion.objects.exclude(origin=PolicyVersion.Origin.STAMP)
    versions = versions.select_related("proposed_by", "approved_by", "replaced")
    return versions.filter(state=state) if state else versions


def policy_version_for(viewer: Viewer, version_id: UUID) -> PolicyVersion:
    """Return one version.

    Raises:
        NotAllowed: the viewer is no review staff.
        NotFound: no such version.
    """
    version = policy_versions(viewer).filter(pk=version_id).first()
    if version is None:
        raise NotFound("There is no such policy version.", code="policy_not_found")
    return version


def difference(version: PolicyVersion) -> list[str]:
    """Return the lines in which a version differs from the active one (unified diff)."""
    active = PolicyVersion.objects.filter(state=_STATE.ACTIVE).first()
    if active is None or active.pk == version.pk:
        return []
    return list(
        difflib.unified_diff(
            active.source.splitlines(),
            version.source.splitlines(),
            active.version[:12],
            version.version[:12],
            lineterm="",
        )
    )


def shadow_totals(viewer: Viewer, version_id: UUID) -> ShadowTotals:
    """Return how a version compares over what is kept; errors as `policy_version_for`."""
    policy_version_for(viewer, version_id)
    rows = (
        ShadowDecision.objects.filter(policy_id=version_id)
        .values_list("live", "shadow")
        .annotate(count=Count("id"))
        .order_by("live", "shadow")
    )
    pairs = {(live, shadow): count for live, shadow, count in rows}
    not_comparable = sum(count for (_, shadow), count in pairs.items() if not shadow)
    return ShadowTotals({pair: pairs[pair] for pair in pairs if pair[1]}, not_comparable)


def disagreements(viewer: Viewer, version_id: UUID) -> QuerySet[ShadowDecision]:
    """Return where a shadow differs from what counted, unordered; errors as above.

    A key sees its own organisation's only.
    """
    policy_version_for(viewer, version_id)
    differing = ShadowDecision.objects.filter(policy_id=version_id).exclude(
        Q(shadow="") | Q(shadow=F("live"))
    )
    if viewer.organisation_id is not None:
        differing = differing.filter(asset__organisation_id=viewer.organisation_id)
    return differing


def evidence_for(version_id: UUID) -> Evidence:
    """Return how much a version was tried."""
    shadowed = ShadowDecision.objects.filter(policy_id=version_id).exclude(shadow="").count()
    finished = BacktestRun.objects.filter(
        policy_id=version_id, state=BacktestRun.State.FINISHED
    ).select_related("policy")
    backtested = (repeated(run) for run in finished)
    return Evidence(shadowed, max(backtested, default=0))


def repeated(run: BacktestRun) -> int:
    """Return how many decisions a backtest could repeat so far."""
    moves = sum(int(count) for _, _, count in run.counted.get("moves", []))
    return moves - int(run.counted.get("not_repeatable", 0))


def backtest_runs(viewer: Viewer, *, version_id: UUID | None = None) -> QuerySet[BacktestRun]:
    """Return backtests, unordered; errors as `policy_versions`."""
    require_policy_reader(viewer)
    runs = BacktestRun.objects.select_related("policy", "asked_by")
    return runs if version_id is None else runs.filter(policy_id=version_id)


def backtest_run_for(viewer: Viewer, run_id: UUID) -> BacktestRun:
    """Return one backtest, or raise NotFound; NotAllowed as above."""
    run = backtest_runs(viewer).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such backtest.", code="backtest_not_found")
    return run


def retro_runs(viewer: Viewer, *, version_id: UUID | None = None) -> QuerySet[RetroRun]:
    """Return retro-runs, unordered; errors as `policy_versions`."""
    require_policy_reader(viewer)
    runs = RetroRun.objects.select_related("policy", "asked_by")
    return runs if version_id is None else runs.filter(policy_id=version_id)


def retro_run_for(viewer: Viewer, run_id: UUID) -> RetroRun:
    """Return one retro-run, or raise NotFound; NotAllowed as above."""
    run = retro_runs(viewer).filter(pk=run_id).first()
    if run is None:
        raise NotFound("There is no such retro-run.", code="retro_run_not_found")
    return run


def on_trial() -> QuerySet[PolicyVersion]:
    """Return what a fuse watches: the canary, and an active version in its probation."""
    return PolicyVersion.objects.filter(
        Q(state=_STATE.CANARY) | Q(state=_STATE.ACTIVE, probation_until__gt=now())
    )


def rates_of(version: PolicyVersion, *, seconds: float) -> tuple[Rates, Rates | None]:
    """Return what a version on trial did in the last `seconds`, and what to compare it with.

    Only since it stands where it stands. A canary is compared with the active version over the
    same time, a fresh active one with the one before over as long a time before it came.
    """
    window = timedelta(seconds=seconds)
    until = now()
    since = max(until - window, version.state_since or until)
    if version.state == _STATE.CANARY:
        share = version.canary_share or 1.0
        active = PolicyVersion.objects.filter(state=_STATE.ACTIVE).first()
        baseline = None if active is None else _rates(active, since, until, seconds)
        return _rates(version, since, until, seconds, share=share), baseline
    before = version.replaced
    came = version.state_since or until
    baseline = None if before is None else _rates(before, came - window, came, seconds)
    return _rates(version, since, until, seconds), baseline


def _rates(
    version: PolicyVersion,
    since: datetime,
    until: datetime,
    seconds: float,
    *,
    share: float = 1.0,
) -> Rates:
    first = Verdict.objects.filter(
        policy=version, event_id__isnull=False, created_at__gte=since, created_at__lt=until
    )
    counts = dict(first.values_list("verdict").annotate(count=Count("id")))
    ruled = Case.objects.filter(
        state=Case.State.DECIDED,
        decided_by_system=False,
        decided_at__gte=since,
        decided_at__lt=until,
        asset__in=Verdict.objects.filter(policy=version, event_id__isnull=False).values("asset"),
    )
    against = Q(outcome=Case.Ruling.RELEASE) & ~Q(because=Case.Because.REPORT)
    against |= Q(outcome=Case.Ruling.BLOCK, because=Case.Because.REPORT)
    rulings = ruled.aggregate(all=Count("id"), against=Count("id", filter=against))
    waiting = counts.get(Outcome.HOLD, 0) + counts.get(Outcome.UNAVAILABLE, 0)
    return Rates(
        verdicts=sum(counts.values()),
        held=counts.get(Outcome.HOLD, 0),
        blocked=counts.get(Outcome.BLOCK, 0),
        unavailable=counts.get(Outcome.UNAVAILABLE, 0),
        rulings=rulings["all"],
        overturned=rulings["against"],
        cases_an_hour=waiting / share * _HOUR / seconds,
    )


def figures_of(run: BacktestRun) -> dict[str, Any]:
    """Return a backtest's figures so far, JSON values; its period counts as a whole."""
    backtest = Backtest.from_json(policy_of(run.policy.source), run.counted)
    return backtest.figures(days=(run.until - run.since) / timedelta(days=1))
