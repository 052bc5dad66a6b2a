"""Running one job: claim it, let its generator work, deliver."""

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Protocol

from django.db import DatabaseError

from generation.app import board, selectors, services, tickets
from generation.app.claims import Claim, Failure, LostLease, Output, outputs_of
from generation.app.inputs import InputGone, bytes_of
from generation.app.pulse import Pulse
from generation.app.registry.asking import pieces_of
from generation.app.registry.selectors import model_of
from generation.app.transcript import TextBlocked, Transcript
from generation.core.catalogue import Model
from generation.core.seeds import seed_of
from generation.core.structured.answers import DoesNotFit, check_answer
from generation.core.triton import Cancelled, DeadlineExceeded, GeneratorUnavailable
from generation.core.wire import (
    Done,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    TextPiece,
    UnreadableEvent,
)
from tidegate.primitives.correlation import bind
from tidegate.primitives.ids import new_id

logger = logging.getLogger("generation.runner")

# Beyond a job's own deadline: reading the last bytes, the last window, storing.
GRACE_SECONDS = 60.0
# Nobody sees more, and on a small machine every step told is taken from the generator's time.
SECONDS_BETWEEN_STEPS = 0.25


class Generating(Protocol):
    """What a runner needs of `generation.core.triton.Generator`."""

    def stream(
        self,
        *,
        model: str,
        prompt: str,
        parameters: Mapping[str, object],
        seed: int,
        deadline_seconds: float,
        cancelled: Callable[[], bool],
        inputs: Mapping[str, bytes] = ...,
    ) -> Iterator[Piece]:
        """Yield the pieces of one output, `Done` last."""
        ...


class OutputMissed(RuntimeError):
    """The generator ended well, and there is no output that could be delivered."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


NOTHING_MADE = Failure(
    "nothing_made", "The model returned nothing; another seed may.", "generation", True
)
# The gate keeps what it blocked, for staff; nothing else of it is stored.
OUTPUT_BLOCKED = Failure(
    "output_blocked",
    "What the model wrote breaks the content rules, so it was stopped.",
    "generation",
    True,
)
ANSWER_CUT = Failure(
    "answer_cut",
    "The answer was not whole when it reached max_tokens; give it more, or ask for less.",
    "generation",
    True,
)


def run_next(*, modality: str, generator: Generating) -> bool:
    """Run the fairest job of a modality; False when nothing waits.

    What may heal puts the job back, what never can ends it. Anything unforeseen puts it back a few
    times, and is raised; where even that fails, the lease runs out and the sweeper decides.
    """
    claim = services.claim_job(modality=modality, worker=_worker_name())
    if claim is None:
        return False
    with bind(claim.correlation_id):
        try:
            _run(claim, generator)
        except LostLease:
            logger.warning("job %s went to another worker; its output is dropped", claim.job_id)
    if tickets.waiting(modality) == 0 and selectors.is_anybody_waiting(modality):
        # Tickets that met a limit were spent on nothing; a place below it may be free again.
        tickets.issue(modality)
    return True


def _run(claim: Claim, generator: Generating) -> None:
    model = model_of(claim.model_name, claim.model_version)
    if model is None:
        failure = Failure(
            "model_withdrawn", "This model is no longer offered.", "generation", False
        )
        services.fail_job(claim=claim, failure=failure)
        return
    limit = model.limits.deadline_seconds
    with Pulse(claim, longest_seconds=limit * len(claim.missing) + GRACE_SECONDS) as pulse:
        try:
            _make_all(claim, model, generator, pulse)
        except Cancelled:
            if pulse.is_lost:
                raise LostLease from None
            services.stop_job(claim=claim)
        except GeneratorUnavailable as error:
            logger.warning("job %s waits for its generator: %s", claim.job_id, error)
            services.postpone_job(claim=claim, detail=str(error))
        except InvalidRequest as error:
            failure = Failure("invalid_request", str(error)[:500], "generation", False)
            services.fail_job(claim=claim, failure=failure)
        except InputGone as error:
            failure = Failure("input_unavailable", str(error), "generation", False)
            services.fail_job(claim=claim, failure=failure)
        except DeadlineExceeded:
            failure = Failure(
                "deadline_exceeded", f"It was not done after {limit} s.", "generation", True
            )
            services.fail_job(claim=claim, failure=failure)
        except LostLease:
            raise
        except Exception as error:
            _put_back(claim, error)
            raise


def _make_all(claim: Claim, model: Model, generator: Generating, pulse: Pulse) -> None:
    """Make what is missing, output by output; each is delivered as soon as it is made."""
    pictures: dict[str, bytes] = {}
    if model.image_parameters:
        pictures = bytes_of(claim.job_id, claim.requested_by_id)
    for index in claim.missing:
        is_last = index == claim.missing[-1]
        try:
            output, version = _generate(claim, index, model, generator, pulse, pictures)
        except OutputMissed as missed:
            services.miss_output(claim=claim, index=index, failure=missed.failure, is_last=is_last)
            continue
        if is_last:
            services.finish_job(
                claim=claim, outputs=[output], model_version=version, first_index=index
            )
        else:
            services.deliver_output(claim=claim, index=index, output=output, model_version=version)


def _put_back(claim: Claim, error: Exception) -> None:
    """Let what broke in an unforeseen way be tried again soon, not when its lease runs out."""
    try:
        services.postpone_job(claim=claim, detail=repr(error), reason="unforeseen_error")
    except (LostLease, DatabaseError) as further:
        logger.warning("job %s could not be put back: %s", claim.job_id, further)


def _generate(  # noqa: C901, PLR0917  private, each of another type; one case per kind of piece
    claim: Claim,
    index: int,
    model: Model,
    generator: Generating,
    pulse: Pulse,
    pictures: Mapping[str, bytes],
) -> tuple[Output, str]:
    """Make one output. Only the first one's text is shown while it is written."""
    ids = {parameter.name for parameter in model.image_parameters}
    transcript = Transcript(claim if index == 0 else replace(claim, is_text_withheld=True))
    media: list[Media] = []
    end = Done("", "")
    began = time.monotonic()
    told = -math.inf
    ask = partial(
        generator.stream,
        model=model.triton_model,
        prompt=claim.prompt,
        parameters={name: value for name, value in claim.parameters.items() if name not in ids},
        inputs=pictures,
        seed=seed_of(claim.seed, index),
        deadline_seconds=float(model.limits.deadline_seconds),
        cancelled=pulse.should_stop,
    )
    pieces = pieces_of(
        ask, triton_model=model.triton_model, hold=pulse.hold, cancelled=pulse.should_stop
    )
    try:
        # Closed at once whatever ends it: to close it is to cancel the request at the server.
        with closing(pieces):
            for piece in pieces:
                match piece:
                    case TextPiece(text=text):
                        transcript.add(text)
                    case Progress(step=step, steps=steps):
                        at = time.monotonic()
                        place = _place(claim, index, step, steps, at - began)
                        pulse.note(place)
                        if at - told >= SECONDS_BETWEEN_STEPS or step == steps:
                            board.publish(claim.job_id, "progress", place)
                            told = at
                    case Media():
                        media.append(piece)
                    case Done():
                        end = piece
        if model.modality == "text":
            transcript.close()
    except TextBlocked:
        raise OutputMissed(OUTPUT_BLOCKED) from None
    if model.modality == "text":
        outputs = _texts_of(transcript.text.strip(), claim, model, end)
    else:
        outputs = _outputs_of(media, model)
    if not outputs:
        raise OutputMissed(NOTHING_MADE)
    return outputs[0], end.model_version


