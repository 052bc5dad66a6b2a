"""The file of consequences: what it may say, read strictly, as the policy file is."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from moderation.core.hazards import Hazard

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Points = Annotated[int, Field(ge=0, le=1_000)]
RestrictionKind = Literal["cooldown", "no_public", "hold_all", "suspended"]
NoticeBasis = Literal["copyright", "privacy", "court_order", "authority", "other"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StrikeTermsFile(_Strict):
    """What one strike weighs and how long."""

    points: Points
    days: Annotated[int, Field(ge=1, le=36_500)]
    beyond_daily_limit: bool = False


class StrikesFile(_Strict):
    """Strikes by hazard."""

    most_points_a_day: Annotated[int, Field(ge=1)]
    automatic_from: Annotated[int, Field(ge=0, le=100)] | None = None
    default: StrikeTermsFile
    hazards: dict[Hazard, StrikeTermsFile] = {}


class RestrictionTermsFile(_Strict):
    """From how many points on, and for how long."""

    kind: RestrictionKind
    at: Annotated[int, Field(ge=1)]
    hours: Annotated[int, Field(ge=1, le=876_000)] | None


class PriorFile(_Strict):
    """Parameters of the Beta distribution that a reporter's record begins with."""

    upheld: Annotated[float, Field(gt=0)]
    rejected: Annotated[float, Field(gt=0)]


class NewAccountFile(_Strict):
    """How an account counts while it is new."""

    days: Annotated[int, Field(ge=0)]
    share: Share


class TogetherFile(_Strict):
    """Which reports belong together, and how they count then."""

    share: Annotated[float, Field(ge=0.0, lt=1.0)]
    burst_minutes: Annotated[int, Field(ge=0)]
    alike_characters: Annotated[int, Field(ge=1)]


class ReportsFile(_Strict):
    """How much a report counts."""

    hold_at_once: list[Hazard] = []
    hold_at_once_weight: Annotated[float, Field(ge=0.0)]
    prior: PriorFile
    new_account: NewAccountFile
    together: TogetherFile


class ConsequencesFile(_Strict):
    """The whole file."""

    strikes: StrikesFile
    restrictions: list[RestrictionTermsFile]
    recent_hours: Annotated[int, Field(ge=0)]
    lineage_at_once: Annotated[int, Field(ge=1)]
    reports: ReportsFile
    notices_hold_at_once: list[NoticeBasis] = []

    @model_validator(mode="after")
    def _mildest_first(self) -> "ConsequencesFile":
        kinds = [one.kind for one in self.restrictions]
        points = [one.at for one in self.restrictions]
        if len(set(kinds)) != len(kinds):
            raise ValueError("a kind of restriction is named once")
        if points != sorted(set(points)):
            raise ValueError("restrictions are named from the fewest points to the most")
        return self
