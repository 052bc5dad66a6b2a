"""What people do with what they see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from django.db import connection, transaction

from recommendations.app.models import FeedChoices, Interaction, Reaction
from recommendations.app.services.folding import apply_interactions
from tidegate.accounts.viewers import Viewer
from tidegate.assets.selectors import visible_to
from tidegate.contracts.interactions import (
    REPORT_REASONS,
    InteractionKind,
    InteractionRecorded,
    SignalKind,
    SignalNoticed,
)
from tidegate.events import direct
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id
from tidegate.primitives.statements import prepared

MOST_SIGNALS: Final = 500
"""How many may come in one request."""
_NOTE_LIMIT: Final = 1_000
_SAME_VISIT: Final = timedelta(minutes=30)
_SEEN: Final = {
    Interaction.Kind.VIEW,
    Interaction.Kind.PLAY,
    Interaction.Kind.LIKE,
    Interaction.Kind.SAVE,
    Interaction.Kind.SHARE,
}
_UNDOES: Final = {
    Interaction.Kind.UNLIKE: Reaction.Kind.LIKE,
    Interaction.Kind.UNSAVE: Reaction.Kind.SAVE,
}
_VISITS: Final = {Interaction.Kind.VIEW, Interaction.Kind.PLAY, Interaction.Kind.SHARE}
_LONGEST_DWELL_MS: Final = 3_600_000
_WORTH_DWELLING_MS: Final = 5_000
"""Who stays so long with what they opened has turned to it."""
_FASTEST: Final = 120
"""More than this of one viewer in a minute is no person looking: it is kept and not counted."""

_INSERT = """
INSERT INTO recommendations_interaction
    (id, user_id, asset_id, kind, note, at, is_effective, is_folded, slate_id, dwell_ms)
SELECT given.id, given.user_id, given.asset_id, given.kind, '', given.at, given.is_effective, FALSE,
       given.slate_id, given.dwell_ms
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[], %s::boolean[],
            %s::uuid[], %s::int[])
     AS given(id, user_id, asset_id, kind, at, is_effective, slate_id, dwell_ms)
ON CONFLICT (id) DO NOTHING
"""
_SEE = """
INSERT INTO recommendations_reaction (id, user_id, asset_id, kind, at, created_at)
SELECT given.id, given.user_id, given.asset_id, 'seen', given.at, now()
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
     AS given(id, user_id, asset_id, at)
ON CONFLICT (user_id, asset_id, kind) DO NOTHING
"""
_LOOKED = """
UPDATE recommendations_exposure AS e SET looked_ms = greatest(coalesce(e.looked_ms, 0), given.ms)
FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::int[]) AS given(user_id, asset_id, slate_id, ms)
WHERE e.asset_id = given.asset_id AND e.user_id = given.user_id AND e.slate_id = given.slate_id
"""
_KNOWN = """
SELECT u.id, a.id FROM unnest(%s::uuid[], %s::uuid[]) AS given(user_id, asset_id)
JOIN accounts_user u ON u.id = given.user_id JOIN assets_asset a ON a.id = given.asset_id
WHERE a.owner_id <> u.id
"""
_VISITED = """
SELECT DISTINCT given.id FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::text[],
                                     %s::timestamptz[]) AS given(id, user_id, asset_id, kind, at)
JOIN recommendations_interaction i
  ON i.user_id = given.user_id AND i.asset_id = given.asset_id AND i.kind = given.kind
 AND i.is_effective AND i.id <> given.id AND i.at > given.at - interval '30 minutes'
"""
_RUSHED = """
SELECT user_id FROM recommendations_interaction
WHERE user_id = ANY(%s::uuid[]) AND at > %s GROUP BY user_id HAVING count(*) > %s
"""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a client noticed about an asset; see `tidegate.contracts.interactions.SignalNoticed`."""

    asset_id: UUID
    kind: str
    slate_id: UUID | None = None
    dwell_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A signal as its event brought it."""

    event: SignalNoticed
    at: datetime


@transaction.atomic
def record_interaction(
    *,
    viewer: Viewer,
    asset_id: UUID,
    kind: str,
    note: str = "",
    reason: str = "",
    slate_id: UUID | None = None,
) -> Interaction:
    """Log what a viewer did and announce it when it changed something.

    A hide, a "less like this" and a report act on the viewer's own feed with this commit; the taste
    follows by event. No audit entry: nobody's rights change, and the log itself is append-only. A
    report reaches the trail when moderation takes it up.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: the viewer may not see the asset, or there is none.
        InvalidInput: no such kind or reason, or a note past 1,000 characters.
    """
    if kind not in get_args(InteractionKind) or kind == Interaction.Kind.REMIX:
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
        user_id=viewer.user_id,
        asset=asset,
        kind=kind,
        note=note.strip(),
        at=now(),
        slate_id=slate_id,
    )
    interaction.is_effective = _stand(interaction)
    interaction.save(force_insert=True)
    if interaction.is_effective:
        announce(
            InteractionRecorded(
                interaction_id=interaction.pk,
                viewer_id=viewer.user_id,
                asset_id=asset.pk,
                kind=kind,  # type: ignore[arg-type]  # checked against the same names above
                note=interaction.note,
                reason=reason,
            )
        )
    return interaction


def notice(*, viewer: Viewer, signals: Sequence[Signal]) -> int:
    """Send what a client noticed to the broker; return how many of it counted.

    Nothing of what the viewer may not see, of their own, or of somebody who wants no personal feed
    and so no record of what they look at.

    Raises:
        NotAllowed: nobody is signed in.
        InvalidInput: no such kind, an absurd time, or more than 500.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    if len(signals) > MOST_SIGNALS:
        raise InvalidInput(
            errors=[FieldError("/signals", "too_many", f"At most {MOST_SIGNALS} at a time.")]
        )
    for number, signal in enumerate(signals):
        if signal.kind not in get_args(SignalKind):
            raise InvalidInput(
                errors=[
                    FieldError(
                        f"/signals/{number}/kind", "unknown_kind", "There is no such signal."
                    )
                ]
            )
        if signal.dwell_ms is not None and not 0 <= signal.dwell_ms <= _LONGEST_DWELL_MS:
            raise InvalidInput(
                errors=[
                    FieldError(
                        f"/signals/{number}/dwell_ms",
                        "invalid_dwell",
                        "A time on screen is up to an hour, in milliseconds.",
                    )
                ]
            )
    if not signals or FeedChoices.objects.filter(pk=viewer.user_id, is_personal=False).exists():
        return 0
    seen = set(
        visible_to(viewer)
        .filter(pk__in={signal.asset_id for signal in signals})
        .exclude(owner_id=viewer.user_id)
        .values_list("pk", flat=True)
    )
    events = [
        SignalNoticed(
            signal_id=new_id(),
            viewer_id=viewer.user_id,
            asset_id=signal.asset_id,
            kind=signal.kind,  # type: ignore[arg-type]  # checked above
            slate_id=signal.slate_id,
            dwell_ms=signal.dwell_ms,
        )
        for signal in signals
        if signal.asset_id in seen
    ]
    direct.send(events)
    return len(events)


