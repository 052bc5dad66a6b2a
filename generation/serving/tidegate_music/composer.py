"""The network that writes tunes, one legal token after the other."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel

from generation.core.music.grammar import Composer, Form, IllegalToken
from generation.core.music.keys import Key
from generation.core.music.transposition import transposed
from generation.core.music.tune import Tune
from generation.core.music.vocabulary import HOME_TONIC, IDS, TOKENS, tune_of

WEIGHTS: Final = "model.safetensors"
CONFIG: Final = "config.json"
_TEMPERATURE: Final = 0.85
_NUCLEUS: Final = 0.88
# The conditions and the pickup, and how much of a long part is kept beside them.
_HEAD: Final = 6
_REMEMBERED: Final = 200
# How often, in the collections, the fifth bar of eight says the first again, and then the sixth
# the second: a small network forgets to, and a tune without an echo is a ramble.
_ECHOES: Final = {4: 0.62, 5: 0.73}


class NoPlace(RuntimeError):
    """A tune has no place on the staff in the key that was asked for."""


@dataclass(frozen=True, slots=True)
class Network:
    """The trained network; `version` is a hash of its weights and shape."""

    model: GPT2LMHeadModel
    version: str

    @classmethod
    def load(cls, folder: Path) -> Network:
        """Read `config.json` and the half-precision weights.

        Raises:
            ValueError: they were trained with other tokens than these.
        """
        described: dict[str, Any] = json.loads((folder / CONFIG).read_text("utf-8"))
        if described["tokens"] != list(TOKENS):
            raise ValueError("the weights were trained with other tokens")
        model = GPT2LMHeadModel(GPT2Config(**described["network"]))
        weights = {name: value.float() for name, value in load_file(folder / WEIGHTS).items()}
        # The output layer is the embedding, stored once.
        model.load_state_dict(weights, strict=False)
        model.tie_weights()
        model.eval().requires_grad_(False)
        digest = hashlib.sha256((folder / WEIGHTS).read_bytes() + (folder / CONFIG).read_bytes())
        return cls(model, digest.hexdigest()[:12])

    def compose(self, form: Form, *, seed: int, after_bar: Callable[[int], None]) -> Tune:
        """Write one tune of a form; the same arguments write the same tune.

        `after_bar` hears how many bars were begun and stops the writing by raising.

        Raises:
            NoPlace: cannot happen while the range of what is composed fits every key.
        """
        at_home = replace(form, key=Key(HOME_TONIC, form.key.mode))
        composer = Composer(at_home)
        draw = random.Random(seed)  # noqa: S311  chooses notes, not secrets
        given = list(composer.tokens)
        memory: Any = None  # transformers' cache has no stable public type
        bars = held = 0
        echo = _Echo(draw)
        with torch.inference_mode():
            while not composer.is_done:
                result = self.model(
                    input_ids=torch.tensor([[IDS[token] for token in given]]),
                    past_key_values=memory,
                    use_cache=True,
                )
                memory, held = result.past_key_values, held + len(given)
                given = [_drawn(result.logits[0, -1].tolist(), composer.legal(), draw)]
                composer.take(given[0])
                repeated = echo.after(composer)
                if repeated is not None:
                    composer, said = repeated
                    given += said
                if held + len(given) > self.model.config.n_positions:
                    given, memory, held = _recent(composer.tokens), None, 0
                if composer.bars_done > bars:
                    bars = composer.bars_done
                    after_bar(bars)
        tune = transposed(tune_of(composer.tokens), form.key)
        if tune is None:
            raise NoPlace(f"the tune has no place in {form.key.abc}")
        return tune


def _recent(tokens: list[str]) -> list[str]:
    """What a long tune is remembered by: its conditions, and this part or the end of it."""
    head = tokens[:_HEAD]
    begun = max(place for place, token in enumerate(tokens) if token.startswith("parts "))
    return head + tokens[max(begun, len(tokens) - _REMEMBERED) :]


class _Echo:
    """Says bars again where the tradition does, if what stands before lets it."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._bars: list[list[str]] = []
        self._is_echoing = False

    def after(self, composer: Composer) -> tuple[Composer, list[str]] | None:
        """Return the composer after a repeated bar, and the bar; None where none is repeated."""
        token = composer.tokens[-1]
        if token.startswith("parts "):
            self._bars = []
        elif token.startswith("bars "):
            self._bars.append([])
            return self._repeated(composer)
        elif self._bars:
            self._bars[-1].append(token)
        return None

    def _repeated(self, composer: Composer) -> tuple[Composer, list[str]] | None:
        place = len(self._bars) - 1
        share = _ECHOES.get(place, 0.0)
        first = min(_ECHOES)
        if place > first and not self._is_echoing:
            return None
        self._is_echoing = self._draw.random() < share
        if not self._is_echoing:
            return None
        bar = self._bars[place - first]
        trial = copy.deepcopy(composer)
        try:
            for token in bar:
                trial.take(token)
        except IllegalToken:
            return None
        self._bars[-1] = list(bar)
        return trial, list(bar)


def _drawn(logits: list[float], legal: list[str], draw: random.Random) -> str:
    """Draw from the legal tokens that hold the upper share of the probability.

    In doubles and by hand: the draw is then the same whatever the tensor library does.
    """
    if len(legal) == 1:
        return legal[0]
    scores = [(logits[IDS[token]] / _TEMPERATURE, token) for token in legal]
    highest = max(score for score, _ in scores)
    weighted = sorted(((math.exp(score - highest), token) for score, token in scores), reverse=True)
    whole = sum(weight for weight, _ in weighted)
    kept: list[tuple[float, str]] = []
    so_far = 0.0
    for weight, token in weighted:
        kept.append((weight, token))
        so_far += weight
        if so_far >= _NUCLEUS * whole:
            break
    point = draw.random() * so_far
    for weight, token in kept:
        point -= weight
        if point <= 0:
            return token
    return kept[-1][1]
