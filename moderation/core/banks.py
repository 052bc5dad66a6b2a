"""Arithmetic of hash banks: which contents a bank has a say about, and where near hashes lie."""

import hashlib
from typing import Final

WORDS: Final = 16
_WORD_DIGITS: Final = 4
_WORD_BITS: Final = 16
_FLIPS: Final = (0, *(1 << bit for bit in range(_WORD_BITS)))
_DRAWS: Final = 1 << 64


def is_drawn(*, bank: str, content: str, share: float) -> bool:
    """Whether a bank has a say about a content; `share` is the part (0..1) that it is enabled for.

    The draw is a hash over both names, so a retry draws the same coin, a larger share keeps all
    that a smaller one had, and two banks draw independently.
    """
    if share >= 1.0:
        return True
    digest = hashlib.sha256(f"{bank}\0{content}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * _DRAWS


def words_near(value: str) -> list[int]:
    """Return the words that a hash within 31 bits of this one must share at least one of.

    Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): cut into 16 words of 16 bits, two
    hashes that differ in at most 31 bits have a word that differs in at most one. So the 17 nearest
    values of each word are looked up: nothing within reach is missed. A word is its number, then
    its bits (`moderation_hash_words` in the database makes the same of a stored value); `value` is
    64 hexadecimal digits, and empty has no neighbours.
    """
    return [
        number << _WORD_BITS
        | int(value[number * _WORD_DIGITS : (number + 1) * _WORD_DIGITS], 16) ^ flip
        for number in range(WORDS if value else 0)
        for flip in _FLIPS
    ]