@transaction.atomic
def take_signals(*, arrived: Sequence[Arrived]) -> None:
    """Write down what was noticed, and fold what says something.

    Left out: what an account or asset that is gone by now was about, and one's own. Kept without
    counting: the same visit again, a look too short to say anything, and what comes faster than a
    person acts.
    """
    users = [one.event.viewer_id for one in arrived]
    with prepared() as cursor:
        cursor.execute(_KNOWN, [users, [one.event.asset_id for one in arrived]])
        known = set(cursor.fetchall())
    there = [one for one in arrived if (one.event.viewer_id, one.event.asset_id) in known]
    looks = [one for one in there if one.event.kind == "impression"]
    _looked(looks)
    deeds = [one for one in there if one.event.kind != "impression"]
    if deeds:
        _take(deeds)


def _take(deeds: Sequence[Arrived]) -> None:
    ids = [one.event.signal_id for one in deeds]
    users = [one.event.viewer_id for one in deeds]
    assets = [one.event.asset_id for one in deeds]
    kinds = [one.event.kind for one in deeds]
    moments = [one.at for one in deeds]
    with prepared() as cursor:
        cursor.execute(_VISITED, [ids, users, assets, kinds, moments])
        again = {row[0] for row in cursor.fetchall()}
        cursor.execute(_RUSHED, [sorted(set(users)), max(moments) - timedelta(minutes=1), _FASTEST])
        rushing = {row[0] for row in cursor.fetchall()}
    counted: list[bool] = []
    visits: dict[tuple[UUID, UUID, str], datetime] = {}
    for one in deeds:
        event = one.event
        visit = (event.viewer_id, event.asset_id, event.kind)
        if event.kind == "dwell":
            is_counted = (event.dwell_ms or 0) >= _WORTH_DWELLING_MS
        else:
            before = visits.get(visit)
            is_counted = event.signal_id not in again and (
                before is None or one.at - before > _SAME_VISIT
            )
        if is_counted:
            visits[visit] = one.at
        counted.append(is_counted and event.viewer_id not in rushing)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                ids,
                users,
                assets,
                kinds,
                moments,
                counted,
                [one.event.slate_id for one in deeds],
                [one.event.dwell_ms for one in deeds],
            ],
        )
        seen = {
            (one.event.viewer_id, one.event.asset_id): one
            for one in deeds
            if one.event.kind in _SEEN
        }
        in_order = sorted(seen)
        cursor.execute(
            _SEE,
            [
                [new_id() for _ in in_order],
                [user for user, _ in in_order],
                [asset for _, asset in in_order],
                [seen[key].at for key in in_order],
            ],
        )
    apply_interactions(
        interaction_ids=[key for key, counts in zip(ids, counted, strict=True) if counts]
    )


def _looked(looks: Sequence[Arrived]) -> None:
    told = [one.event for one in looks if one.event.slate_id is not None]
    if not told:
        return
    longest: dict[tuple[UUID, UUID, UUID | None], int] = {}
    for event in told:
        key = (event.viewer_id, event.asset_id, event.slate_id)
        longest[key] = max(longest.get(key, 0), event.dwell_ms or 0)
    with connection.cursor() as cursor:
        cursor.execute(
            _LOOKED,
            [
                [user for user, _, _ in longest],
                [asset for _, asset, _ in longest],
                [slate for _, _, slate in longest],
                list(longest.values()),
            ],
        )


def _stand(interaction: Interaction) -> bool:
    """Bring the standing reactions up to date; say whether the interaction changed anything."""
    kind, mine = (
        Interaction.Kind(interaction.kind),
        {"user_id": interaction.user_id, "asset": interaction.asset},
    )
    if kind in _SEEN:
        _react(interaction, Reaction.Kind.SEEN)
    if kind in _UNDOES:
        deleted, _ = Reaction.objects.filter(kind=_UNDOES[kind], **mine).delete()
        return deleted > 0
    if kind in _VISITS:
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
