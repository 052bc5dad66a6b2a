"""Sentence vectors of multilingual-e5-small, in eight bits on CTranslate2.

Measured on one core with AVX-512: 4 ms for a prompt of twelve words (the four-bit C engine that
the weights come from: 30 ms) at a cosine of 0.999 to it. The tokenizer is SentencePiece's unigram
model in plain Python: 0.2 ms for such a prompt, and it needs nothing but the weights' own tables.

Runs in the serving environment only. Moderation and recommendations each have their copy of this
file, because the services share no code; a test says that the copies are the same.
"""

import json
import re
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 384

_PREFIX: Final = "passage: "
_LONGEST_WINDOW: Final = 510
_SPACE_MARK: Final = "▁"
_UNKNOWN_PENALTY: Final = 10.0
_SPACES: Final = re.compile(" {2,}")

Vector = NDArray[np.float32]


class SentenceEncoder:
    """Turns texts into L2-normalised vectors of 384 numbers; one text at a time.

    Args:
        folder: what `convert.py` of the text_hazards model wrote.
        threads: cores that one text may use.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        import ctranslate2

        self._encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="int8_float32", intra_threads=threads
        )
        vocabulary: list[str] = json.loads((folder / "vocabulary.json").read_text("utf-8"))
        tables = json.loads((folder / "pieces.json").read_text("utf-8"))
        self._begin, self._end = int(tables["begin"]), int(tables["end"])
        self._unknown = int(tables["unknown"])
        # An array and a plain dictionary: a quarter of a million tuples would take 40 MB more.
        self._scores = array("d", tables["scores"])
        self._pieces = {piece: index for index, piece in enumerate(vocabulary[: len(self._scores)])}
        del self._pieces[vocabulary[self._unknown]]
        self._longest = max(len(piece) for piece in self._pieces)
        self._unknown_score = min(self._scores) - _UNKNOWN_PENALTY
        self._replacements = {int(code): text for code, text in tables["replacements"].items()}

    def vector(self, text: str) -> Vector:
        """Return the vector of a text; one of more than 510 tokens is averaged over windows."""
        tokens = self.tokens(_PREFIX + text)
        total = np.zeros(DIMENSIONS, dtype=np.float32)
        for start in range(0, len(tokens), _LONGEST_WINDOW):
            window = tokens[start : start + _LONGEST_WINDOW]
            states = self._encoder.forward_batch([[self._begin, *window, self._end]])
            total += np.array(states.last_hidden_state)[0].mean(axis=0) * len(window)
        vector: Vector = total / max(float(np.linalg.norm(total)), 1e-12)
        return vector

    def vectors(self, texts: Sequence[str]) -> Vector:
        """Return (texts, 384) vectors."""
        return np.stack([self.vector(text) for text in texts])

    def tokens(self, text: str) -> list[int]:
        """Return the most probable split of a text into known pieces (Viterbi over unigrams)."""
        plain = _SPACES.sub(" ", text.translate(self._replacements))
        marked = plain.replace(" ", _SPACE_MARK)
        if not plain.startswith(" "):
            marked = _SPACE_MARK + marked
        length = len(marked)
        best = [0.0] + [float("-inf")] * length
        origin = [(0, self._unknown)] * (length + 1)
        for start in range(length):
            reached = best[start]
            for end in range(start + 1, min(length, start + self._longest) + 1):
                piece = self._pieces.get(marked[start:end])
                if piece is not None and reached + self._scores[piece] > best[end]:
                    best[end] = reached + self._scores[piece]
                    origin[end] = (start, piece)
            if reached + self._unknown_score > best[start + 1]:
                best[start + 1] = reached + self._unknown_score
                origin[start + 1] = (start, self._unknown)
        found: list[int] = []
        position = length
        while position > 0:
            position, token = origin[position]
            found.append(token)
        return found[::-1]
