"""How probable a language model finds each of a few answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from moderation.core.guards.asking import Answered, Question
from moderation.core.wire import Unreadable


class Odds:
    """Asks a causal language model; all probabilities come from its own logits.

    Args:
        longest_tokens: of a prompt.
        least_mass: how probable the answers must be together.
        detail_from: from which probability of another answer than the first details are asked.
    """

    def __init__(
        self,
        *,
        model: Any,
        tokenizer: Any,
        longest_tokens: int,
        least_mass: float,
        detail_from: float,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._longest = longest_tokens
        self._least_mass = least_mass
        self._detail_from = detail_from

    def prompt(self, question: Question) -> list[int]:
        """Return the tokens of a prompt.

        Raises:
            Unreadable: it is longer than allowed.
        """
        ids: list[int] = []
        for part in question.parts:
            ids += self._tokens(part.text, is_own=part.is_own)
        if len(ids) > self._longest:
            raise Unreadable(f"{len(ids)} tokens, and this guard reads {self._longest}")
        return ids

    def answers(
        self, questions: Sequence[Question], prompts: Sequence[list[int]]
    ) -> list[Answered | Unreadable]:
        """Answer questions whose prompts were made before, all in one pass, then their details."""
        if not questions:
            return []
        rows: list[list[int]] = []
        firsts: list[list[int]] = []
        for question, ids in zip(questions, prompts, strict=True):
            lead, first = self._first_tokens(question.answers)
            rows.append([*ids, *lead])
            firsts.append(first)
        odds = torch.softmax(self._last_logits(rows), dim=-1)
        found: list[Answered | Unreadable] = []
        for question, ids, first, row in zip(questions, prompts, firsts, odds, strict=True):
            mass = [float(row[token]) for token in first]
            try:
                answers = self._share(question.answers, mass)
                details = None
                if question.details and 1.0 - answers[question.answers[0]] >= self._detail_from:
                    lead_text, following = question.details
                    details = self._sequences(ids + self._tokens(lead_text), following)
                found.append(Answered(answers, details))
            except Unreadable as error:
                found.append(error)
        return found

    def _share(self, answers: Sequence[str], mass: Sequence[float]) -> dict[str, float]:
        """Return the odds among the answers alone; a model that says none has not answered."""
        whole = sum(mass)
        if not whole > 0.0 or whole < self._least_mass:
            raise Unreadable(
                f"the guard answers something else: {', '.join(map(repr, answers))} have a "
                f"probability of {whole:.2g} together"
            )
        return {answer: one / whole for answer, one in zip(answers, mass, strict=True)}

    def _first_tokens(self, answers: Sequence[str]) -> tuple[list[int], list[int]]:
        """Return the tokens that all answers begin with, and the first in which each differs.

        Raises:
            ValueError: they do not differ there: this is no tokenizer of the family.
        """
        ids = [self._tokens(answer) for answer in answers]
        common = 0
        while len({tuple(one[: common + 1]) for one in ids}) == 1:
            common += 1
        first = [one[common] for one in ids if len(one) > common]
        if len(set(first)) != len(answers):
            raise ValueError(f"the tokenizer does not tell {', '.join(map(repr, answers))} apart")
        return ids[0][:common], first

    def _sequences(self, prompt: list[int], answers: Sequence[str]) -> dict[str, float]:
        """Return the odds of whole answers after a prompt, which is read once."""
        ids = [self._tokens(answer) for answer in answers]
        longest = max(map(len, ids))
        device = self._model.device
        with torch.inference_mode():
            read = self._model(input_ids=torch.tensor([prompt], device=device), use_cache=True)
            cache = read.past_key_values
            cache.batch_repeat_interleave(len(ids))
            padded = torch.tensor(
                [[*one, *[0] * (longest - len(one))] for one in ids], device=device
            )
            given = torch.tensor(
                [[1] * len(one) + [0] * (longest - len(one)) for one in ids], device=device
            )
            mask = torch.cat([torch.ones(len(ids), len(prompt), device=device).long(), given], 1)
            logits = self._model(
                input_ids=padded, attention_mask=mask, past_key_values=cache
            ).logits.float()
        first = read.logits[:, -1:].float().expand(len(ids), 1, -1)
        steps = torch.log_softmax(torch.cat([first, logits[:, :-1]], 1), dim=-1)
        each = steps.gather(2, padded.unsqueeze(2)).squeeze(2)
        mass = torch.exp((each * given).sum(1)).tolist()
        # "S1" begins "S10" where a tokenizer writes digits one by one.
        order = sorted(range(len(ids)), key=lambda number: -len(ids[number]))
        for at, longer in enumerate(order):
            for shorter in order[at + 1 :]:
                prefix = ids[shorter]
                if len(prefix) < len(ids[longer]) and ids[longer][: len(prefix)] == prefix:
                    mass[shorter] = max(0.0, mass[shorter] - mass[longer])
        return self._share(answers, mass)

    def _last_logits(self, rows: Sequence[list[int]]) -> torch.Tensor:
        """Return what may come next after each row (rows, vocabulary), padded on the left."""
        longest = max(map(len, rows))
        device = self._model.device
        mask = torch.tensor(
            [[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device
        )
        ids = torch.tensor([[0] * (longest - len(row)) + row for row in rows], device=device)
        with torch.inference_mode():
            logits = self._model(
                input_ids=ids,
                attention_mask=mask,
                position_ids=(mask.cumsum(1) - 1).clamp(min=0),
                logits_to_keep=1,
            ).logits
        last: torch.Tensor = logits[:, -1].float()
        return last

    def _tokens(self, text: str, *, is_own: bool = True) -> list[int]:
        """Tokens of a text; what people wrote has its control tokens spelled out."""
        if not text:
            return []
        ids: list[int] = self._tokenizer(
            text, add_special_tokens=False, **({} if is_own else {"split_special_tokens": True})
        )["input_ids"]
        return ids
