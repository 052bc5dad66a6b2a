"""What is looked at again, as data: `policies/quality.yaml`, or a file of the deployment."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

DEFAULT_QUALITY_RULES: Final = Path(__file__).parent / "policies" / "quality.yaml"

Chance = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3_650)]


class InvalidQualityRules(Exception):
    """The file cannot be obeyed; the message says what and where."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SecondReview(_Strict):
    """How likely a ruling of a person is looked at by another, who does not learn of the first."""

    base: Chance
    uncertainty: Chance
    record: Chance
    most: Chance
    record_days: Days


class Automation(_Strict):
    """How much of what the checks decided alone people decide, too."""

    releases: Chance
    blocks: Chance
    most_waiting: Annotated[int, Field(ge=0)]


class Given(_Strict):
    """How many of the cases that somebody is given are none that wait."""

    second_reviews: Chance
    golden: Chance
    samples: Chance
    never_before: Annotated[int, Field(ge=0, le=100)]


class Calibration(_Strict):
    """When a threshold is proposed, and for which precision."""

    precision: Annotated[float, Field(gt=0, lt=1)]
    least_labels: Annotated[int, Field(ge=1)]
    least_of_each: Annotated[int, Field(ge=1)]
    days: Days


class QualityRules(_Strict):
    """All of the file."""

    second_review: SecondReview
    automation: Automation
    given: Given
    calibration: Calibration


@dataclass(frozen=True, slots=True)
class Record:
    """How often a reviewer's rulings were looked at again, and how often the other agreed."""

    looked_at: int
    agreed: int


def load(path: Path = DEFAULT_QUALITY_RULES) -> QualityRules:
    """Read what is looked at again.

    Raises:
        InvalidQualityRules: the file says something that cannot be obeyed.
        OSError: it cannot be read.
    """
    return parse(path.read_text("utf-8"), where=str(path))


def parse(source: str, *, where: str = "the rules of quality") -> QualityRules:
    """As `load`, from the text itself."""
    try:
        return QualityRules.model_validate(yaml.safe_load(source))
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidQualityRules(f"{where}: {error}") from error
