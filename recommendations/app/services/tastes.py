"""Tastes and heat: the fold of the interaction log, event by event."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from recommendations.app.models import Interaction, Item, ViewerState
from recommendations.core import heat as heats
from recommendations.core.taste import Deed, Liked, Taste, fold
from recommendations.core.vectors import vector
from tidegate.accounts.models import User


@transaction.atomic
def apply_interaction(*, interaction_id: UUID) -> None:
    """Fold one interaction into its viewer's taste and its item's heat.

    Runs once per event: the caller's inbox row commits with it.
    """
    done = Interaction.objects.filter(pk=interaction_id).first()
    if done is None:
        # The account or the asset was erased since, and its interactions with it.
        return
    item = Item.objects.select_for_update().filter(pk=done.asset_id).first()
    undoes = _given_at(done) if done.kind == Interaction.Kind.UNLIKE else None
    _fold_state(done, item, undoes)
    done.is_folded = True
    done.save(update_fields=["is_folded"])
    if item is None or item.owner_id == done.user_id:
        # Nobody makes their own things popular.
        return
    if undoes is not None:
        item.heat = heats.cooled(item.heat, "like", undoes)
    else:
        item.heat = heats.heated(item.heat, done.kind, done.at)
    item.save(update_fields=["heat"])


@transaction.atomic
def refold_viewer(*, user_id: UUID) -> ViewerState | None:
    """Compute a viewer's taste again from all that was folded; None when nothing was."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    log = list(Interaction.objects.filter(user_id=user_id, is_folded=True).order_by("at", "pk"))
    if not log:
        return None
    vectors = dict(
        Item.objects.filter(
            pk__in={done.asset_id for done in log}, embedding__isnull=False
        ).values_list("pk", "embedding")
    )
    given: dict[UUID, datetime] = {}
    taste = Taste.blank(log[0].at)
    for done in log:
        if done.kind == Interaction.Kind.LIKE:
            given[done.asset_id] = done.at
        found = vectors.get(done.asset_id)
        taste = fold(
            taste,
            Deed(
                kind=done.kind,
                asset_id=done.asset_id,
                at=done.at,
                vector=None if found is None else vector(found),
                undoes=given.pop(done.asset_id, None) if done.kind == "unlike" else None,
            ),
        )
    return _store(user_id, taste)


def _fold_state(done: Interaction, item: Item | None, undoes: datetime | None) -> None:
    # The user's row is the lock: the state may not exist yet, and two first deeds may meet.
    User.objects.select_for_update(no_key=True).get(pk=done.user_id)
    state = ViewerState.objects.filter(pk=done.user_id).first()
    embedding = None if item is None or item.embedding is None else vector(item.embedding)
    taste = fold(
        _taste_of(state) if state else Taste.blank(done.at),
        Deed(
            kind=done.kind,
            asset_id=done.asset_id,
            at=done.at,
            vector=embedding,
            undoes=undoes,
        ),
    )
    _store(done.user_id, taste)


def _given_at(unlike: Interaction) -> datetime | None:
    """Return when the like was given that this unlike took back."""
    like = (
        Interaction.objects.filter(
            user_id=unlike.user_id,
            asset_id=unlike.asset_id,
            kind=Interaction.Kind.LIKE,
            is_effective=True,
            at__lte=unlike.at,
        )
        .order_by("-at")
        .first()
    )
    return like.at if like else None


def _taste_of(state: ViewerState) -> Taste:
    return Taste(
        at=state.at,
        positive=vector(state.positive),
        positive_weight=state.positive_weight,
        negative=vector(state.negative),
        negative_weight=state.negative_weight,
        liked=tuple(
            Liked(UUID(asset_id), datetime.fromisoformat(at)) for asset_id, at in state.liked
        ),
    )


def _store(user_id: UUID, taste: Taste) -> ViewerState:
    direction = taste.direction()
    state, _ = ViewerState.objects.update_or_create(
        user_id=user_id,
        defaults={
            "direction": direction,
            "positive": taste.positive,
            "positive_weight": taste.positive_weight,
            "negative": taste.negative,
            "negative_weight": taste.negative_weight,
            "liked": [[str(like.asset_id), like.at.isoformat()] for like in taste.liked],
            "at": taste.at,
        },
    )
    return state
