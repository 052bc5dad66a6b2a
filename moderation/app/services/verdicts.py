"""Writes of verdicts: the ruling, the asset's move and the case, together or not at all."""

from uuid import UUID

from django.db import transaction

from moderation.app.judgement import Judgement
from moderation.app.models import VERDICT_NAMES, Case, Outcome, PolicyVersion, Verdict
from moderation.app.services import matches
from moderation.app.services.case_effects import close_case, open_case
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import move_asset
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import VerdictReached
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import NotFound

GATE = Actor.system("moderation")
_TARGETS = {
    Outcome.RELEASE: Visibility.RELEASED,
    Outcome.HOLD: Visibility.HELD,
    Outcome.UNAVAILABLE: Visibility.HELD,
    Outcome.BLOCK: Visibility.BLOCKED,
}
_IN_WORDS = {
    Outcome.RELEASE: "the checks found nothing",
    Outcome.HOLD: "a person has to look",
    Outcome.UNAVAILABLE: "classifiers unavailable",
    Outcome.BLOCK: "the checks found what the policy does not allow",
}


@transaction.atomic
def record_verdict(
    *, asset_id: UUID, event_id: UUID, judgement: Judgement, correlation_id: UUID
) -> Verdict:
    """Write the first verdict of an asset with its effects; a second call changes nothing.

    Raises:
        NotFound: there is no such asset (a forged event).
    """
    asset = _lock(asset_id)
    existing = Verdict.objects.filter(asset=asset).order_by("created_at", "id").first()
    if existing is not None:
        return existing
    judgement = matches.count(judgement, asset=asset, correlation_id=correlation_id)
    verdict = _insert(asset, judgement, event_id=event_id, supersedes=None)
    if asset.visibility == Visibility.PENDING:
        _move(asset, judgement)
        if judgement.verdict in (Outcome.HOLD, Outcome.UNAVAILABLE):
            open_case(
                asset=asset,
                because=judgement.because,
                severity=judgement.severity,
                hazards=judgement.hazards,
                verdict=verdict,
                actor=GATE,
                correlation_id=correlation_id,
            )
    _announce(asset, verdict, correlation_id)
    return verdict


@transaction.atomic
def supersede_unavailable(*, case_id: UUID, judgement: Judgement) -> Verdict | None:
    """Judge again what was held for an outage only; None when there is nothing left to judge.

    A release or a block closes the case in the platform's name, as the first verdict would
    have done without a case. A hold leaves it to people, with the hazards now known.
    """
    asset_id = Case.objects.filter(pk=case_id).values_list("asset_id", flat=True).first()
    if asset_id is None:
        return None
    asset = _lock(asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    latest = Verdict.objects.filter(asset=asset, superseded_by=None).first()
    if (
        case.state != Case.State.OPEN
        or case.because != Case.Because.UNAVAILABLE
        or judgement.verdict == Outcome.UNAVAILABLE
        or asset.visibility != Visibility.HELD
        or latest is None
    ):
        return None
    judgement = matches.count(judgement, asset=asset, correlation_id=asset.correlation_id)
    verdict = _insert(asset, judgement, event_id=None, supersedes=latest)
    case.verdict = verdict
    case.hazards = list(judgement.hazards)
    case.severity = max(case.severity, judgement.severity)
    if judgement.verdict == Outcome.HOLD:
        case.because = Case.Because.HOLD
    case.save(update_fields=["verdict", "hazards", "severity", "because"])
    if judgement.verdict != Outcome.HOLD:
        is_release = judgement.verdict == Outcome.RELEASE
        close_case(
            asset=asset,
            case=case,
            ruling=Case.Ruling.RELEASE if is_release else Case.Ruling.BLOCK,
            reason=f"Checked again by the platform: {_IN_WORDS[judgement.verdict]}.",
            decided_by=None,
            actor=GATE,
        )
    _announce(asset, verdict, asset.correlation_id)
    return verdict


def _lock(asset_id: UUID) -> Asset:
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.", code="asset_not_found")
    return asset


def _insert(
    asset: Asset, judgement: Judgement, *, event_id: UUID | None, supersedes: Verdict | None
) -> Verdict:
    policy, _ = PolicyVersion.objects.get_or_create(
        version=judgement.policy.version, defaults={"source": judgement.policy.source}
    )
    verdict = Verdict(
        asset=asset,
        event_id=event_id,
        supersedes=supersedes,
        verdict=judgement.verdict,
        reasons=list(judgement.reasons),
        hazards=list(judgement.hazards),
        signals=list(judgement.signals),
        hash_hits=list(judgement.hash_hits),
        pdq=judgement.pdq,
        simhash=judgement.simhash,
        policy_version=judgement.policy_version,
        policy=policy,
        judged_in_ms=judgement.judged_in_ms,
    )
    verdict.save(force_insert=True)
    return verdict


def _move(asset: Asset, judgement: Judgement) -> None:
    move_asset(
        asset_id=asset.pk,
        to=_TARGETS[judgement.verdict],
        actor=GATE,
        reason=_IN_WORDS[judgement.verdict],
        reasons=[
            {"hazard": reason["hazard"], "rule": reason["rule"], "score": reason["score"]}
            for reason in judgement.reasons
        ],
        public_reasons=judgement.public,
    )


def _announce(asset: Asset, verdict: Verdict, correlation_id: UUID) -> None:
    """Tell the others and the trail; last, because the trail's lock lasts until the commit."""
    outcome = Outcome(verdict.verdict)
    announce(
        VerdictReached(
            verdict_id=verdict.pk,
            asset_id=asset.pk,
            organisation_id=asset.organisation_id,
            verdict=VERDICT_NAMES[outcome],
            hazards=tuple(verdict.hazards),
            policy_version=verdict.policy_version,
        ),
        correlation_id=correlation_id,
    )
    record(
        Action.VERDICT_REACHED,
        chain=f"organisation:{asset.organisation_id}",
        actor=GATE,
        subject_type="assets.asset",
        subject_id=str(asset.pk),
        before=None,
        after={
            "verdict": outcome.value,
            "hazards": list(verdict.hazards),
            "policy_version": verdict.policy_version,
        },
        reason=_IN_WORDS[outcome],
        correlation_id=correlation_id,
    )