def _texts_of(text: str, claim: Claim, model: Model, end: Done) -> list[Output]:
    """Return the text as an output; one that was to be JSON of a schema only if it is.

    The model's grammar has seen to it already, but not every model server keeps its word.
    """
    parameter = model.schema_parameter
    schema = claim.parameters.get(parameter.name) if parameter else None
    if not text or not isinstance(schema, dict):
        return [Output("text/plain", text.encode(), text=text)] if text else []
    try:
        check_answer(schema, text)
    except DoesNotFit as error:
        if end.finish_reason == "length":
            raise OutputMissed(ANSWER_CUT) from error
        detail = f"The model's answer does not fit json_schema: {error}"[:500]
        raise OutputMissed(Failure("answer_unfit", detail, "generation", True)) from error
    return [Output("application/json", text.encode(), text=text)]


def _place(claim: Claim, index: int, step: int, steps: int, seconds: float) -> dict[str, int]:
    """How far the job is: `step` of `steps` of output `output` of `outputs`.

    `eta_seconds` says how much longer it takes at the pace of this output so far.
    """
    further = sum(other > index for other in claim.missing)
    left = max(0, steps - step) + further * steps
    place = {"step": step, "steps": steps, "eta_seconds": math.ceil(left * seconds / max(1, step))}
    if claim.outputs_wanted > 1:
        place |= {"output": index, "outputs": claim.outputs_wanted}
    return place


def _outputs_of(media: list[Media], model: Model) -> list[Output]:
    try:
        return outputs_of(media)
    except UnreadableEvent as error:
        raise GeneratorUnavailable(f"{model.triton_model}: {error}") from error


def _worker_name() -> str:
    thread = threading.get_ident() % 100_000
    # The id makes each claim of one worker a lease of its own.
    return f"{socket.gethostname()[:60]}/{os.getpid()}/{thread}/{new_id().hex[-12:]}"
