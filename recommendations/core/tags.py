"""What an asset is about, in words that can be shown, counted and switched off."""

import re
import unicodedata
from typing import Final

MOST: Final = 12
LONGEST: Final = 40
_PHRASE_WORDS: Final = 3
_SHORTEST: Final = 3
_HAN: Final = re.compile(r"[\u3400-\u9fff]+")
_LONGEST_HAN: Final = 6
_BREAK: Final = re.compile(r"[,.;:!?()\[\]{}|/\n、，。；：！？（）【】《》“”\"]+|\s[-–—]\s")
_WORD: Final = re.compile(r"[^\W\d_][\w'’-]*")
_EMPTY: Final = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "he",
        "her",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "like",
        "made",
        "make",
        "many",
        "may",
        "me",
        "more",
        "most",
        "much",
        "my",
        "no",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "out",
        "over",
        "please",
        "she",
        "should",
        "show",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "two",
        "under",
        "up",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "will",
        "with",
        "without",
        "would",
        "you",
        "your",
        "about",
        "after",
        "all",
        "also",
        "any",
        "around",
        "because",
        "before",
        "behind",
        "between",
        "both",
        "draw",
        "write",
        "picture",
        "image",
        "photo",
        "generate",
        "create",
        "give",
        "tell",
        "something",
        "的",
        "了",
        "和",
        "是",
        "在",
        "一",
        "个",
        "一个",
        "一只",
        "一张",
        "请",
        "画",
        "写",
    ]
)


def tags_of(prompt: str) -> tuple[str, ...]:
    """Return up to twelve tags of a prompt, in its order: short phrases, and words that say much.

    Lower case, compatibility forms folded (NFKC). Chinese is taken phrase by phrase, as it was
    punctuated: no segmenter guesses at what its author left together.
    """
    found: dict[str, None] = {}
    plain = unicodedata.normalize("NFKC", prompt).casefold()
    for part in _BREAK.split(plain):
        for han in _HAN.findall(part):
            name = han.strip("的了")
            if 1 < len(name) <= _LONGEST_HAN and name not in _EMPTY:
                found.setdefault(name)
        words = [word for word in _WORD.findall(part) if not _HAN.search(word)]
        telling = [word for word in words if word not in _EMPTY and len(word) >= _SHORTEST]
        if 1 < len(telling) <= _PHRASE_WORDS and len(words) == len(telling):
            found.setdefault(" ".join(telling))
        for word in telling:
            found.setdefault(word)
    return tuple(name for name in found if len(name) <= LONGEST)[:MOST]
