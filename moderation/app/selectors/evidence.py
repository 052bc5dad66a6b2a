"""One case with everything a reviewer needs to rule on it."""

from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime
from functools import lru_cache
from typing import Any, get_args
from uuid import UUID

from django.db.models import F, Q

from moderation.app.masking import masked_evidence
from moderation.app.models import Appeal, Case, Report, Verdict
from moderation.app.roles import may_decide, require_reader
from moderation.app.selectors.care import care_for, is_theirs
from moderation.app.selectors.clauses import clauses_of, spans_in
from moderation.app.selectors.exposure import care_refusal
from moderation.app.selectors.parties import part_in
from moderation.app.selectors.queue import decider, summary
from moderation.app.selectors.queues import works_in
from moderation.app.selectors.similarity import Traits, likeness, traits
from moderation.app.selectors.views import (
    AppealSummary,
    CaseEvidence,
    RelatedAsset,
    ReportSummary,
    Score,
    SimilarCase,
    SurfaceEvidence,
    VerdictSummary,
)
from moderation.core.marking import segments
from moderation.core.policy import Policy, Surface, SurfaceRules, Threshold, parse
from moderation.core.policy_file import InvalidPolicy
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Move, Visibility
from tidegate.assets.selectors import asset_for, visible_to
from tidegate.contracts.ports import meanings
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotFound

_COMPARED = 300
_NEAREST = 40
_MOST_RELATED = 12
_LEAST_LIKENESS = 0.15
# Surfaces whose words were read or heard by a detector.
_FOUND = frozenset({"image", "speech", "video"})
_SURFACES = frozenset(get_args(Surface))


def case_for(viewer: Viewer, case_id: UUID, *, similar: int = 5) -> CaseEvidence:
    """Return a case and its evidence, with up to `similar` decided cases like it.

    Personal data in it is masked; `services.reveal_case` gives it unmasked.

    Raises:
        NotAllowed: the viewer is no review staff.
        NotFound: no such case, or (for a key) not of its organisation.
    """
    return masked_evidence(unmasked_case(viewer, case_id, similar=similar))


def unmasked_case(viewer: Viewer, case_id: UUID, *, similar: int = 5) -> CaseEvidence:
    """As `case_for`, with personal data: for the service alone that writes down who saw it."""
    require_reader(viewer)
    case = (
        Case.objects.select_related("asset", "claimed_by", "decided_by").filter(pk=case_id).first()
    )
    if case is None or viewer.organisation_id not in {None, case.organisation_id}:
        raise NotFound("There is no such case.", code="case_not_found")
    return _evidence(viewer, case, similar=similar)


def evidence_before(viewer: Viewer, case: Case, *, similar: int = 5) -> CaseEvidence:
    """Return a decided case as it stood before it was, unmasked, for who is not to learn how.

    What came later is left out: verdicts, moves, reports, appeals, and later cases of the same
    output.
    """
    return _evidence(viewer, case, similar=similar, before=case.decided_at)


