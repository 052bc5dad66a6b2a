"""Writes of verdicts: the ruling, the asset's move and the case, together or not at all."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from moderation.app import in_force
from moderation.app.configuration import consequences
from moderation.app.judgement import Judgement, judged_again
from moderation.app.models import (
    VERDICT_NAMES,
    Attempt,
    Case,
    Outcome,
    PolicyVersion,
    Restriction,
    Spread,
    Verdict,
)
from moderation.app.services import detours, matches, rulings
from moderation.app.services.attempts import stamp
from moderation.app.services.case_effects import GATE, close_case, open_case
from moderation.app.services.holds import because_of, note_hold
from moderation.app.services.policy_records import share_turn
from moderation.app.services.shadows import note_shadows
from moderation.app.services.statements import state_gate_block
from moderation.core.policy import Policy
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.services import Step, move_asset, move_deadline
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import VerdictReached
from tidegate.events.services import announce
from tidegate.primitives.errors import NotFound
from tidegate.primitives.statements import run, together

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


_VERSION = "SELECT id, state, origin FROM moderation_policy_version WHERE version = %s"


class PolicyGone(Exception):
    """What was judged cannot be written: its policy is out of force, and nothing was seen."""


class _VersionRow(NamedTuple):
    id: UUID
    state: str
    origin: str


@transaction.atomic
def record_verdict(
    *, asset_id: UUID, event_id: UUID, judgement: Judgement, correlation_id: UUID
) -> Verdict:
    """Write the first verdict of an asset with its effects; a second call changes nothing.

    What was judged under a policy that was taken out of force since is judged again under the one
    that is in force, from what was seen: no detector is asked twice (see `_standing`).
    What passed is held all the same where its author is under review, or what it was made from is
    blocked: the verdict stays what the policy said, and names that beside it.

    Raises:
        NotFound: there is no such asset (a forged event).
        PolicyGone: nothing was seen that could be judged again.
    """
    plan = _foresee(asset_id, judgement)
    asset = _lock(asset_id)
    existing, restrictions = detours.first_verdict(asset)
    if existing is not None:
        return existing
    judgement, policy_id = _standing(judgement, asset)
    note_shadows([(asset, judgement)])
    judgement = matches.count(judgement, asset=asset, correlation_id=correlation_id)
    is_pending = asset.visibility == Visibility.PENDING
    # Its deadline may have been faster than its event.
    waiting = _waiting_case(asset)
    is_block = judgement.verdict == Outcome.BLOCK
    is_open = is_pending or waiting is not None
    reach = rulings.reach_block(plan, asset) if is_open and is_block else rulings.Reach()
    is_passed = is_open and judgement.verdict == Outcome.RELEASE
    found = detours.causes(asset, restrictions) if is_passed else []
    verdict = insert_verdict(
        asset,
        judgement,
        policy_id,
        event_id=event_id,
        supersedes=None,
        beside=detours.reasons_of(found),
    )
    stamp(asset=asset, judgement=judgement, occasion=Attempt.Occasion.CREATED)
    if waiting is None:
        _give_time(asset, judgement)
    if waiting is not None:
        _settle_waiting(waiting, asset, verdict, judgement, found)
        if is_block:
            rulings.carry_out_block(plan, reach, asset=asset, ruling=verdict, actor=GATE)
    elif found:
        detours.divert(asset, found, verdict)
    elif is_pending:
        _move(asset, judgement)
        if is_block:
            state_gate_block(asset, verdict, actor=GATE)
            rulings.carry_out_block(plan, reach, asset=asset, ruling=verdict, actor=GATE)
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
    announce_verdict(asset, verdict, correlation_id)
    return verdict


@transaction.atomic
def supersede_unavailable(*, case_id: UUID, judgement: Judgement) -> Verdict | None:
    """Judge what was held because nothing had judged it; None when nothing is left to judge.

    A release or a block closes the case in the platform's name, as the first verdict would
    have done without a case. A hold leaves it to people, with the hazards now known.
    """
    asset_id = Case.objects.filter(pk=case_id).values_list("asset_id", flat=True).first()
    if asset_id is None:
        return None
    plan = _foresee(asset_id, judgement)
    asset = _lock(asset_id)
    case = Case.objects.select_for_update(no_key=True).get(pk=case_id)
    if (
        case.state != Case.State.OPEN
        or case.because not in Case.WAITING
        or judgement.verdict == Outcome.UNAVAILABLE
        or asset.visibility != Visibility.HELD
    ):
        return None
    latest = Verdict.objects.filter(asset=asset, superseded_by=None).first()
    judgement, policy_id = _standing(judgement, asset)
    if judgement.verdict == Outcome.UNAVAILABLE:
        return None
    judgement = matches.count(judgement, asset=asset, correlation_id=asset.correlation_id)
    is_release = judgement.verdict == Outcome.RELEASE
    is_block = judgement.verdict == Outcome.BLOCK
    found = detours.causes(asset, detours.first_verdict(asset)[1]) if is_release else []
    reach = rulings.reach_block(plan, asset) if is_block else rulings.Reach()
    verdict = insert_verdict(
        asset,
        judgement,
        policy_id,
        event_id=None,
        supersedes=latest,
        beside=detours.reasons_of(found),
    )
    stamp(asset=asset, judgement=judgement, occasion=Attempt.Occasion.AGAIN)
    _settle(case, asset, verdict, judgement, found)
    if is_block:
        rulings.carry_out_block(plan, reach, asset=asset, ruling=verdict, actor=GATE)
    announce_verdict(asset, verdict, asset.correlation_id)
    return verdict


def _give_time(asset: Asset, judgement: Judgement) -> None:
    """Let people decide within what the policy gives them for what nobody could judge."""
    allowed = judgement.waiting
    if judgement.verdict == Outcome.UNAVAILABLE and allowed and allowed.then != "retry":
        move_deadline(asset, to=asset.created_at + timedelta(seconds=allowed.seconds))


def _waiting_case(asset: Asset) -> Case | None:
    """Return the case of a held asset that only waits for a verdict, unless a person has it."""
    if asset.visibility != Visibility.HELD:
        return None
    return Case.objects.filter(asset=asset, state=Case.State.OPEN, because__in=Case.WAITING).first()


def _settle_waiting(
    waiting: Case,
    asset: Asset,
    verdict: Verdict,
    judgement: Judgement,
    found: list[Restriction | Spread],
) -> None:
    """Let the first verdict end the case that only waited for it."""
    case = Case.objects.select_for_update(no_key=True).get(pk=waiting.pk)
    if judgement.verdict == Outcome.UNAVAILABLE:
        case.verdict = verdict
        case.save(update_fields=["verdict"])
    else:
        _settle(case, asset, verdict, judgement, found)


def _settle(
    case: Case,
    asset: Asset,
    verdict: Verdict,
    judgement: Judgement,
    found: list[Restriction | Spread],
) -> None:
    """Apply a real verdict, and what holds the asset in spite of it, to a case that waited."""
    case.verdict = verdict
    case.hazards = list(judgement.hazards)
    case.severity = max(case.severity, judgement.severity)
    if judgement.verdict == Outcome.HOLD:
        case.because = Case.Because.HOLD
    elif found:
        case.because = because_of(found[0])
    case.save(update_fields=["verdict", "hazards", "severity", "because"])
    for cause in found:
        note_hold(asset, case, cause)
    if judgement.verdict != Outcome.HOLD and not found:
        close_case(
            asset=asset,
            case=case,
            ruling=(
                Case.Ruling.RELEASE if judgement.verdict == Outcome.RELEASE else Case.Ruling.BLOCK
            ),
            reason=f"Checked again by the platform: {_IN_WORDS[judgement.verdict]}.",
            decided_by=None,
            actor=GATE,
        )


def _foresee(asset_id: UUID, judgement: Judgement) -> rulings.Plan:
    """Find what a block of the gate gives its author: nothing, unless the deployment says so."""
    least = consequences().automatic_from
    if judgement.verdict != Outcome.BLOCK or least is None or judgement.severity < least:
        return rulings.Plan()
    owner_id = Asset.objects.values_list("owner_id", flat=True).filter(pk=asset_id).first()
    if owner_id is None:
        return rulings.Plan()
    return rulings.foresee_block(author_id=owner_id, asset_id=asset_id, hazards=judgement.hazards)


def _lock(asset_id: UUID) -> Asset:
    asset = Asset.objects.select_for_update(no_key=True).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound(f"There is no asset {asset_id}.", code="asset_not_found")
    return asset


def _standing(judgement: Judgement, asset: Asset) -> tuple[Judgement, UUID]:
    """Return a judgement that stands under what is in force now, and the id of its version.

    No verdict is written under a policy after it was rolled back (see `standing_id`).
    """
    standing = standing_id(judgement.policy)
    if standing is not None:
        return judgement, standing
    policy = in_force.read().policy_for(asset.pk)
    again = None if policy is None else judged_again(judgement, policy)
    if again is None:
        raise PolicyGone(f"the policy {judgement.policy.version} was taken out of force")
    return again, version_id_of(again.policy)


def standing_id(policy: Policy) -> UUID | None:
    """Return the id of the version that may be written now; None where it may not any more.

    Policies are kept from being moved until the caller's transaction ends.
    """
    row = _version(policy)
    if row is None:
        return version_id_of(policy)
    return row.id if _still_judges(row) else None


def _version(policy: Policy) -> _VersionRow | None:
    found: list[_VersionRow] = []
    with together():
        # Two statements, because one would not see what was committed while it waited.
        share_turn()
        run(
            _VERSION,
            [policy.version],
            lambda cursor: found.extend(_VersionRow(*row) for row in cursor.fetchall()),
        )
    return found[0] if found else None


def _still_judges(row: _VersionRow) -> bool:
    """Whether what was judged under a version may be written.

    What only a stamp names was never put in force or taken out of it. The same text with other
    word lists judges in processes of another release, whose lists are theirs.
    """
    judging = (PolicyVersion.State.CANARY, PolicyVersion.State.ACTIVE)
    if row.state in judging or row.origin == PolicyVersion.Origin.STAMP:
        return True
    text = PolicyVersion.objects.filter(pk=row.id).values("source")
    return PolicyVersion.objects.filter(state__in=judging, source__in=text).exists()


def version_id_of(policy: Policy) -> UUID:
    """Return the id of the row that keeps a policy's text; one that nobody knows is kept now."""
    version, _ = PolicyVersion.objects.get_or_create(
        version=policy.version, defaults={"source": policy.source, "name": policy.name}
    )
    return version.pk


