"""From a conversation to tokens, and from tokens to pieces of text."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from generation.core.wire import InvalidRequest

_UNFINISHED = "\ufffd"


def conversation_tokens(
    tokenizer: Any,
    prompt: str,
    *,
    system: str,
    template_options: Mapping[str, object],
    longest: int,
) -> list[int]:
    """Write a conversation in the model's own format and return its token numbers.

    What people wrote is text: a control token in it, as `<|im_end|>`, is spelled and ends nothing.

    Raises:
        InvalidRequest: it is longer than `longest` tokens.
    """
    # The template is filled with marks, so that what people wrote can be told from its own words.
    marks = {secrets.token_hex(16): text for text in (system, prompt) if text}
    roles = ("system", "user") if system else ("user",)
    messages = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    if not tokenizer.chat_template:
        raise InvalidRequest("this model has no chat template: its entry needs `chat: false`")
    written = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, **template_options
    )
    ids: list[int] = []
    for part in re.split(f"({'|'.join(marks)})", written):
        ids += (
            plain_tokens(tokenizer, marks[part]) if part in marks else own_tokens(tokenizer, part)
        )
    return within(ids, longest)


def plain_tokens(tokenizer: Any, text: str) -> list[int]:
    """The tokens of what a person wrote, control tokens spelled out."""
    found: list[int] = tokenizer(text, add_special_tokens=False, split_special_tokens=True)[
        "input_ids"
    ]
    return found


def own_tokens(tokenizer: Any, text: str) -> list[int]:
    """The tokens of the template's words, control tokens as what they are."""
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def within(ids: list[int], longest: int) -> list[int]:
    """Return the tokens, or refuse what the model was not told to read."""
    if len(ids) > longest:
        raise InvalidRequest(f"prompt has {len(ids)} tokens; this model reads {longest}")
    return ids


class Pieces:
    """Turns tokens into text as they come, whole characters only.

    A character may need several tokens, and a token's text may depend on the one before it, so
    the last few tokens are decoded again with each new one.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._start = 0
        self._read = 0

    def add(self, ids: Sequence[int]) -> str:
        """Return the text that these tokens complete, which may be none yet."""
        self._ids += ids
        before = self._text(self._ids[self._start : self._read])
        whole = self._text(self._ids[self._start :])
        if len(whole) <= len(before) or whole.endswith(_UNFINISHED):
            return ""
        self._start, self._read = self._read, len(self._ids)
        return whole[len(before) :]

    def rest(self) -> str:
        """Return what the last tokens left unfinished."""
        before = self._text(self._ids[self._start : self._read])
        return self._text(self._ids[self._start :])[len(before) :].rstrip(_UNFINISHED)

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self._tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text
