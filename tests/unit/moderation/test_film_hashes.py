"""Hashes of films: how they are written, and when two films are the same."""

import json

import pytest

from moderation.core import film_hashes
from moderation.core.film_hashes import Frame, InvalidFilmHash

A, B, C = ("ab" * 32, "cd" * 32, "ef" * 32)


def test_a_film_hash_is_read_as_threatexchange_writes_it() -> None:
    text = json.dumps([f"{A},100,0", f"{B},49,1", f"{A},90,2.0", f"{C.upper()},50,3.125"])

    frames = film_hashes.read(text)

    assert frames[3] == Frame(C, 50, 3.125)
    assert film_hashes.read(film_hashes.write(frames)) == frames
    assert [frame.value for frame in film_hashes.comparable(frames)] == [A, C]


def test_a_films_name_is_that_of_its_comparable_pictures() -> None:
    frames = [Frame(A, 100, 0.0), Frame(B, 49, 1.0), Frame(C, 90, 2.0)]
    other_moments = [Frame(A, 80, 5.0), Frame(C, 70, 9.0)]

    assert film_hashes.digest(frames) == film_hashes.digest(other_moments)
    assert film_hashes.digest(frames) != film_hashes.digest(frames[::-1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("{}", "one for each picture"),
        ("[]", "one for each picture"),
        ("[1]", "one for each picture"),
        (json.dumps([A]), "between commas"),
        (json.dumps([f"{A},fine,0"]), "between commas"),
        (json.dumps([f"{A[:-1]},100,0"]), "64 hexadecimal digits"),
        (json.dumps([f"{A},101,0"]), "quality"),
        (json.dumps([f"{A},100,-1"]), "a moment"),
        (json.dumps([f"{A},100,nan"]), "a moment"),
        (json.dumps([f"{A},100,inf"]), "a moment"),
        (json.dumps([f"{A},49,0"]), "no picture has a quality of 50"),
        (json.dumps([f"{A},100,0"] * 10_001), "at most 10000"),
    ],
    ids=[
        "empty",
        "object",
        "no-rows",
        "numbers",
        "only-hash",
        "word-as-quality",
        "short-hash",
        "quality-101",
        "negative-moment",
        "moment-nan",
        "moment-infinite",
        "all-flat",
        "too-long",
    ],
)
def test_what_is_no_film_hash_is_refused_with_its_fault(text: str, message: str) -> None:
    with pytest.raises(InvalidFilmHash, match=message):
        film_hashes.read(text)


@pytest.mark.parametrize(
    ("query", "query_found", "listed", "listed_found", "is_same"),
    [
        (10, 10, 10, 10, True),
        (10, 8, 10, 8, True),
        (10, 7, 10, 7, False),
        (40, 4, 5, 4, True),
        (5, 4, 40, 4, True),
        (40, 3, 5, 3, False),
        (12, 1, 1, 1, False),
        (2, 2, 12, 2, False),
        (2, 2, 2, 2, True),
        (0, 0, 5, 0, False),
        (5, 0, 0, 0, False),
    ],
    ids=[
        "the-film",
        "four-in-five",
        "less",
        "a-listed-scene-inside",
        "a-scene-cut-from-it",
        "less-of-a-scene",
        "a-still-that-films-share",
        "two-pictures-of-a-film",
        "two-short-ones",
        "nothing-to-compare",
        "nothing-listed",
    ],
)
def test_two_films_are_the_same_where_four_in_five_pictures_of_either_are_in_the_other(
    *, query: int, query_found: int, listed: int, listed_found: int, is_same: bool
) -> None:
    assert (
        film_hashes.is_same_film(
            query=query,
            query_found=range(query_found),
            listed=listed,
            listed_found=range(listed_found),
        )
        is is_same
    )
