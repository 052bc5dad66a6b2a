"""Durations in headers."""

from datetime import timedelta

import pytest

from tidegate.api.durations import read_duration
from tidegate.primitives.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), (" 5m ", 300), ("1h30m", 5400), ("1h1m1s", 3661), ("168h", 604800)],
)
def test_a_duration_is_seconds_or_parts_with_their_letters(text: str, seconds: int) -> None:
    assert read_duration(text, name="Cancel-After") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "m", "-5", "5 m", "1.5h", "1d", "30m1h", "٣", "1e3", "PT5M"])
def test_anything_else_is_refused_with_the_name_of_the_header(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_duration(text, name="Cancel-After")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/Cancel-After", "invalid_duration")
    ]


def test_more_than_a_week_is_too_long() -> None:
    with pytest.raises(InvalidInput) as refused:
        read_duration("168h1s", name="Cancel-After")
    assert refused.value.errors[0].code == "out_of_range"
