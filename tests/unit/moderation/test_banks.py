"""Draws, and the words by which near hashes are found."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.core.banks import WORDS, words_near
from moderation.core.draws import is_drawn
from moderation.core.hashes import BITS, MATCH_DISTANCE


def flipped(value: str, bits: list[int]) -> str:
    number = int(value, 16)
    for bit in bits:
        number ^= 1 << bit
    return f"{number:064x}"


def words(value: str) -> set[int]:
    return {number << 16 | int(value[number * 4 : number * 4 + 4], 16) for number in range(WORDS)}


@given(
    value=st.integers(0, 2**BITS - 1).map(lambda number: f"{number:064x}"),
    bits=st.lists(st.integers(0, BITS - 1), max_size=MATCH_DISTANCE, unique=True),
)
def test_every_hash_within_reach_shares_a_word_that_is_looked_up(
    value: str, bits: list[int]
) -> None:
    assert words(flipped(value, bits)) & set(words_near(value))


def test_two_flips_in_every_word_are_out_of_reach_and_not_looked_up() -> None:
    value = "0f" * 32
    far = flipped(value, [bit for word in range(WORDS) for bit in (word * 16, word * 16 + 1)])
    assert not words(far) & set(words_near(value))
    assert words_near("") == []


@pytest.mark.parametrize(
    ("share", "least", "most"), [(0.0, 0, 0), (0.25, 450, 550), (1.0, 2000, 2000)]
)
def test_a_share_of_the_contents_is_drawn(share: float, least: int, most: int) -> None:
    drawn = sum(is_drawn("a", str(number), share=share) for number in range(2000))
    assert least <= drawn <= most


def test_the_same_content_draws_the_same_and_a_larger_share_keeps_it() -> None:
    contents = [f"{random.Random(7).random()}{number}" for number in range(500)]
    first = {one for one in contents if is_drawn("a", one, share=0.3)}
    again = {one for one in contents if is_drawn("a", one, share=0.3)}
    wider = {one for one in contents if is_drawn("a", one, share=0.6)}
    other = {one for one in contents if is_drawn("b", one, share=0.3)}
    assert first == again
    assert first < wider
    assert other - first
    assert first - other
