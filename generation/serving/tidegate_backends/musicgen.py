"""MusicGen: music from words, with random numbers of each request's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoTokenizer, MusicgenForConditionalGeneration
from transformers.generation.logits_process import LogitsProcessor, LogitsProcessorList

from generation.core.backends.options import TransformersAudio
from generation.core.wire import InvalidRequest
from generation.serving.tidegate_backends.places import Place
from generation.serving.tidegate_backends.replies import Cancelled
from generation.serving.tidegate_backends.requests import Asked

_SECONDS = 10.0
_GUIDANCE = 3.0
_TEMPERATURE = 1.0
_TOP_K = 250
# A fixed length: padding to the longest of a batch would change the sums of the others.
_PROMPT_TOKENS = 256
_PARTS = 20


class MusicGen:
    """A loaded MusicGen. Equal requests of a batch have equal lengths, so they end together."""

    def __init__(self, folder: Path, options: TransformersAudio, place: Place) -> None:
        self._options = options
        self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self.network: Any = MusicgenForConditionalGeneration.from_pretrained(
            folder, dtype=place.dtype, use_safetensors=True, local_files_only=True
        )
        self.network.to(place.device).eval()
        self._frames_per_second = self.network.config.audio_encoder.frame_rate
        self._codebooks = self.network.decoder.num_codebooks

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self.network.config.audio_encoder.sampling_rate)

    def play(self, group: Sequence[Asked]) -> list[npt.NDArray[np.float32]]:
        """Return (samples, channels) for each request.

        Raises:
            InvalidRequest: a prompt is too long.
            Cancelled: nobody waits for any of them any more; asked after each frame.
        """
        values = group[0].values
        filled = [*group, *[group[-1]] * (self._options.batch - len(group))]
        words = self._tokenizer(
            [one.request.prompt for one in filled],
            padding="max_length",
            max_length=_PROMPT_TOKENS + 1,
            truncation=True,
            return_tensors="pt",
        ).to(self.network.device)
        if bool(words["attention_mask"][:, _PROMPT_TOKENS].any()):
            raise InvalidRequest(f"prompt is longer than {_PROMPT_TOKENS} tokens")
        seconds = float(values.get("seconds", _SECONDS))
        frames = max(1, round(seconds * self._frames_per_second))
        choosing = _Choosing(
            group,
            [torch.Generator("cpu").manual_seed(one.request.seed) for one in filled],
            codebooks=self._codebooks,
            # Each codebook lags one frame behind the one before it.
            steps=frames + self._codebooks - 1,
            temperature=float(values.get("temperature", _TEMPERATURE)),
            top_k=int(values.get("top_k", _TOP_K)),
        )
        with torch.inference_mode():
            sound = self.network.generate(
                **words,
                do_sample=False,
                guidance_scale=float(values.get("guidance", _GUIDANCE)),
                max_new_tokens=frames + self._codebooks - 1,
                logits_processor=_NoiseLast([choosing]),
            )
        return [np.asarray(row.T.float().cpu(), dtype=np.float32) for row in sound[: len(group)]]


class _NoiseLast(LogitsProcessorList):  # type: ignore[misc]  # the library ships no types
    """MusicGen appends its guidance to this list; the noise must come after it."""

    def append(self, processor: object) -> None:
        self.insert(len(self) - 1, processor)


class _Choosing(LogitsProcessor):  # type: ignore[misc]  # the library ships no types
    """Makes the likeliest token a random one: Gumbel noise on the scores is sampling.

    The library samples a whole batch from one stream of random numbers; so each request has its
    own, and its sound does not depend on its neighbours. It also sees every frame go by.
    """

    def __init__(
        self,
        group: Sequence[Asked],
        seeds: Sequence[torch.Generator],
        *,
        codebooks: int,
        steps: int,
        temperature: float,
        top_k: int,
    ) -> None:
        self._replies = [one.reply for one in group]
        self._seeds = seeds
        self._codebooks = codebooks
        self._steps = steps
        self._temperature = temperature
        self._top_k = top_k
        self._step = 0

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._tell()
        if self._temperature == 0:
            return scores
        cooled = scores.float() / self._temperature
        if self._top_k < cooled.shape[-1]:
            least = cooled.topk(self._top_k, dim=-1).values[:, -1:]
            cooled = cooled.masked_fill(cooled < least, -torch.inf)
        shape = (self._codebooks, cooled.shape[-1])
        spread = torch.cat([torch.empty(shape).exponential_(generator=g) for g in self._seeds])
        return cooled - spread.log().to(cooled.device)

    def _tell(self) -> None:
        waiting = [reply for reply in self._replies if not reply.is_cancelled]
        if not waiting:
            raise Cancelled
        self._step += 1
        part = -(-self._steps // _PARTS)
        if self._step % part == 0 or self._step == self._steps:
            for reply in waiting:
                reply.progress(self._step, self._steps)
