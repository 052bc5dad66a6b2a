"""Arithmetic of hash banks: where near hashes lie."""

from typing import Final

WORDS: Final = 16
_WORD_DIGITS: Final = 4
_WORD_BITS: Final = 16
_FLIPS: Final = (0, *(1 << bit for bit in range(_WORD_BITS)))


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
