import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.assets.ranges import Span, Unsatisfiable, names, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-", Span(0, 9)),
        ("bytes=3-5", Span(3, 5)),
        ("bytes=3-500", Span(3, 9)),
        ("bytes=-4", Span(6, 9)),
        ("bytes=-400", Span(0, 9)),
        ("bytes = 1 - 2", Span(1, 2)),
        ("bytes=5-3", None),
        ("bytes=0-1,4-5", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("items=0-1", None),
        ("bytes=--1", None),
    ],
)
def test_ranges_of_ten_bytes(header: str, span: Span | None) -> None:
    assert span_of(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_that_means_no_byte_is_refused(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        span_of(header, size)


@given(st.text(alphabet="bytes=-0123456789, ", max_size=30), st.integers(1, 50))
def test_whatever_is_sent_a_span_lies_inside(header: str, size: int) -> None:
    try:
        span = span_of(header, size)
    except Unsatisfiable:
        return
    if span is not None:
        assert 0 <= span.start <= span.end < size


@pytest.mark.parametrize(
    ("header", "is_named"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("", False)],
)
def test_if_none_match_names_the_tag(header: str, *, is_named: bool) -> None:
    assert names(header, '"a"') is is_named
