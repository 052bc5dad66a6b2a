"""Whom somebody follows or mutes, what they want of their feed, and that they be forgotten."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from recommendations.app.models import (
    Exposure,
    FeedChoices,
    Follow,
    Interaction,
    Item,
    Mute,
    Reaction,
    StoredSlate,
    ViewerState,
)
from recommendations.app.services.folding import refold_viewer
from recommendations.app.services.pairs import forget_pairs_of
from recommendations.core import heat as heats
from recommendations.core.taste import UNDONE
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.contracts.interactions import CreatorFollowed
from tidegate.contracts.ports import house_marks
from tidegate.events.services import announce
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput, NotAllowed, NotFound

_MOST_SILENCED: Final = 200
_LONGEST_FACET: Final = 140
_MOST_LANGUAGES: Final = 20
_FACETS: Final = ("creator:", "tag:", "model:", "modality:")


@transaction.atomic
def follow(*, viewer: Viewer, creator_id: UUID, is_following: bool) -> bool:
    """Follow a creator or stop; twice is once. Return whether it changed anything.

    Following ends a mute: nobody means both.

    Raises:
        NotAllowed: nobody is signed in.
        NotFound: there is no such person.
        InvalidInput: oneself.
    """
    user_id = _person(viewer, creator_id)
    if is_following:
        Mute.objects.filter(user_id=user_id, creator_id=creator_id).delete()
        _, is_new = Follow.objects.get_or_create(
            user_id=user_id, creator_id=creator_id, defaults={"at": now()}
        )
        changed = is_new
    else:
        deleted, _ = Follow.objects.filter(user_id=user_id, creator_id=creator_id).delete()
        changed = deleted > 0
    if changed:
        announce(
            CreatorFollowed(viewer_id=user_id, creator_id=creator_id, is_following=is_following)
        )
    return changed


@transaction.atomic
def mute(*, viewer: Viewer, creator_id: UUID, is_muted: bool) -> bool:
    """Show nothing of a creator in what is recommended any more, from the next page on; or again.

    Raises:
        NotAllowed, NotFound, InvalidInput: as `follow`.
    """
    user_id = _person(viewer, creator_id)
    if not is_muted:
        deleted, _ = Mute.objects.filter(user_id=user_id, creator_id=creator_id).delete()
        return deleted > 0
    follow(viewer=viewer, creator_id=creator_id, is_following=False)
    _, is_new = Mute.objects.get_or_create(
        user_id=user_id, creator_id=creator_id, defaults={"at": now()}
    )
    return is_new


@transaction.atomic
def choose(
    *,
    viewer: Viewer,
    is_personal: bool | None = None,
    rating: str | None = None,
    hides_covered: bool | None = None,
    languages: Sequence[str] | None = None,
    silenced: Sequence[str] | None = None,
) -> FeedChoices:
    """Change what somebody wants of their feed; what is None stays. It holds from the next page on.

    Raises:
        NotAllowed: nobody is signed in.
        InvalidInput: an unknown rating, or too many or malformed languages or interests.
    """
    choices = _choices(viewer)
    wrong: list[FieldError] = []
    if rating and rating not in house_marks().ratings():
        wrong.append(FieldError("/rating", "unknown_rating", "There is no such rating."))
    if languages is not None and (
        len(languages) > _MOST_LANGUAGES or any(not 2 <= len(one) <= 12 for one in languages)  # noqa: PLR2004  # the shortest and the longest codes there are
    ):
        wrong.append(
            FieldError("/languages", "invalid_languages", "Up to 20 codes such as en or zh-hans.")
        )
    if silenced is not None and (
        len(silenced) > _MOST_SILENCED
        or any(len(one) > _LONGEST_FACET or not one.startswith(_FACETS) for one in silenced)
    ):
        wrong.append(
            FieldError("/silenced", "invalid_interests", "Up to 200 interests, as they are listed.")
        )
    if wrong:
        raise InvalidInput(errors=wrong)
    if is_personal is not None:
        choices.is_personal = is_personal
    if rating is not None:
        choices.rating = rating
    if hides_covered is not None:
        choices.hides_covered = hides_covered
    if languages is not None:
        choices.languages = list(dict.fromkeys(languages))
    if silenced is not None:
        choices.silenced = list(dict.fromkeys(silenced))
    choices.changed_at = now()
    choices.save()
    return choices


@transaction.atomic
def reset_interests(*, viewer: Viewer) -> None:
    """Begin anew: what somebody did so far counts for nothing in what they are shown.

    Their likes stand, and what they hid stays hidden.

    Raises:
        NotAllowed: nobody is signed in.
    """
    choices = _choices(viewer)
    choices.forgets_before = choices.changed_at = now()
    choices.silenced = []
    choices.save()
    refold_viewer(user_id=choices.user_id)


@transaction.atomic
def forget_person(*, viewer: Viewer) -> dict[str, int]:
    """Erase all that recommendations know of a person; return how many rows of what.

    Their share in the popularity of things is taken back as far as it has not faded by itself, and
    what was counted of their walking from one thing to another with it. Twice is once.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    user_id = viewer.user_id
    # The same order of locks as where deeds are folded.
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    log = list(Interaction.objects.filter(user_id=user_id).order_by("folded_as", "at", "pk"))
    pairs = forget_pairs_of(log)
    _cool(log)
    gone = {"pairs": pairs}
    for name, rows in (
        ("interactions", Interaction.objects.filter(user_id=user_id)),
        ("reactions", Reaction.objects.filter(user_id=user_id)),
        ("exposures", Exposure.objects.filter(user_id=user_id)),
        ("slates", StoredSlate.objects.filter(Q(user_id=user_id) | Q(bound_to=user_id))),
        ("tastes", ViewerState.objects.filter(pk=user_id)),
        ("choices", FeedChoices.objects.filter(pk=user_id)),
        ("follows", Follow.objects.filter(user_id=user_id)),
        ("followers", Follow.objects.filter(creator_id=user_id)),
        ("mutes", Mute.objects.filter(user_id=user_id)),
    ):
        gone[name], _ = rows.delete()
    return gone


def _cool(log: Sequence[Interaction]) -> None:
    """Take back what this person's deeds added to the heat of things."""
    items = Item.objects.select_for_update().filter(
        pk__in={done.asset_id for done in log if done.is_folded}
    )
    heat = {item.pk: item for item in items.order_by("pk")}
    undone: set[UUID] = set()
    for done in reversed(log):
        item = heat.get(done.asset_id)
        if item is None or not done.is_folded or item.owner_id == done.user_id:
            continue
        if done.kind in UNDONE:
            undone.add(done.asset_id)
        elif done.kind in UNDONE.values() and done.asset_id in undone:
            undone.discard(done.asset_id)
        else:
            item.heat = heats.cooled(item.heat, done.kind, done.at)
    Item.objects.bulk_update(heat.values(), ["heat"])


def _person(viewer: Viewer, creator_id: UUID) -> UUID:
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    if creator_id == viewer.user_id:
        raise InvalidInput(errors=[FieldError("/creator_id", "not_yourself", "That is you.")])
    if not User.objects.filter(pk=creator_id, is_active=True).exists():
        raise NotFound("There is no such person.", code="creator_not_found")
    return viewer.user_id


def _choices(viewer: Viewer) -> FeedChoices:
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    User.objects.select_for_update(no_key=True).get(pk=viewer.user_id)
    found = FeedChoices.objects.filter(pk=viewer.user_id).first()
    return found or FeedChoices(user_id=viewer.user_id)
