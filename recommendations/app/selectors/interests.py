"""What is known of somebody's interests, for themselves: in words, with what each weighs."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from recommendations.app.models import FeedChoices, Interaction
from recommendations.app.selectors.retrieval import known_of
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed

_MOST: Final = 40
_LEAST: Final = 0.01


@dataclass(frozen=True, slots=True)
class Interest:
    """A facet, what it is called, and how much somebody is drawn to it: below 0, away from it."""

    facet: str
    kind: str
    name: str
    weight: float
    is_silenced: bool


@dataclass(frozen=True, slots=True)
class Interests:
    """Everything that a feed goes by: facets, choices, and how much there is behind them."""

    interests: tuple[Interest, ...]
    choices: FeedChoices
    deeds: int


def interests_of(viewer: Viewer) -> Interests:
    """Return what a viewer's feed goes by, the strongest first.

    Raises:
        NotAllowed: nobody is signed in.
    """
    if viewer.user_id is None:
        raise NotAllowed("Sign in first.", code="sign_in_first")
    known = known_of(viewer)
    choices = known.choices or FeedChoices(user_id=viewer.user_id, changed_at=now())
    silenced = set(choices.silenced)
    weights: dict[str, float] = {}
    if known.taste is not None:
        moment = now()
        weights = {facet: it.now(moment) for facet, it in known.taste.affinities.items()}
    facets = [facet for facet, weight in weights.items() if abs(weight) >= _LEAST]
    facets.sort(key=lambda facet: (-abs(weights[facet]), facet))
    facets = [*facets[:_MOST], *sorted(silenced - set(facets[:_MOST]))]
    names = _creators(facets)
    found = [
        Interest(
            facet=facet,
            kind=facet.partition(":")[0],
            name=names.get(facet, facet.partition(":")[2]),
            weight=weights.get(facet, 0.0),
            is_silenced=facet in silenced,
        )
        for facet in facets
        # A creator who is gone has no name to show, and nothing that could be recommended.
        if not facet.startswith("creator:") or facet in names
    ]
    deeds = Interaction.objects.filter(user_id=viewer.user_id, is_folded=True)
    if choices.forgets_before is not None:
        deeds = deeds.filter(at__gt=choices.forgets_before)
    return Interests(tuple(found), choices, deeds.count())


def _creators(facets: list[str]) -> dict[str, str]:
    ids = [UUID(facet.partition(":")[2]) for facet in facets if facet.startswith("creator:")]
    rows = User.objects.filter(pk__in=ids, is_active=True).values_list("pk", "display_name")
    return {f"creator:{key}": name for key, name in rows}
