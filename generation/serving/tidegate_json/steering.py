"""Writing within a grammar with CTranslate2, which has no place for a mask.

The engine writes freely and is stopped at the first token that the grammar does not allow. That
token is drawn again among the allowed ones, from the scores of that very step, and the engine goes
on behind it. What the grammar forces is not generated at all. The result is distributed as if every
step had been masked: a step that is drawn, refused and drawn again among the allowed tokens gives
each of them its share of their common probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np

from generation.serving.tidegate_json.grammar import Grammar

# Below, the engine finds forced tokens itself as fast as it could be started again.
_WORTH_A_START = 3


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn; `temperature` 0 takes the likeliest."""

    temperature: float
    top_p: float
    repetition_penalty: float
    seed: int


def write_within(
    grammar: Grammar,
    *,
    generator: ctranslate2.Generator,
    prompt: Sequence[str],
    name_of: Callable[[int], str],
    sampling: Sampling,
    max_tokens: int,
    ends: Sequence[str],
    tell: Callable[[int], bool],
) -> int:
    """Write one answer and return how many tokens it has; `grammar` then says whether it is whole.

    Args:
        grammar: at its beginning.
        generator: with one worker, whose random numbers are seeded.
        prompt: the conversation, as tokens.
        name_of: a token's name by its number.
        sampling: how tokens are drawn.
        max_tokens: the answer is cut there; what is forced may go a little beyond.
        ends: the tokens that end a text.
        tell: gets every token in order, and says whether nobody listens any more.

    Raises:
        InvalidRequest: the grammar is too complicated to follow.
    """
    answer = _Answer(grammar, sampling, tell)
    answer.follow()
    is_random = sampling.temperature > 0
    while not (grammar.is_done or answer.is_unwanted or len(answer.tokens) >= max_tokens):
        generator.generate_batch(
            [[prompt[-1], *(name_of(token) for token in answer.tokens)]],
            static_prompt=list(prompt[:-1]),  # its state is kept from start to start
            include_prompt_in_result=False,
            max_length=max_tokens - len(answer.tokens),
            sampling_topk=0 if is_random else 1,
            sampling_topp=sampling.top_p if is_random else 1,
            sampling_temperature=sampling.temperature if is_random else 1,
            repetition_penalty=sampling.repetition_penalty,
            end_token=list(ends),
            return_logits_vocab=True,
            callback=answer.step,
        )
        if answer.failures:
            raise answer.failures[0]
        answer.follow()
    return len(answer.tokens)


class _Answer:
    """The tokens so far."""

    def __init__(self, grammar: Grammar, sampling: Sampling, tell: Callable[[int], bool]) -> None:
        self.tokens: list[int] = []
        self.failures: list[Exception] = []
        self.is_unwanted = False
        self._grammar = grammar
        self._sampling = sampling
        self._tell = tell
        self._random = np.random.default_rng(sampling.seed)

    def step(self, step: Any) -> bool:
        """Take what the engine wrote, or another token in its place; True stops the engine.

        Runs on the engine's thread, where an exception would end the process.
        """
        try:
            if self._grammar.take(step.token_id):
                self._keep(step.token_id)
                is_shorter = len(self._grammar.forced()) >= _WORTH_A_START
                return self._grammar.is_done or self.is_unwanted or is_shorter
            other = self._draw(np.asarray(step.logits, np.float64).reshape(-1))
            self._grammar.take(other)
            self._keep(other)
        except Exception as exc:  # noqa: BLE001
            self.failures.append(exc)
        return True

    def follow(self) -> None:
        """Take what can only come next."""
        for token in self._grammar.forced():
            self._grammar.take(token)
            self._keep(token)

    def _keep(self, token: int) -> None:
        self.tokens.append(token)
        self.is_unwanted = self._tell(token) or self.is_unwanted

    def _draw(self, scores: np.ndarray[Any, np.dtype[np.float64]]) -> int:
        allowed = self._grammar.allowed(scores.size)
        scores = np.where(allowed, scores, -np.inf)
        if self._sampling.temperature <= 0:
            return int(scores.argmax())
        shares = np.exp((scores - scores.max()) / self._sampling.temperature)
        order = np.argsort(-shares, kind="stable")
        sums = np.cumsum(shares[order])
        kept = 1 + int(np.searchsorted(sums, self._sampling.top_p * sums[-1]))
        sums = sums[:kept]
        drawn = np.searchsorted(sums, self._random.random() * sums[-1], side="right")
        return int(order[min(int(drawn), len(sums) - 1)])
