"""What a schema lets a model say next.

llguidance turns a schema into a grammar over the tokens of one tokenizer and computes, for every
step, the set of tokens after which the answer can still become valid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from llguidance import LLMatcher, LLTokenizer

from generation.core.structured.telling import closed
from generation.core.wire import InvalidRequest

# One way to write each value: models have seen a blank after a comma and a colon most often, and
# white space at will would let a small one write nothing else.
_WRITING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
_SHOWN = 300


class Grammars:
    """Makes grammars for one tokenizer.

    Args:
        tokenizer: The document of a fast tokenizer (`tokenizer.json`).
        vocabulary: How many scores the model gives, which may be more than there are tokens.
        ends: The tokens that end a text.
    """

    def __init__(self, tokenizer: str, *, vocabulary: int, ends: Sequence[int]) -> None:
        self._tokens = LLTokenizer(tokenizer, n_vocab=vocabulary, eos_token=list(ends))

    def of(self, schema: Mapping[str, Any]) -> Grammar:
        """Return the grammar of a schema, at its beginning.

        Raises:
            InvalidRequest: it cannot be enforced, or is too large.
        """
        written = LLMatcher.grammar_from_json_schema(closed(schema), defaults=_WRITING)
        wrong, said = LLMatcher.validate_grammar_with_warnings(written, self._tokens)
        if wrong:
            raise InvalidRequest(f"json_schema cannot be enforced: {' '.join(said)[:_SHOWN]}")
        return Grammar(LLMatcher(self._tokens, written, log_level=0))


class Grammar:
    """How far one answer is."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher

    @property
    def is_done(self) -> bool:
        """Whether the answer is whole: nothing may follow."""
        return bool(self._matcher.is_stopped())

    def take(self, token: int) -> bool:
        """Go on with this token if the grammar allows it."""
        taken: bool = self._matcher.try_consume_tokens([token]) == 1
        self._refuse_errors()
        return taken

    def forced(self) -> list[int]:
        """Return the tokens that can only come next, nothing where there is a choice."""
        if self.is_done:
            return []
        found: list[int] = self._matcher.compute_ff_tokens()
        self._refuse_errors()
        return found

    def allowed(self, size: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each of the model's `size` scores whether its token may come next."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        self._refuse_errors()
        allowed = np.zeros(size, np.bool_)
        known = np.unpackbits(bits, bitorder="little")[:size].astype(np.bool_)
        allowed[: known.size] = known
        return allowed

    def _refuse_errors(self) -> None:
        if self._matcher.is_error():
            raise InvalidRequest(
                f"json_schema is too complicated: {self._matcher.get_error()[:_SHOWN]}"
            )
