"""Writes of statements of reasons, in the transaction of the measure that they explain.

Digital Services Act, Art. 17: whoever is restricted is told at that moment what was done and why,
whether a machine found or decided it, and what they can do. What an author never showed to anybody
and the gate blocked at once is explained in the product; a mail would tell them what they see.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import translation

from moderation.app import wording
from moderation.app.models import Case, Letter, Restriction, Statement, TakedownNotice, Verdict
from moderation.app.services import measures
from moderation.app.services.letters import draft_letter, link_to, tell_restored
from moderation.core.dsa import Automation, Decision, Measure, Source, payload
from moderation.core.hazards import Hazard
from moderation.core.masking import masked
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.contracts.moderation import StatementMade
from tidegate.events.services import announce
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

_PUBLIC_LANGUAGE: Final = "en"
# Nobody asked them whether their text is an advertisement (Art. 17(2)): no mail for each of many.
_BULK: Final = frozenset({Hazard.SPAM.value})
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that reads like another."""


def state_gate_block(asset: Asset, verdict: Verdict, *, actor: Actor) -> Statement:
    """Explain that the gate blocked a new output."""
    return _state(asset, measures.gate_block(verdict, None), actor=actor)


def state_block(asset: Asset, case: Case, *, was: str, actor: Actor) -> Statement:
    """Explain that a case ended with a block of what was `was` before."""
    if case.decided_by_id is None and case.verdict is not None:
        measure = measures.gate_block(case.verdict, case)
    else:
        measure = measures.ruled(case)
    is_known = was == Visibility.RELEASED or case.decided_by_id is not None
    return _state(asset, replace(measure, by_mail=is_known), actor=actor)


def state_hold(
    asset: Asset,
    case: Case | None,
    *,
    because: str,
    source: Source = Source.OWN,
    automation: Automation = Automation.FULL,
    verdict: Verdict | None = None,
    notice: TakedownNotice | None = None,
    actor: Actor,
) -> Statement:
    """Explain that what others saw is held back; `because` is a code of `public_reasons`."""
    held = measures.held(
        case,
        because=because,
        source=source,
        automation=automation,
        verdict=verdict,
        notice=notice,
    )
    return _state(asset, held, actor=actor)


def state_restriction(restriction: Restriction, *, chain: str, actor: Actor) -> Statement:
    """Explain a restriction to the person it is about, and what of theirs it holds back."""
    recipient = User.objects.get(pk=restriction.author_id)
    by_hand = restriction.imposed_by_id is not None
    source, automation = Source.OWN, Automation.NONE if by_hand else Automation.FULL
    measure, at = Measure(restriction.kind), now()

    def decision(reference: str) -> Decision:
        return Decision(
            reference=reference,
            measure=measure,
            hazards=(),
            modality="",
            made_on=at.date(),
            decided_at=at,
            until=restriction.until,
            source=source,
            found_by_machine=not by_hand,
            automation=automation,
            ground=wording.conduct_ground(restriction),
            facts=wording.conduct_facts(source=source, automation=automation),
        )

    statement = _drafted(recipient, decision)
    statement.organisation_id = restriction.organisation_id
    statement.restriction = restriction
    return _tell(statement, decision, chain=chain, by_mail=True, correlation_id=None, actor=actor)


def end_statements(asset: Asset, *, tell: bool) -> None:
    """Note that what restricted a locked asset has ended, and tell its author if they must hear."""
    standing = Statement.objects.filter(asset=asset, ended_at=None).select_related("recipient")
    for statement in standing:
        statement.ended_at = now()
        statement.save(update_fields=["ended_at"])
        if tell:
            tell_restored(statement)


def end_statement_of(restriction: Restriction) -> None:
    """Note that a restriction has ended, and tell the person unless it said when it would."""
    standing = Statement.objects.filter(restriction=restriction, ended_at=None)
    for statement in standing.select_related("recipient"):
        statement.ended_at = now()
        statement.save(update_fields=["ended_at"])
        if restriction.ended_because == Restriction.Ended.LIFTED:
            tell_restored(statement)


