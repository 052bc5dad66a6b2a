"""What people do with what they see."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from recommendations.app.models import Interaction, Reaction
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import visible_to
from tidegate.contracts.interactions import REPORT_REASONS, InteractionRecorded
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound

_NOTE_LIMIT = 1_000
_SAME_VISIT = timedelta(minutes=30)
_SEEN = {Interaction.Kind.VIEW, Interaction.Kind.PLAY, Interaction.Kind.LIKE}


@transaction.atomic
def record_interaction(
    *, viewer: Viewer, asset_id: UUID, kind: str, note: str = "", reason: str = ""
) -> Interaction:
    """Log what a viewer did and announce it when it changed something.

    A hide and a report act on the viewer's own feed with this commit; the taste follows by
    event. No audit entry: nobody's rights change, and the log itself is append-only. A report
    reaches the trail when moderation takes it up.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: the viewer may not see the asset, or there is none.
        InvalidInput: no such kind or reason, or a note past 1,000 characters.
    """
    if kind not in Interaction.Kind.values:
        raise InvalidInput(
            errors=[FieldError("/kind", "unknown_kind", "There is no such interaction.")]
        )
    if len(note) > _NOTE_LIMIT or "\0" in note:
        raise InvalidInput(
            errors=[FieldError("/note", "invalid_note", "A note has up to 1,000 characters.")]
        )
    if reason and (reason not in REPORT_REASONS or kind != Interaction.Kind.REPORT):
        raise InvalidInput(
            errors=[FieldError("/reason", "unknown_reason", "There is no such reason.")]
        )
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    asset = visible_to(viewer).filter(pk=asset_id).first()
    if asset is None:
        raise NotFound("There is no such asset.", code="asset_not_found")
    interaction = Interaction(
        user_id=viewer.user_id, asset=asset, kind=kind, note=note.strip(), at=now()
    )
    interaction.is_effective = _stand(interaction)
    interaction.save(force_insert=True)
    if interaction.is_effective:
        announce(
            InteractionRecorded(
                interaction_id=interaction.pk,
                viewer_id=viewer.user_id,
                asset_id=asset.pk,
                kind=kind,  # type: ignore[arg-type]  # checked against the same six names above
                note=interaction.note,
                reason=reason,
            )
        )
    return interaction


def _stand(interaction: Interaction) -> bool:
    """Bring the standing reactions up to date; say whether the interaction changed anything."""
    kind, mine = interaction.kind, {"user_id": interaction.user_id, "asset": interaction.asset}
    if kind in _SEEN:
        _react(interaction, Reaction.Kind.SEEN)
    if kind == Interaction.Kind.UNLIKE:
        deleted, _ = Reaction.objects.filter(kind=Reaction.Kind.LIKE, **mine).delete()
        return deleted > 0
    if kind in {Interaction.Kind.VIEW, Interaction.Kind.PLAY}:
        recent = Interaction.objects.filter(
            kind=kind, at__gt=interaction.at - _SAME_VISIT, is_effective=True, **mine
        )
        return not recent.exists()
    return _react(interaction, Reaction.Kind(kind))


def _react(interaction: Interaction, kind: Reaction.Kind) -> bool:
    _, is_new = Reaction.objects.get_or_create(
        user_id=interaction.user_id,
        asset=interaction.asset,
        kind=kind,
        defaults={"at": interaction.at},
    )
    return is_new
