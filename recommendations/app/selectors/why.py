"""Why something was shown: the source, what spoke for it, what chance had to do with it."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommendations.app.models import StoredSlate
from recommendations.app.ranker import model_in_force
from recommendations.app.selectors.pages import (
    Reason,
    bound_to,
    is_covered,
    reason_for,
    recommendable,
)
from recommendations.app.slates import unpacked_features, unpacked_places
from recommendations.core.candidates import Source
from recommendations.core.ranking import ACTIONS, FEATURES
from tidegate.accounts.viewers import Viewer
from tidegate.contracts.ports import house_marks
from tidegate.primitives.errors import NotFound

_TELLING: Final = 0.05
_WORDS: Final = {
    "taste": gettext_lazy("It is close to what you have liked."),
    "lately": gettext_lazy("It is close to what you looked at in the last hours."),
    "aversion": gettext_lazy("It is close to what you hid, which speaks against it."),
    "together": gettext_lazy("Others who turned to the same things went on to it."),
    "creator": gettext_lazy("You have liked works of its author."),
    "tags": gettext_lazy("It has words in it that you are drawn to."),
    "model": gettext_lazy("It was made with a model whose works you like."),
    "followed": gettext_lazy("You follow its author."),
    "popular": gettext_lazy("Many like it these days."),
    "fresh": gettext_lazy("It is new."),
    "quality": gettext_lazy("Of those who were shown it, many opened it."),
    "seen": gettext_lazy("You have opened it before, which speaks against it."),
}


@dataclass(frozen=True, slots=True)
class Ground:
    """One thing that spoke for or against an item: how strongly, on the scale of the model."""

    feature: str
    text: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item stood where it stood.

    `propensity` is the chance it had to get this place: below 1, it was drawn. `visibility` says
    why it may be recommended at all: "released", "interstitial", "followers".
    """

    reason: Reason
    position: int
    is_explored: bool
    propensity: float
    grounds: tuple[Ground, ...]
    model: str
    visibility: str
    visibility_text: str


def why(viewer: Viewer, slate_id: UUID, asset_id: UUID) -> Explanation:
    """Explain one place of one of the viewer's own slates.

    What may no longer be recommended is not explained either: that would show that it is there.

    Raises:
        NotFound: no such slate of theirs, or nothing of that name in it that they may see now.
    """
    missing = NotFound("There is no such place in a feed of yours.", code="place_not_found")
    stored = StoredSlate.objects.filter(pk=slate_id).first()
    if stored is None or stored.bound_to != bound_to(viewer):
        raise missing
    places = unpacked_places(stored.places)
    index = next((at for at, place in enumerate(places) if place.asset_id == asset_id), None)
    if index is None:
        raise missing
    place = places[index]
    wanted = [one for one in (place.asset_id, place.anchor_id) if one is not None]
    assets = recommendable(viewer, wanted)
    asset = assets.get(place.asset_id)
    if asset is None:
        raise missing
    features = unpacked_features(stored.features)
    model = model_in_force()
    grounds: list[Ground] = []
    if index < len(features):
        row = model.weights[ACTIONS.index("like")] * features[index]
        for column in (-abs(row)).argsort(kind="stable"):
            name = FEATURES[column]
            if name in _WORDS and abs(row[column]) >= _TELLING:
                grounds.append(
                    Ground(
                        name,
                        str(_WORDS[name]),
                        float(features[index, column]),
                        float(row[column]),
                    )
                )
    marks = house_marks()
    if marks.is_limited(asset.rating, asset.labels):
        visibility, text = "followers", _("Shown to followers and colleagues of its author only.")
    elif is_covered(asset):
        visibility, text = "interstitial", _("Released, and covered until you open it.")
    else:
        visibility, text = "released", _("Released after it was checked.")
    anchor = assets.get(place.anchor_id) if place.anchor_id else None
    return Explanation(
        reason=reason_for(place, asset, anchor),
        position=index + 1,
        is_explored=place.source == Source.EXPLORE,
        propensity=place.propensity,
        grounds=tuple(grounds),
        model=stored.model,
        visibility=visibility,
        visibility_text=text,
    )
