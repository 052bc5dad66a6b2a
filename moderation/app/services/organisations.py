"""Writes of what organisations have stricter than the platform."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from moderation.app import audiences
from moderation.app.engine import engine
from moderation.app.models import REASON_CHARACTERS, OrganisationRules
from moderation.app.selectors.organisations import active_rules, organisation_of
from moderation.core import tightening
from moderation.core.context import Audience
from moderation.core.loosening import require_tighter
from moderation.core.policy import Policy, for_audience
from moderation.core.policy_file import InvalidPolicy
from tidegate.accounts.models import Organisation
from tidegate.accounts.selectors import require_role
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound


def check_rules(
    *, viewer: Viewer, organisation_id: UUID, project_id: UUID | None, source: str
) -> Policy:
    """Return the policy as it would be for the organisation or project; nothing is written.

    Raises:
        NotFound, NotAllowed: as `set_rules`.
        InvalidInput: every mistake, with its line and column; looser is a mistake.
    """
    _require_keeper(viewer, organisation_id, project_id)
    return _checked(source, organisation_id, project_id)


@transaction.atomic
def set_rules(
    *, viewer: Viewer, organisation_id: UUID, project_id: UUID | None, source: str, reason: str
) -> OrganisationRules:
    """Make a text the stricter rules of an organisation or project; what was before is kept.

    The same text again changes nothing. It counts within seconds, for what is judged from then on.

    Raises:
        NotFound: the organisation or project, for a stranger.
        NotAllowed: the viewer is no owner or admin of the organisation.
        InvalidInput: as `check_rules`; or no reason was given.
    """
    set_by = _require_keeper(viewer, organisation_id, project_id)
    _require_reason(reason)
    policy = _checked(source, organisation_id, project_id)
    # The organisation's row, as there may be no row of rules to wait for.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
    before = active_rules(organisation_id, project_id).first()
    if before is not None and before.source == source:
        return before
    if before is not None:
        _end(before)
    versions = OrganisationRules.objects.filter(
        Q(project_id=project_id), organisation_id=organisation_id
    ).aggregate(last=Max("version"))
    rules = OrganisationRules(
        organisation_id=organisation_id,
        project_id=project_id,
        version=(versions["last"] or 0) + 1,
        source=source,
        set_by_id=set_by,
        reason=reason,
    )
    rules.save(force_insert=True)
    _record(
        Action.ORGANISATION_RULES_SET,
        viewer,
        rules,
        before=before,
        after={**_picture(rules), "policy_version": policy.version},
        reason=reason,
    )
    return rules


@transaction.atomic
def remove_rules(
    *, viewer: Viewer, organisation_id: UUID, project_id: UUID | None, reason: str
) -> None:
    """Let only the platform's policy count again; removing what is not there changes nothing.

    Raises:
        NotFound, NotAllowed: as `set_rules`.
        InvalidInput: no reason was given.
    """
    _require_keeper(viewer, organisation_id, project_id)
    _require_reason(reason)
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation_id)
    before = active_rules(organisation_id, project_id).first()
    if before is not None:
        _end(before)
        _record(
            Action.ORGANISATION_RULES_REMOVED,
            viewer,
            before,
            before=before,
            after=None,
            reason=reason,
        )


def _checked(source: str, organisation_id: UUID, project_id: UUID | None) -> Policy:
    policy = engine().policy
    try:
        file, marked = tightening.read(source)
        require_tighter(policy.file, file, marked)
    except InvalidPolicy as error:
        raise InvalidInput(
            "These rules cannot count as they are.",
            errors=[
                FieldError("/document", "invalid_rules", str(mistake)) for mistake in error.mistakes
            ],
        ) from error
    audience = Audience(
        organisation=str(organisation_id),
        project="" if project_id is None else str(project_id),
        rating=file.rating,
        region=file.region,
    )
    return for_audience(policy, audience, [file])


def _require_keeper(viewer: Viewer, organisation_id: UUID, project_id: UUID | None) -> UUID:
    require_role(viewer, organisation_id, "admin")
    if viewer.user_id is None:
        raise NotAllowed("Rules are set by a person.", code="person_only")
    if project_id is not None and organisation_of(viewer, project_id) != organisation_id:
        raise NotFound("There is no such project.", code="project_not_found")
    return viewer.user_id


def _require_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= REASON_CHARACTERS:
        raise InvalidInput(
            errors=[FieldError("/reason", "reason_missing", "Say why, in 1 to 2000 characters.")]
        )


def _end(rules: OrganisationRules) -> None:
    rules.active = False
    rules.ended_at = now()
    rules.save(update_fields=["active", "ended_at"])


def _picture(rules: OrganisationRules) -> dict[str, Any]:
    return {"version": rules.version, "source": rules.source}


def _record(
    action: Action,
    viewer: Viewer,
    rules: OrganisationRules,
    *,
    before: OrganisationRules | None,
    after: dict[str, Any] | None,
    reason: str,
) -> None:
    record(
        action,
        chain=f"organisation:{rules.organisation_id}",
        actor=viewer.actor(),
        subject_type="moderation.organisation_rules",
        subject_id=str(rules.project_id or rules.organisation_id),
        before=None if before is None else _picture(before),
        after=after,
        reason=reason,
    )
    transaction.on_commit(audiences.forget)
