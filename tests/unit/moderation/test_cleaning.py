"""What is a platform's and what is said."""

import pytest

from moderation.core.cleaning import readings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a cat on a roof", ("a cat on a roof",)),
        ("RT @somebody: what a goal today", ("what a goal today",)),
        ("@one @two you are a wonderful person", ("you are a wonderful person",)),
        ("so good to be back home https://example.org", ("so good to be back home",)),
        ("salt &amp; pepper &#128514;", ("salt & pepper 😂",)),
        ("write to me@example.org please", ("write to me@example.org please",)),
        ("你好@某人，今天天气很好", ("你好@某人，今天天气很好",)),
        ("AT&T and R&D are companies", ("AT&T and R&D are companies",)),
        ("the art of @", ("the art of @",)),
    ],
)
def test_marks_of_a_platform_are_not_read(text: str, expected: tuple[str, ...]) -> None:
    assert readings(text) == expected


@pytest.mark.parametrize("text", ["@kill @yourself now", "https://example.org/kill-yourself"])
def test_what_is_mostly_marks_is_read_as_written_too(text: str) -> None:
    assert text in readings(text)


def test_nothing_is_one_empty_reading() -> None:
    assert readings("") == ("",)