def _evidence(
    viewer: Viewer, case: Case, *, similar: int, before: datetime | None = None
) -> CaseEvidence:
    asset = asset_for(viewer, case.asset_id)
    then = Q() if before is None else Q(created_at__lt=before)
    verdicts = list(
        Verdict.objects.filter(then, asset_id=case.asset_id)
        .select_related("policy")
        .order_by("-created_at", "-id")
    )
    latest = verdicts[0] if verdicts else None
    surfaces = tuple(surfaces_of(latest)) if latest else ()
    others = (
        Case.objects.filter(then, asset_id=case.asset_id)
        .exclude(pk=case.pk)
        .select_related("asset", "claimed_by", "decided_by")
        .order_by("-created_at")
    )
    moves = Move.objects.filter(asset_id=case.asset_id).order_by("version")
    history = tuple(moves if before is None else moves.filter(at__lt=before))
    if before is not None:
        asset = copy(asset)
        asset.visibility = history[-1].after if history else Visibility.PENDING
    return CaseEvidence(
        case=summary(case, viewer),
        asset=asset,
        author=asset.owner.display_name,
        prompt=asset.prompt,
        found_text="\n".join(
            one.text for one in surfaces if one.surface in _FOUND and one.text.strip()
        ),
        reasons=tuple(latest.reasons) if latest else (),
        surfaces=surfaces,
        hash_hits=tuple(latest.hash_hits) if latest else (),
        verdicts=tuple(_verdict(verdict) for verdict in verdicts),
        history=history,
        reports=tuple(
            ReportSummary(report.reason, report.note, report.created_at)
            for report in Report.objects.filter(then, asset_id=case.asset_id).order_by(
                "-created_at"
            )
        ),
        appeals=tuple(
            AppealSummary(appeal.party, appeal.words, appeal.state, appeal.created_at)
            for appeal in Appeal.objects.filter(then, asset_id=case.asset_id).order_by(
                "-created_at"
            )
        ),
        previous=tuple(summary(other, viewer) for other in others),
        similar=tuple(_similar(case, latest, viewer, similar)),
        refusal=_refusal(case, viewer),
        manner=care_for(viewer).manner_for(_about(case)),
        clauses=clauses_of(latest) if latest else (),
        related=tuple(_related(asset, viewer)),
    )


def cases_without_detectors(limit: int) -> list[tuple[UUID, UUID]]:
    """Return (case, asset) of what was never judged and may be tried, the longest untried first."""
    return list(
        Case.objects.filter(
            Q(retry_at=None) | Q(retry_at__lte=now()),
            state=Case.State.OPEN,
            because__in=Case.WAITING,
            is_given_up=False,
        )
        .order_by(F("rechecked_at").asc(nulls_first=True), "created_at", "id")
        .values_list("pk", "asset_id")[:limit]
    )


def surfaces_of(verdict: Verdict) -> Iterable[SurfaceEvidence]:
    """Give what was seen on each surface, with the thresholds of the policy that judged it."""
    policy = _policy(verdict.policy.source)
    for finding in verdict.signals:
        name = finding["surface"]
        rules = policy.surfaces[name] if policy and name in _SURFACES else None
        signals = finding["signals"]
        yield SurfaceEvidence(
            surface=name,
            verdict=finding["verdict"],
            text=finding["text"],
            read_as=next(filter(None, (one["detail"].get("read_as") for one in signals)), ""),
            scores=_highest(score for signal in signals for score in _scores(signal, rules)),
            words=tuple(finding["words"]),
            outages={
                signal["detector"]: signal["error"]
                for signal in signals
                if signal["error"] is not None
            },
            segments=segments(
                finding["text"], spans_in(verdict.reasons, name, finding["text"]), names=None
            ),
        )


def _scores(signal: Mapping[str, Any], rules: SurfaceRules | None) -> Iterable[Score]:
    at_ms = signal["detail"].get("at_ms")
    moment = at_ms / 1000 if isinstance(at_ms, int) else None
    for hazard, value in signal["scores"].items():
        if value is None:
            continue
        threshold = rules.threshold(signal["detector"], hazard) if rules else None
        yield Score(
            detector=signal["detector"],
            version=signal["version"],
            hazard=hazard,
            score=value,
            hold_at=threshold.hold_at if threshold else None,
            block_at=threshold.block_at if threshold else None,
            level=_level(value, threshold),
            seconds=moment,
        )


def _related(asset: Asset, viewer: Viewer) -> Iterable[RelatedAsset]:
    """Give what an output was made from or of, then what was made from it or of it."""
    near = Q(pk=asset.parent_id) | Q(whole_id=asset.pk) | Q(parent_id=asset.pk)
    near |= Q(pk=asset.whole_id)
    for other in visible_to(viewer).filter(near).order_by("pk")[:_MOST_RELATED]:
        is_parent = other.pk == asset.parent_id or other.whole_id == asset.pk
        yield RelatedAsset(other.pk, other.title, other.modality, other.visibility, is_parent)


