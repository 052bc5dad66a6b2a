"""Care for reviewers: what they choose, what holds for everybody, and what they have seen."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.care_choices import CareChoice, HazardChoice, MannerChoice, RulesChoice
from moderation.core.care import Blur, CareRules
from moderation.core.hazards import Hazard
from tidegate.accounts.viewers import Viewer
from tidegate.api.forms import checked
from tidegate.api.v1.shapes import Flag, Text, Whole
from tidegate.api.views import View

_MOST = len(Hazard)
_BLURS = [blur.value for blur in Blur]
_USUAL = "null: as for everybody."


def _names(**given: Any) -> Any:
    """Return a field of hazards, each once, in an order."""
    return serializers.ListField(child=Text(max_length=64), max_length=_MOST, **given)


class HazardCareIn(serializers.Serializer[Any]):
    """What is different for one hazard."""

    blur = serializers.ChoiceField(choices=_BLURS, required=False, allow_null=True)
    is_grey = Flag(required=False, allow_null=True)


class CareIn(serializers.Serializer[Any]):
    """All that somebody chooses; what is left out is as for everybody."""

    blur = serializers.ChoiceField(
        choices=_BLURS, required=False, allow_null=True, help_text=_USUAL
    )
    is_grey = Flag(required=False, allow_null=True, help_text=_USUAL)
    is_muted = Flag(required=False, allow_null=True, help_text=_USUAL)
    has_stills = Flag(required=False, allow_null=True, help_text=_USUAL)
    by_hazard = serializers.DictField(child=HazardCareIn(), required=False)
    last = _names(
        required=False,
        allow_null=True,
        help_text="What comes after the others among cases as severe. " + _USUAL,
    )
    opted_out = _names(required=False, help_text="What is never given to you.")


class MannerIO(serializers.Serializer[Any]):
    """How cases are shown."""

    blur = serializers.ChoiceField(choices=_BLURS)
    is_grey = Flag()
    is_muted = Flag()
    has_stills = Flag()


class CareOut(serializers.Serializer[Any]):
    """What somebody chose, and what counts for them."""

    chosen = CareIn()
    effective = MannerIO(help_text="Of a case about no hazard with an override.")
    last = serializers.ListField(child=serializers.CharField())


class CareRulesIn(serializers.Serializer[Any]):
    """What a lead sets for everybody, and why."""

    defaults = MannerIO()
    floor = MannerIO(help_text="Nobody is shown more than that.")
    last = _names()
    work_minutes = Whole(help_text="A break is due after so long; 0: never.")
    exposures = Whole(help_text="A break is due after so many graphic cases; 0: never.")
    break_minutes = Whole()
    reason = Text(min_length=1, max_length=2000)


class CareRulesOut(serializers.Serializer[Any]):
    """What holds for everybody."""

    defaults = MannerIO()
    floor = MannerIO()
    last = serializers.ListField(child=serializers.CharField())
    work_minutes = serializers.IntegerField()
    exposures = serializers.IntegerField()
    break_minutes = serializers.IntegerField()


class CountOut(serializers.Serializer[Any]):
    """Different cases; `hazard` is empty for all graphic hazards together."""

    hazard = serializers.CharField(allow_blank=True)
    cases = serializers.IntegerField()
    opened = serializers.IntegerField()
    uncovered = serializers.IntegerField()
    decided = serializers.IntegerField()


class SeenOut(serializers.Serializer[Any]):
    """What was seen in a time."""

    total = CountOut()
    by_hazard = CountOut(many=True)


class BreakOut(serializers.Serializer[Any]):
    """A break that is due."""

    until = serializers.DateTimeField()
    because = serializers.CharField(help_text="`time` or `exposures`.")


class ExposureOut(serializers.Serializer[Any]):
    """One person's day and running sitting."""

    person_id = serializers.UUIDField()
    name = serializers.CharField()
    today = SeenOut()
    sitting = SeenOut()
    sitting_began_at = serializers.DateTimeField(allow_null=True)
    due = BreakOut(allow_null=True)


class OwnCare(View):
    """How the asker is shown what they judge."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="care_read", tags=["cases"], responses=CareOut)
    def get(self, request: Request) -> Response:
        """Read what you chose and what counts."""
        return Response(_own(self.viewer))

    @extend_schema(operation_id="care_choose", tags=["cases"], request=CareIn, responses=CareOut)
    def put(self, request: Request) -> Response:
        """Choose all of it anew. 400 names each field that is wrong or beneath the floor."""
        form = checked(CareIn, request.data)
        by_hazard = {
            name: HazardChoice(given.get("blur") or "", given.get("is_grey"))
            for name, given in form.pop("by_hazard", {}).items()
        }
        choice = CareChoice(by_hazard=by_hazard, **{**form, "blur": form.get("blur") or ""})
        services.choose_care(viewer=self.viewer, choice=choice)
        return Response(_own(self.viewer))


class OwnExposure(View):
    """What the asker has seen."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="exposure_read", tags=["cases"], responses=ExposureOut)
    def get(self, request: Request) -> Response:
        """Read how many graphic cases you have seen, and whether a break is due."""
        return Response(ExposureOut(selectors.exposure_of(self.viewer)).data)


class ReviewersExposure(View):
    """What all reviewers have seen, for who leads them."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="reviewers_exposure", tags=["cases"], responses=ExposureOut(many=True)
    )
    def get(self, request: Request) -> Response:
        """List everybody who may decide cases."""
        return Response(ExposureOut(selectors.exposures(self.viewer), many=True).data)


class CareRulesView(View):
    """What holds for everybody."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(operation_id="care_rules_read", tags=["cases"], responses=CareRulesOut)
    def get(self, request: Request) -> Response:
        """Read the defaults, the floor and when breaks are due."""
        selectors.care_for(self.viewer)  # which refuses whoever is no review staff
        return Response(_rules(selectors.care_rules()))

    @extend_schema(
        operation_id="care_rules_set", tags=["cases"], request=CareRulesIn, responses=CareRulesOut
    )
    def put(self, request: Request) -> Response:
        """Set them; policy admins only."""
        form = checked(CareRulesIn, request.data)
        reason = form.pop("reason")
        defaults, floor = (MannerChoice(**form.pop(name)) for name in ("defaults", "floor"))
        choice = RulesChoice(defaults=defaults, floor=floor, **form)
        services.set_care_rules(viewer=self.viewer, choice=choice, reason=reason)
        return Response(_rules(selectors.care_rules()))


def _own(viewer: Viewer) -> dict[str, Any]:
    row, care = selectors.chosen_by(viewer), selectors.care_for(viewer)
    chosen = {
        "blur": row.blur or None,
        "is_grey": row.is_grey,
        "is_muted": row.is_muted,
        "has_stills": row.has_stills,
        "by_hazard": row.by_hazard,
        "last": row.last,
        "opted_out": row.opted_out,
    }
    effective = MannerIO(care.manner).data
    return {"chosen": chosen, "effective": effective, "last": list(care.last)}


def _rules(rules: CareRules) -> dict[str, Any]:
    breaks = rules.breaks
    return {
        "defaults": MannerIO(rules.defaults).data,
        "floor": MannerIO(rules.floor).data,
        "last": list(rules.last),
        "work_minutes": int(breaks.work.total_seconds()) // 60,
        "exposures": breaks.exposures,
        "break_minutes": int(breaks.rest.total_seconds()) // 60,
    }
