"""Tables of the generation service."""

from generation.app.models.bars import Bar
from generation.app.models.compositions import Composition, CompositionPart
from generation.app.models.inputs import JobInput
from generation.app.models.jobs import Job, JobOutput
from generation.app.models.presets import Preset, PresetVersion
from generation.app.models.queue import Bell, Cap, Lane, OrganisationShare, QueueClock
from generation.app.models.registry import ModelVersion, RegisteredModel, RegistryStamp, Served

__all__ = [
    "Bar",
    "Bell",
    "Cap",
    "Composition",
    "CompositionPart",
    "Job",
    "JobInput",
    "JobOutput",
    "Lane",
    "ModelVersion",
    "OrganisationShare",
    "Preset",
    "PresetVersion",
    "QueueClock",
    "RegisteredModel",
    "RegistryStamp",
    "Served",
]