def insert_verdict(
    asset: Asset,
    judgement: Judgement,
    policy_id: UUID,
    *,
    event_id: UUID | None,
    supersedes: Verdict | None,
    beside: Sequence[Mapping[str, object]] = (),
) -> Verdict:
    """Write a verdict about a locked asset, inside the caller's transaction."""
    verdict = verdict_of(
        asset, judgement, policy_id, event_id=event_id, supersedes=supersedes, beside=beside
    )
    verdict.save(force_insert=True)
    return verdict


def verdict_of(
    asset: Asset,
    judgement: Judgement,
    policy_id: UUID,
    *,
    event_id: UUID | None,
    supersedes: Verdict | None = None,
    beside: Sequence[Mapping[str, object]] = (),
) -> Verdict:
    """Return a verdict that is still to be written."""
    return Verdict(
        asset=asset,
        event_id=event_id,
        supersedes=supersedes,
        verdict=judgement.verdict,
        reasons=[*judgement.reasons, *beside],
        hazards=list(judgement.hazards),
        signals=list(judgement.signals),
        hash_hits=list(judgement.hash_hits),
        pdq=judgement.pdq,
        film_hash=judgement.film_hash,
        simhash=judgement.simhash,
        policy_version=judgement.policy_version,
        policy_id=policy_id,
        judged_in_ms=judgement.judged_in_ms,
    )