@transaction.atomic
def note_export(*, viewer: Viewer, references: Sequence[str]) -> None:
    """Write into the trail who took which statements away; nothing for none."""
    if not references:
        return
    where = viewer.organisation_id
    record(
        Action.STATEMENTS_EXPORTED,
        chain="platform" if where is None else f"organisation:{where}",
        actor=viewer.actor(),
        subject_type="moderation.statement",
        subject_id="",
        before=None,
        after={"count": len(references), "first": references[0], "last": references[-1]},
    )


def _state(asset: Asset, measure: measures.Measured, *, actor: Actor) -> Statement:
    end_statements(asset, tell=False)
    at = now()

    def decision(reference: str) -> Decision:
        return Decision(
            reference=reference,
            measure=measure.measure,
            hazards=measure.hazards,
            modality=asset.modality,
            made_on=asset.created_at.date(),
            decided_at=at,
            until=None,
            source=measure.source,
            found_by_machine=measure.found_by_machine,
            automation=measure.automation,
            ground=measure.ground(),
            facts=wording.facts(
                modality=asset.modality,
                made_on=asset.created_at.date(),
                hazards=measure.hazards,
                source=measure.source,
                found_by_machine=measure.found_by_machine,
                automation=measure.automation,
            ),
        )

    statement = _drafted(asset.owner, decision)
    statement.asset = asset
    statement.organisation_id = asset.organisation_id
    statement.case, statement.verdict = measure.case, measure.verdict
    statement.hazards = list(measure.hazards)
    statement.appeal_until = measure.appeal_until
    return _tell(
        statement,
        decision,
        chain=f"organisation:{asset.organisation_id}",
        by_mail=measure.by_mail and set(measure.hazards) != _BULK,
        correlation_id=asset.correlation_id,
        actor=actor,
    )


def _drafted(recipient: User, decision: Callable[[str], Decision]) -> Statement:
    """Return a statement that is still to be tied to what it is about."""
    key = new_id()
    reference = reference_of(key)
    with translation.override(_PUBLIC_LANGUAGE):
        stated = decision(reference)
    # The database that it may go to is public: what a person wrote is masked there.
    ground = replace(
        stated.ground,
        name=masked(stated.ground.name),
        explanation=masked(stated.ground.explanation),
    )
    return Statement(
        pk=key,
        reference=reference,
        recipient=recipient,
        measure=stated.measure.value,
        until=stated.until,
        dsa=payload(replace(stated, ground=ground)),
    )


def _tell(
    statement: Statement,
    decision: Callable[[str], Decision],
    *,
    chain: str,
    by_mail: bool,
    correlation_id: UUID | None,
    actor: Actor,
) -> Statement:
    """Write the statement with its letter, its event and its entry in the trail."""
    recipient = statement.recipient

    def write() -> wording.Written:
        told = decision(statement.reference)
        return wording.statement_letter(
            name=recipient.display_name,
            reference=statement.reference,
            measure=told.measure,
            facts=told.facts,
            ground=told.ground,
            until=told.until,
            appeal_until=statement.appeal_until,
            link=link_to(statement.asset_id),
        )

    letter = draft_letter(recipient, Letter.Kind.STATEMENT, write, by_mail=by_mail)
    statement.save(force_insert=True)
    letter.statement = statement
    letter.save(force_insert=True)
    announce(
        StatementMade(
            statement_id=statement.pk,
            reference=statement.reference,
            recipient_id=recipient.pk,
            organisation_id=statement.organisation_id,
            asset_id=statement.asset_id,
            measure=Measure(statement.measure).value,
        ),
        correlation_id=correlation_id,
    )
    record(
        Action.STATEMENT_MADE,
        chain=chain,
        actor=actor,
        subject_type="moderation.statement",
        subject_id=str(statement.pk),
        before=None,
        after={
            "reference": statement.reference,
            "recipient": str(recipient.pk),
            "measure": str(statement.measure),
            "asset": str(statement.asset_id or ""),
            "case": str(statement.case_id or ""),
            "restriction": str(statement.restriction_id or ""),
            "letter_sha256": letter.sha256,
        },
        correlation_id=correlation_id,
    )
    return statement


def reference_of(key: UUID) -> str:
    """Return the number that people quote: sixty random bits of a UUIDv7, in groups of four."""
    rest = key.int & ((1 << 60) - 1)
    letters = "".join(_ALPHABET[rest >> shift & 31] for shift in range(55, -1, -5))
    return "TG-" + "-".join(letters[at : at + 4] for at in (0, 4, 8))
