"""A threshold that people's verdicts speak for becomes a draft of the policy, and no more."""

from django.db import transaction
from pydantic import ValidationError

from moderation.app.models import PolicyVersion
from moderation.app.roles import require_policy_admin
from moderation.app.selectors.calibration import Place, threshold_at
from moderation.app.services.policy_moves import propose_policy
from moderation.core import tightening
from moderation.core.policy import parse
from moderation.core.policy_file import PolicyFile, ThresholdFile
from tidegate.accounts.viewers import Viewer
from tidegate.primitives.errors import Conflict, InvalidInput

_TITLE = "The policy that was in force, with one threshold changed."


@transaction.atomic
def propose_threshold(
    *, surface: str, detector: str, hazard: str, hold_at: float, viewer: Viewer, reason: str
) -> PolicyVersion:
    """Keep the policy in force with another threshold as a draft, which lives as any draft does.

    It is shadowed or backtested, approved by a second person, tried and put in force, or not.

    Raises:
        NotAllowed: not a policy admin.
        InvalidInput: the policy has no threshold there, or cannot have this one.
        Conflict: no policy is in force.
    """
    require_policy_admin(viewer)
    active = PolicyVersion.objects.filter(state=PolicyVersion.State.ACTIVE).first()
    if active is None:
        raise Conflict("No policy is in force.", code="no_policy_in_force")
    policy = parse(active.source)
    place = Place(surface, detector, hazard)
    if not 0.0 < hold_at <= 1.0:
        raise InvalidInput(
            "A threshold is a probability above 0, up to 1.",
            code="threshold_invalid",
            pointer="/hold_at",
        )
    if threshold_at(policy, place) is None:
        raise InvalidInput(
            f"The policy in force has no threshold for {hazard} by {detector} on {surface}.",
            code="threshold_unknown",
            pointer="/hazard",
        )
    try:
        changed = _changed(policy.file, place, hold_at)
    except ValidationError as error:
        raise InvalidInput(
            f"It cannot hold from {hold_at:g}: {error.errors()[0]['msg']}.",
            code="threshold_invalid",
            pointer="/hold_at",
        ) from error
    return propose_policy(
        source=tightening.written(changed, title=_TITLE), viewer=viewer, reason=reason
    )


def _changed(file: PolicyFile, place: Place, hold_at: float) -> PolicyFile:
    """Return the file with one threshold changed, for this detector alone."""
    surfaces = dict(file.surfaces)
    (name,) = (one for one in surfaces if one == place.surface)
    rules = surfaces[name]
    (hazard,) = (
        one
        for one in {**rules.thresholds, **rules.by_detector.get(place.detector, {})}
        if one == place.hazard
    )
    own = rules.by_detector.get(place.detector, {})
    threshold = own.get(hazard) or rules.thresholds[hazard]
    new = ThresholdFile(hold_at=hold_at, block_at=threshold.block_at)
    by_detector = {**rules.by_detector, place.detector: {**own, hazard: new}}
    surfaces[name] = rules.model_copy(update={"by_detector": by_detector})
    return file.model_copy(update={"surfaces": surfaces})