def _move(asset: Asset, judgement: Judgement) -> None:
    step = step_of(asset, judgement)
    move_asset(
        asset_id=asset.pk,
        to=step.to,
        actor=GATE,
        reason=step.reason,
        reasons=step.reasons,
        public_reasons=step.public_reasons,
    )


def step_of(asset: Asset, judgement: Judgement) -> Step:
    """Return where a first verdict moves a pending asset."""
    return Step(
        asset,
        to=_TARGETS[judgement.verdict],
        reason=_IN_WORDS[judgement.verdict],
        reasons=[
            {"hazard": reason["hazard"], "rule": reason["rule"], "score": reason["score"]}
            for reason in judgement.reasons
        ],
        public_reasons=judgement.public,
    )


def announce_verdict(asset: Asset, verdict: Verdict, correlation_id: UUID) -> None:
    """Tell the others and the trail; last, because the trail's lock lasts until the commit."""
    announce(event_of_verdict(asset, verdict), correlation_id=correlation_id)
    record_verdict_reached(asset, verdict, correlation_id)


def event_of_verdict(asset: Asset, verdict: Verdict) -> VerdictReached:
    """Return what the others are told of a verdict."""
    return VerdictReached(
        verdict_id=verdict.pk,
        asset_id=asset.pk,
        organisation_id=asset.organisation_id,
        verdict=VERDICT_NAMES[Outcome(verdict.verdict)],
        hazards=tuple(verdict.hazards),
        policy_version=verdict.policy_version,
    )


def record_verdict_reached(asset: Asset, verdict: Verdict, correlation_id: UUID) -> None:
    """Write the trail's entry of a verdict."""
    outcome = Outcome(verdict.verdict)
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
