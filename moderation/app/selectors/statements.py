"""Reads of statements of reasons and letters: one's own, and for those who answer for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from moderation.app.models import Letter, Statement
from moderation.app.roles import require_reader
from moderation.core.dsa_schema import problems
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.errors import NotAllowed


@dataclass(frozen=True, slots=True)
class ExportedStatement:
    """A statement for the DSA Transparency Database; with `problems` it may not go there."""

    reference: str
    dsa: dict[str, Any]
    problems: tuple[str, ...]


def own_statements(viewer: Viewer) -> QuerySet[Statement]:
    """Return why the viewer's content or account was restricted, newest first.

    Raises:
        NotAllowed: nobody has signed in.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in to see what was decided.", code="sign_in_first")
    found = told_statements().filter(recipient_id=viewer.user_id).select_related("asset")
    if viewer.organisation_id is not None:
        # A key reads of its own organisation, and of what concerns its owner everywhere.
        found = found.filter(Q(organisation_id=viewer.organisation_id) | Q(organisation_id=None))
    return found.prefetch_related("letters").order_by("-id")


def statement_of(asset: Asset, viewer: Viewer) -> Statement | None:
    """Return what stands against a viewer's own asset now."""
    if viewer.user_id is None or asset.owner_id != viewer.user_id:
        return None
    return Statement.objects.filter(asset=asset, ended_at=None).first()


def own_letters(viewer: Viewer) -> QuerySet[Letter]:
    """Return what the viewer was told, newest first. Raises as `own_statements`."""
    if viewer.user_id is None:
        raise NotAllowed("Sign in to read your messages.", code="sign_in_first")
    own = Letter.objects.filter(recipient_id=viewer.user_id, withdrawn_at=None)
    return own.order_by("-id")


def unread_letters(user_id: UUID) -> int:
    """Return how many letters somebody has not opened."""
    return Letter.objects.filter(recipient_id=user_id, read_at=None, withdrawn_at=None).count()


def statements_for(
    viewer: Viewer, *, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Statement]:
    """Return statements for staff, oldest first; a key reads of its own organisation only.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    if not viewer.is_system:
        require_reader(viewer)
    found = told_statements()
    if viewer.organisation_id is not None:
        found = found.filter(organisation_id=viewer.organisation_id)
    if since is not None:
        found = found.filter(created_at__gte=since)
    if until is not None:
        found = found.filter(created_at__lt=until)
    return found.order_by("id")


def told_statements() -> QuerySet[Statement]:
    """Return the statements but for those that were taken back before anybody had read them."""
    withdrawn = Letter.objects.filter(
        statement=OuterRef("pk"), kind=Letter.Kind.STATEMENT, withdrawn_at__isnull=False
    )
    return Statement.objects.filter(~Exists(withdrawn))


def exported_statement(statement: Statement) -> ExportedStatement:
    """Return a statement in the database's shape, with what speaks against sending it."""
    return ExportedStatement(statement.reference, statement.dsa, tuple(problems(statement.dsa)))
