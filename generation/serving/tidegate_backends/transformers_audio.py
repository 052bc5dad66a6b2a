"""The back-end `transformers_audio`: MusicGen and its like, and VITS speech; 16 bit WAV."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
from transformers import AutoConfig

from generation.core.backends.options import TransformersAudio
from generation.core.backends.served import Served
from generation.core.wire import Media
from generation.serving.tidegate_backends.musicgen import MusicGen
from generation.serving.tidegate_backends.places import (
    PlaceUnavailable,
    choose_place,
    compile_module,
    model_version,
    store_in_float8,
)
from generation.serving.tidegate_backends.replies import answering
from generation.serving.tidegate_backends.requests import (
    Asked,
    read_requests,
    served_from,
    together,
)
from generation.serving.tidegate_backends.sources import find_weights
from generation.serving.tidegate_backends.vits import Vits

_SILENCE = 1e-4


class Player(Protocol):
    """A loaded model that turns requests that are alike into sound."""

    @property
    def rate(self) -> int:
        """Samples a second."""

    def play(self, group: Sequence[Asked]) -> Sequence[npt.NDArray[np.float32]]:
        """Return (samples, channels) between -1 and 1 for each request."""


class TritonPythonModel:
    """Requests that Triton hands over together and that are alike are made in one call."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model."""
        self._served = served_from(args)
        self._options = cast("TransformersAudio", self._served.options)
        self._player, self._version = load(self._served)

    def execute(self, requests: Sequence[Any]) -> None:
        """Answer each request through its response sender."""
        asked = read_requests(requests, self._served)
        for group in together(asked, self._options.batch):
            with answering([one.reply for one in group], self._served.entry):
                sounds = self._player.play(group)
                for one, sound in zip(group, sounds, strict=True):
                    if one.reply.is_cancelled:
                        continue
                    data, duration_ms = to_wav(sound, self._player.rate)
                    one.reply.send(Media("audio/wav", data, duration_ms=duration_ms))
                    one.reply.done("stop", self._version)


def load(served: Served) -> tuple[Player, str]:
    """Load an entry's model; return it and its version.

    Raises:
        WeightsMissing: the weights are not on this machine.
        PlaceUnavailable: this machine cannot hold them, or no player here knows such a model.
    """
    options = cast("TransformersAudio", served.options)
    place = choose_place(options)
    weights = find_weights(options.source, options.revision, entry=served.entry)
    kind = AutoConfig.from_pretrained(weights.folder, trust_remote_code=False).model_type
    players: dict[str, type[MusicGen | Vits]] = {"musicgen": MusicGen, "vits": Vits}
    if kind not in players:
        raise PlaceUnavailable(
            f"{served.entry}: this back-end plays {', '.join(players)}, and {options.source} is "
            f"{kind!r}"
        )
    if options.quantisation.startswith("bitsandbytes") or options.device_map != "none":
        raise PlaceUnavailable(f"{served.entry}: sound has float8 only, and one device")
    player = players[kind](weights.folder, options, place)
    if options.quantisation == "float8":
        store_in_float8(player.network, place)
    compile_module(player.network, options)
    return player, model_version(options, place, [weights.identity])


def to_wav(sound: npt.NDArray[np.float32], rate: int) -> tuple[bytes, int]:
    """Write samples (N, channels) between -1 and 1 as a 16 bit file; its length in milliseconds.

    Raises:
        RuntimeError: the network gave silence or no numbers: there is nothing to hear.
    """
    if not np.isfinite(sound).all() or np.abs(sound).max(initial=0) < _SILENCE:
        message = "the network gave no sound"
        raise RuntimeError(message)
    samples = (np.clip(sound, -1, 1) * 32_767).astype("<i2")
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue(), round(1000 * len(samples) / rate)
