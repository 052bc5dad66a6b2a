"""What a worker holds while it runs a job, and what it brings back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from uuid import UUID

from generation.app.models import Job
from generation.core.catalogue.model import Value
from generation.core.retries import REASONS
from generation.core.wire import ORIGINAL, Media, UnreadableEvent

LEASE = timedelta(seconds=15)
HEARTBEAT_SECONDS = 4.0
CANCEL_CHECK_SECONDS = 1.0
MAXIMUM_INTERRUPTIONS = REASONS["interrupted_too_often"].retries
# How many jobs of one modality run at once for one organisation or person, where no `Cap` says so.
MOST_RUNNING = {"organisation": 128, "person": 64}


class LostLease(Exception):
    """The job is no longer this worker's; whatever it made is dropped."""


class Beat(Enum):
    """What a heartbeat learns."""

    GO_ON = "go on"
    CANCEL = "cancel"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Claim:
    """A job as its worker sees it; `lease_owner` and `attempt` fence every write.

    `delivered` are the outputs that an earlier attempt made, or found impossible.
    """

    job_id: UUID
    organisation_id: UUID
    project_id: UUID
    requested_by_id: UUID
    correlation_id: UUID
    model_name: str
    model_version: str
    modality: str
    prompt: str
    parameters: Mapping[str, Value]
    seed: int
    attempt: int
    lease_owner: str
    released_text: str
    is_text_withheld: bool
    outputs_wanted: int = 1
    delivered: frozenset[int] = frozenset()

    @property
    def missing(self) -> list[int]:
        """The outputs that are still to be made, in order."""
        return [index for index in range(self.outputs_wanted) if index not in self.delivered]


@dataclass(frozen=True, slots=True)
class Output:
    """One finished output: a text or the bytes of a medium. Pixels and milliseconds.

    `text` is what the gate judges as words. `renditions` are its further forms: the poster of a
    film, the score of a tune.
    """

    media_type: str
    data: bytes
    text: str = ""
    width: int | None = None
    height: int | None = None
    duration_ms: int | None = None
    renditions: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed. `stage` is where; `does_retry_help` is what its asker is told."""

    code: str
    detail: str
    stage: str
    does_retry_help: bool


def claim_of(job: Job, *, delivered: frozenset[int] = frozenset()) -> Claim:
    """Return the claim that a job under a fresh lease stands for."""
    return Claim(
        job_id=job.pk,
        organisation_id=job.organisation_id,
        project_id=job.project_id,
        requested_by_id=job.requested_by_id,
        correlation_id=job.correlation_id,
        model_name=job.model_name,
        model_version=job.model_version,
        modality=job.modality,
        prompt=job.prompt,
        parameters=job.parameters,
        seed=job.seed,
        attempt=job.attempt,
        lease_owner=job.lease_owner,
        released_text=job.released_text,
        is_text_withheld=job.is_text_withheld or job.is_prompt_held,
        outputs_wanted=job.outputs_wanted,
        delivered=delivered,
    )


def outputs_of(media: Sequence[Media]) -> list[Output]:
    """Return the outputs that a generator's files make up, in the order of their originals.

    The words of further renditions (notation, captions) become the output's text, so that the
    gate judges them as it judges any text.

    Raises:
        UnreadableEvent: a rendition without an original before it, or a form given twice.
    """
    groups: list[list[Media]] = []
    for item in media:
        if item.rendition == ORIGINAL:
            groups.append([item])
        elif not groups:
            raise UnreadableEvent(f"a {item.rendition} came before any original")
        elif item.rendition in {known.rendition for known in groups[-1]}:
            raise UnreadableEvent(f"an output has two renditions called {item.rendition}")
        else:
            groups[-1].append(item)
    return [
        Output(
            media_type=original.media_type,
            data=original.data,
            text="\n\n".join(_words(item) for item in further if _is_words(item)),
            width=original.width,
            height=original.height,
            duration_ms=original.duration_ms,
            renditions=tuple(further),
        )
        for original, *further in groups
    ]


def _is_words(item: Media) -> bool:
    return item.media_type.startswith("text/")


def _words(item: Media) -> str:
    # PostgreSQL keeps no NUL in a text.
    return item.data.decode("utf-8", "replace").replace("\0", "")
