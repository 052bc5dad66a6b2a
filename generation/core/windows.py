"""When streamed text is worth asking the gate about."""

import re

WINDOW_CHARACTERS = 60
SHORTEST_SENTENCE = 24
_SENTENCE_END = re.compile(r"[.!?…][\"')\]”’]*\s|[。！？]|\n")


def is_due(text: str, *, asked: int) -> bool:
    """Say whether `text` grew enough since its first `asked` characters were asked about.

    A window is full, or a sentence ended. Very short sentences wait for more: each question
    costs a classifier run.
    """
    fresh = len(text) - asked
    if fresh >= WINDOW_CHARACTERS:
        return True
    return fresh >= SHORTEST_SENTENCE and _SENTENCE_END.search(text, asked) is not None
