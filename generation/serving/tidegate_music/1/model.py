"""Triton model: a tune as sound, score, notation and MIDI, from English or Chinese words."""

import json
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
import triton_python_backend_utils as pb_utils

from generation.core.music.harmony import harmonised, symbols
from generation.core.music.notation import Heading, written
from generation.core.music.performance import performed
from generation.core.music.titles import title_of
from generation.core.music.tune import METRES, RHYTHMS
from generation.core.music.wishes import (
    BARS,
    FASTEST,
    INSTRUMENTS,
    MOODS,
    SLOWEST,
    ImpossibleWish,
    Plan,
    Wish,
    plan,
)
from generation.core.wire import (
    INVALID_PREFIX,
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    decode_request,
    encode_event,
)
from generation.serving.tidegate_music import midi, score, sound
from generation.serving.tidegate_music.composer import Network

_MAX_PROMPT_CHARACTERS = 1_000
_CHORDS = ("with", "without")
# After the bars: the score is drawn, the sound is rendered.
_FURTHER_STEPS = 2


class _Cancelled(Exception):
    """The caller is gone: stop at the next bar."""


class TritonPythonModel:
    """One worker: requests run one after the other, each bar is reported when it is begun."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the weights that lie beside this file, and the sound font."""
        settings = json.loads(args["model_config"])["parameters"]
        torch.set_num_threads(int(settings["threads"]["string_value"]))
        self._network = Network.load(Path(__file__).parent)
        fonts = Path(os.environ["TIDEGATE_MODELS_DIR"])
        self._band = sound.Band(fonts / settings["soundfont"]["string_value"])

    def execute(self, requests: list) -> None:
        """Answer each request through its response sender."""
        for request in requests:
            sender = request.get_response_sender()
            try:
                self._answer(request, sender)
            except _Cancelled:
                sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            except InvalidRequest as exc:
                _fail(sender, f"{INVALID_PREFIX}{exc}")
            except Exception as exc:  # noqa: BLE001  the stub would die and take the queue with it
                pb_utils.Logger.log_error(f"tidegate_music: {exc!r}")
                _fail(sender, f"generation failed: {exc}")

    def _answer(self, request, sender) -> None:  # noqa: ANN001  Triton's own types
        data = pb_utils.get_input_tensor_by_name(request, "REQUEST").as_numpy().reshape(-1)[0]
        asked = decode_request(data, max_prompt_characters=_MAX_PROMPT_CHARACTERS)
        chosen, is_accompanied = _plan(asked)
        steps = sum(chosen.form.parts) + _FURTHER_STEPS

        def after(step: int) -> None:
            if sender.is_cancelled():
                raise _Cancelled
            _send(sender, Progress(step, steps))

        if sender.is_cancelled():
            raise _Cancelled
        tune = self._network.compose(chosen.form, seed=asked.seed, after_bar=after)
        chords = harmonised(tune) if is_accompanied else {}
        heading = Heading(title_of(asked.prompt), chosen.tempo)
        abc = written(tune, heading, symbols(chords))
        page = score.drawn(abc)
        after(steps - 1)
        sounds = performed(tune, chords)
        beat = METRES[tune.metre][1]
        samples = self._band.play(
            sounds,
            instrument=chosen.instrument,
            quaver_seconds=60 / (chosen.tempo * float(beat)),
        )
        milliseconds = sound.milliseconds(samples)
        file = midi.written(
            sounds,
            voice=sound.VOICES[chosen.instrument],
            metre=tune.metre,
            crotchets=float(chosen.tempo * beat / Fraction(2)),
        )
        _send(sender, Media("audio/wav", sound.wav(samples), duration_ms=milliseconds))
        preview = sound.mp3(samples)
        _send(
            sender,
            Media("audio/mpeg", preview, duration_ms=milliseconds, rendition="preview"),
        )
        _send(
            sender,
            Media("image/svg+xml", page.svg, page.width, page.height, rendition="score"),
        )
        _send(sender, Media("text/vnd.abc", abc.encode(), rendition="notation"))
        _send(sender, Media("audio/midi", file, duration_ms=milliseconds, rendition="midi"))
        after(steps)
        _send(sender, Done("stop", self._network.version))
        sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def _plan(asked: GenerateRequest) -> tuple[Plan, bool]:
    """What is composed, and whether chords go with it."""
    names = ("key", "metre", "mood", "rhythm", "bars", "tempo", "instrument", "chords")
    asked.require_only(*names)
    bars = asked.integer("bars", minimum=BARS[0], maximum=BARS[-1], default=2 * BARS[0])
    if bars not in BARS:
        raise InvalidRequest(f"bars must be one of {', '.join(map(str, BARS))}")
    has_tempo = asked.parameters.get("tempo") is not None
    tempo = asked.integer("tempo", minimum=SLOWEST, maximum=FASTEST, default=SLOWEST)
    wish = Wish(
        key=asked.text("key", max_characters=20),
        metre=_one_of(asked, "metre", tuple(METRES)),
        mood=_one_of(asked, "mood", MOODS),
        rhythm=_one_of(asked, "rhythm", RHYTHMS),
        bars=bars,
        tempo=tempo if has_tempo else None,
        instrument=_one_of(asked, "instrument", INSTRUMENTS),
    )
    chords = _one_of(asked, "chords", _CHORDS) or _CHORDS[0]
    try:
        return plan(asked.prompt, wish, seed=asked.seed), chords == _CHORDS[0]
    except ImpossibleWish as exc:
        raise InvalidRequest(str(exc)) from exc


def _one_of(asked: GenerateRequest, name: str, known: tuple[str, ...]) -> str | None:
    value = asked.text(name, max_characters=40)
    if value is not None and value not in known:
        raise InvalidRequest(f"{name} must be one of {', '.join(known)}")
    return value


def _send(sender, piece: Piece) -> None:  # noqa: ANN001
    event, payload = encode_event(piece)
    tensors = [
        pb_utils.Tensor("EVENT", np.array([event], dtype=np.object_)),
        pb_utils.Tensor("PAYLOAD", np.array([payload], dtype=np.object_)),
    ]
    sender.send(pb_utils.InferenceResponse(output_tensors=tensors))


def _fail(sender, message: str) -> None:  # noqa: ANN001
    sender.send(
        pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(message)),
        flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL,
    )
