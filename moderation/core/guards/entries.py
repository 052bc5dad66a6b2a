"""Entries of guard models: which one, where it lies, how it is loaded; and their Triton folders.

An operator writes them in a YAML file (`TIDEGATE_GUARDS_FILE`); each becomes a model of Triton and,
by its name, a detector that the policy may demand.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from moderation.core.guards import FAMILIES

ENTRY_FILE: Final = "guard.json"
_MODEL: Final = '''"""Triton model: the guard {name}; see {entry} beside this file."""

from moderation.serving.tidegate_guards.guard_text import TritonPythonModel

__all__ = ["TritonPythonModel"]
'''
_CONFIG: Final = """name: "{name}"
backend: "python"
max_batch_size: {batch}
dynamic_batching {{ max_queue_delay_microseconds: {delay} }}
input [ {{ name: "CONTENT" data_type: TYPE_STRING dims: [ 1 ] }} ]
output [ {{ name: "RESULT" data_type: TYPE_STRING dims: [ 1 ] }} ]
instance_group [ {{ count: 1 kind: KIND_CPU }} ]
"""


class InvalidGuards(ValueError):
    """A file of guards that cannot be used; the message names every place that is wrong."""


class GuardEntry(BaseModel):
    """One guard model.

    Attributes:
        name: of the detector and of Triton's model.
        family: whose format it was taught, one of `FAMILIES`.
        source: an absolute path, a folder of the models directory, or a hub id that is in the
            cache. Weights are safetensors; code beside them is never run.
        role: whose words it judges: what people ask, or what a model answered.
        longest_tokens: of a text; a longer one is no answer, which holds.
        least_mass: how probable the format's answers must be together (0..1). A model that would
            say something else has not answered.
        detail_from: from which probability of "not safe" on categories are asked for.
        batch, queue_delay_ms: Triton's dynamic batching.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    family: str
    source: Annotated[str, Field(min_length=1, max_length=250)]
    revision: str | None = None
    role: Literal["user", "assistant"] = "user"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d{1,2})?)$")] = "auto"
    device_map: Literal["none", "auto", "balanced"] = "none"
    quantisation: Literal["none", "bitsandbytes-8bit", "bitsandbytes-4bit"] = "none"
    threads: Annotated[int, Field(ge=1, le=256)] = 1
    longest_tokens: Annotated[int, Field(ge=16, le=131_072)] = 4_096
    least_mass: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    detail_from: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    batch: Annotated[int, Field(ge=1, le=64)] = 8
    queue_delay_ms: Annotated[int, Field(ge=0, le=1000)] = 5

    @model_validator(mode="after")
    def _is_known(self) -> "GuardEntry":
        if self.family not in FAMILIES:
            raise ValueError(f"family {self.family!r} is none of {', '.join(FAMILIES)}")
        if self.device_map != "none" and self.device != "auto":
            raise ValueError("device_map spreads over the GPUs: leave device out")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    guards: list[GuardEntry]


def read(text: str) -> tuple[GuardEntry, ...]:
    """Read a file of guards.

    Raises:
        InvalidGuards: it is no YAML, breaks a rule, or names one model twice.
    """
    try:
        entries = _File.model_validate(yaml.safe_load(text)).guards
    except yaml.YAMLError as error:
        raise InvalidGuards(f"this is no YAML: {error}") from error
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(map(str, one['loc'])) or 'guards'}: {one['msg']}" for one in error.errors()
        )
        raise InvalidGuards(places) from error
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidGuards(f"guards of one name: {', '.join(twice)}")
    return tuple(entries)


def entry_of(document: Mapping[str, Any]) -> GuardEntry:
    """Read an entry as its model folder keeps it."""
    return GuardEntry.model_validate(document)


def write_folders(entries: Sequence[GuardEntry], repository: Path) -> None:
    """Write the entries' model folders into a Triton model repository."""
    for entry in entries:
        folder = repository / entry.name
        version = folder / "1"
        version.mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(
            name=entry.name, batch=entry.batch, delay=entry.queue_delay_ms * 1_000
        )
        (folder / "config.pbtxt").write_text(config, "utf-8")
        (version / "model.py").write_text(_MODEL.format(name=entry.name, entry=ENTRY_FILE), "utf-8")
        (version / ENTRY_FILE).write_text(
            json.dumps(entry.model_dump(mode="json"), indent=1), "utf-8"
        )
