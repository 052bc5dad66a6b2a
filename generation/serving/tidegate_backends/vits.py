"""VITS: speech from words, one utterance in one pass."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoTokenizer, VitsModel

from generation.core.backends.options import TransformersAudio
from generation.core.wire import InvalidRequest
from generation.serving.tidegate_backends.places import Place, PlaceUnavailable
from generation.serving.tidegate_backends.replies import Cancelled
from generation.serving.tidegate_backends.requests import Asked


class Vits:
    """A loaded VITS, as the MMS voices. It takes the requests of a batch one by one.

    Raises:
        PlaceUnavailable: its tokenizer needs a library that is not installed.
    """

    def __init__(self, folder: Path, options: TransformersAudio, place: Place) -> None:
        self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if self._tokenizer.phonemize and importlib.util.find_spec("phonemizer") is None:
            raise PlaceUnavailable(
                "this voice needs the package phonemizer (GPL-3.0), which is not installed"
            )
        self.network: Any = VitsModel.from_pretrained(
            folder, dtype=place.dtype, use_safetensors=True, local_files_only=True
        )
        self.network.to(place.device).eval()

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.network.config.sampling_rate)

    def play(self, group: Sequence[Asked]) -> list[npt.NDArray[np.float32]]:
        """Return (samples, 1) for each request.

        Raises:
            InvalidRequest: the model has no sound for any letter, or no such voice.
            Cancelled: nobody waits for any of them any more.
        """
        return [self._speak(one) for one in group]

    def _speak(self, one: Asked) -> npt.NDArray[np.float32]:
        if one.reply.is_cancelled:
            raise Cancelled
        words = self._tokenizer(one.request.prompt, return_tensors="pt").to(self.network.device)
        if words["input_ids"].shape[-1] < 2:  # noqa: PLR2004  a lone blank is no word
            raise InvalidRequest("prompt has no letters that this model can speak")
        voice = int(one.values.get("voice", 0))
        torch.manual_seed(one.request.seed)
        try:
            with torch.inference_mode():
                said = self.network(
                    **words,
                    speaker_id=voice if self.network.config.num_speakers > 1 else None,
                    speaking_rate=float(one.values.get("speed", 1.0)),
                )
        except ValueError as exc:  # an unknown speaker
            raise InvalidRequest(str(exc)) from exc
        return np.asarray(said.waveform[0].float().cpu(), dtype=np.float32)[:, None]