def _highest(scores: Iterable[Score]) -> tuple[Score, ...]:
    """Return the scores, highest first, one of each detector, hazard and moment."""
    kept: dict[tuple[str, str, float | None], Score] = {}
    for score in sorted(scores, key=lambda score: -score.score):
        kept.setdefault((score.detector, score.hazard, score.seconds), score)
    return tuple(kept.values())


def _level(score: float, threshold: Threshold | None) -> str:
    if threshold is None:
        return "hold"
    if threshold.block_at is not None and score >= threshold.block_at:
        return "block"
    return "hold" if score >= threshold.hold_at else "release"


def _verdict(verdict: Verdict) -> VerdictSummary:
    return VerdictSummary(
        id=verdict.pk,
        verdict=verdict.verdict,
        hazards=tuple(verdict.hazards),
        policy_version=verdict.policy_version,
        policy=verdict.policy.version,
        judged_in_ms=verdict.judged_in_ms,
        at=verdict.created_at,
        policy_id=verdict.policy_id,
    )


def _about(case: Case) -> set[str]:
    """Return the hazards that were found in a case or reported, as far as anybody named one."""
    reported = case.reports.values_list("reason", flat=True)
    return {*case.hazards, *reported} - {"", "other"}


def _refusal(case: Case, viewer: Viewer) -> str:
    """Return the code of what keeps this viewer from deciding, the same that a try would earn."""
    if not may_decide(viewer):
        return "review_staff_only"
    if part := part_in(case, viewer.user_id):
        return part
    if case.state == Case.State.DECIDED:
        return "case_decided"
    if case.is_held_by_another(viewer.user_id, now()):
        return "case_held"
    if not is_theirs(case, viewer.user_id) and not works_in(viewer, case.queue_id):
        return "other_queue"
    return care_refusal(case, viewer.user_id)


def _similar(
    case: Case, latest: Verdict | None, viewer: Viewer, limit: int
) -> Iterable[SimilarCase]:
    """Compare with decided cases of the same modality: the newest, and those that mean the same."""
    mine = _traits(case, latest)
    decided = Case.objects.filter(
        state=Case.State.DECIDED, asset__modality=case.asset.modality
    ).exclude(asset_id=case.asset_id)
    if viewer.organisation_id is not None:
        decided = decided.filter(organisation_id=viewer.organisation_id)
    candidates = decided.select_related("asset", "verdict", "decided_by").order_by("-decided_at")
    near = meanings().nearest(case.asset_id, limit=_NEAREST)
    found = {other.pk: other for other in candidates[:_COMPARED]}
    found |= {other.pk: other for other in candidates.filter(asset_id__in=near)}
    compared = [
        (
            likeness(mine, _traits(other, other.verdict), meaning=near.get(other.asset_id, 0.0)),
            other,
        )
        for other in found.values()
    ]
    compared.sort(key=lambda pair: -pair[0].value)
    for measure, other in compared[:limit]:
        if measure.value < _LEAST_LIKENESS or other.decided_at is None:
            return
        yield SimilarCase(
            id=other.pk,
            asset_id=other.asset_id,
            title=other.asset.title,
            outcome=other.outcome,
            reason=other.reason,
            decided_by=decider(other),
            decided_at=other.decided_at,
            likeness=measure.value,
            why=measure.why,
        )


def _traits(case: Case, verdict: Verdict | None) -> Traits:
    return traits(
        hazards=case.hazards,
        text=f"{case.asset.prompt} {case.asset.text}",
        pdq=verdict.pdq if verdict else "",
    )


@lru_cache(maxsize=32)
def _policy(source: str) -> Policy | None:
    """Read the policy that a stored verdict was reached under.

    None for one in a form that this release no longer reads: the scores are then shown without
    thresholds, while the stored reasons keep theirs.
    """
    try:
        return parse(source)
    except InvalidPolicy:
        return None
