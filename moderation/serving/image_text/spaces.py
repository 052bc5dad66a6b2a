"""Spaces between English words, where the reader of a picture lost them.

PP-OCR often gives "lovedtosailthebigredboat". What judges words knows no such word, and takes it
for anything: a children's story was held for its captions.
"""

import hashlib
import re
from pathlib import Path

import symspellpy
from symspellpy import SymSpell

# Shorter ones are left alone: most are words, names, or parts of a code. So is what has letters
# that English has not.
_RUN = re.compile(r"(?<![A-Za-zÀ-ɏ])[A-Za-z]{4,}(?![A-Za-zÀ-ɏ])")
_ONE_LETTER = frozenset("aio")
# The dictionary is British and knows no contractions of speech.
_MISSING = {"mom": 60_000_000, "moms": 8_000_000, "ok": 80_000_000, "tv": 100_000_000}
_DICTIONARY = Path(symspellpy.__file__).with_name("frequency_dictionary_en_82_765.txt")


class Spaces:
    """Puts spaces back by the most probable sequence of words, each independent of the others."""

    def __init__(self) -> None:
        # Nothing is corrected: what a picture says is evidence.
        self._words = SymSpell(max_dictionary_edit_distance=0)
        if not self._words.load_dictionary(_DICTIONARY, term_index=0, count_index=1):
            raise FileNotFoundError(_DICTIONARY)
        for word, count in _MISSING.items():
            self._words.create_dictionary_entry(word, count)
        own = Path(__file__).read_bytes()
        self.digest = hashlib.sha256(_DICTIONARY.read_bytes() + own).hexdigest()

    def restore(self, line: str) -> str:
        """Return a line with every run of letters that is no word taken apart into words.

        One that does not come apart into words whole is returned as it is: a name, another
        language, a misspelling.
        """
        return _RUN.sub(lambda run: self._apart(run[0]), line)

    def _apart(self, run: str) -> str:
        if self._is_word(run):
            return run
        found = self._words.word_segmentation(run, max_edit_distance=0)
        pieces: list[str] = found.corrected_string.split()
        # It writes capitals as it likes.
        if "".join(pieces).lower() != run.lower() or not all(map(self._is_word, pieces)):
            return run
        apart, at = [], 0
        for piece in pieces:
            apart.append(run[at : at + len(piece)])
            at += len(piece)
        return " ".join(apart)

    def _is_word(self, letters: str) -> bool:
        if len(letters) == 1:
            return letters.lower() in _ONE_LETTER
        return letters.lower() in self._words.words
