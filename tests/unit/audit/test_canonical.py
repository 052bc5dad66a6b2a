"""One entry, one byte string."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.audit import canonical
from tidegate.primitives.errors import InvalidInput

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(TEXT, PLAIN), st.dictionaries(TEXT, PLAIN))
def test_two_documents_share_their_bytes_only_when_they_are_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    same = canonical.encode({"d": one}) == canonical.encode({"d": other})
    assert same == (_typed(one) == _typed(other))


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(TEXT, PLAIN))
def test_what_is_plain_already_stays_as_it_is(document: dict[str, Any]) -> None:
    assert canonical.plain(document) == document


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (0.25, "0.25"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=8))),
            "2026-01-01T19:04:05.000006+00:00",
        ),
        (("a", 1, None, True), ["a", 1, None, True]),
        ({UUID(int=0): {"x": (1,)}}, {"00000000-0000-0000-0000-000000000000": {"x": [1]}}),
    ],
)
def test_values_are_stored_in_one_agreed_form(value: object, stored: object) -> None:
    assert canonical.plain(value) == stored


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical.digest({"a": 1, "b": 2}) == canonical.digest({"b": 2, "a": 1})


def test_a_boundary_between_two_texts_cannot_move_unseen() -> None:
    assert canonical.encode({"a": "xy", "b": "z"}) != canonical.encode({"a": "x", "b": "yz"})


def test_texts_that_only_look_alike_are_different() -> None:
    assert canonical.encode({"a": "é"}) != canonical.encode({"a": "e\u0301"})


def test_times_keep_the_six_digits_the_database_keeps() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert canonical.timestamp(moment) == "2026-01-01T00:00:00.000000+00:00"


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_a_value_without_an_agreed_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="cannot hold"):
        canonical.plain({"value": value})


@pytest.mark.parametrize("text", ["nul \x00", "half \ud800 a pair"])
def test_a_text_the_database_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        canonical.plain({"reason": text})


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        canonical.timestamp(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


def _typed(value: Any) -> Any:
    """Tell True from 1, which Python calls equal."""
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(TEXT, PLAIN), PLAIN, PLAIN)
def test_the_pieces_around_two_values_make_the_whole_with_them(
    others: dict[str, Any], first: Any, second: Any
) -> None:
    document = {**others, "k": first, "s": second}
    rest = {name: value for name, value in document.items() if name not in {"k", "s"}}
    head, middle, tail = canonical.around(rest, "k", "s")
    values = [canonical.encode({"": value})[4:-1] for value in (first, second)]
    assert b"".join([head, values[0], middle, values[1], tail]) == canonical.encode(document)
