"""Reading what claims to be one of our events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.contracts.envelope import Envelope, Unreadable, decode
from tidegate.contracts.ports import Closed, gate

GOOD: dict[str, Any] = {
    "specversion": "1.0",
    "id": "019a0000-0000-7000-8000-000000000001",
    "source": "/tidegate",
    "type": "tidegate.case.opened.v1",
    "subject": "key",
    "time": "2026-11-01T12:30:00.250000+00:00",
    "correlationid": "019a0000-0000-7000-8000-000000000002",
    "data": {"a": 1},
}


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in GOOD.items() if name != field}).encode()


def having(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_an_envelope_survives_the_wire() -> None:
    envelope = Envelope(
        id=UUID(int=1),
        type="tidegate.case.opened.v1",
        subject="键",
        time=datetime(2026, 1, 1, 8, tzinfo=UTC),
        correlation_id=UUID(int=2),
        data={"text": "雨 & \u2028 ☂", "list": [1, None, True]},
    )
    assert decode(envelope.encode()) == envelope


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (None, "not JSON"),
        (b"", "not JSON"),
        (b"\x00\xff\xfe", "not JSON"),
        (json.dumps(GOOD).encode()[:-20], "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1, 2]", "not an object"),
        (b'"text"', "not an object"),
        (without("specversion"), "specversion"),
        (having(specversion="0.3"), "specversion"),
        (without("id"), "id is missing"),
        (having(id=7), "id is missing or not a string"),
        (having(id="not-a-uuid"), "cannot be read"),
        (without("type"), "type is missing"),
        (having(type=""), "type is missing"),
        (without("subject"), "subject is missing"),
        (without("time"), "time is missing"),
        (having(time="yesterday"), "cannot be read"),
        (having(time="2026-11-01T12:30:00"), "no offset"),
        (without("correlationid"), "correlationid is missing"),
        (having(correlationid="x"), "cannot be read"),
        (without("data"), "data is missing"),
        (having(data=[1]), "data is missing or not an object"),
    ],
)
def test_what_is_no_event_is_unreadable_and_says_why(value: bytes | None, complaint: str) -> None:
    with pytest.raises(Unreadable, match=complaint):
        decode(value)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_anything_but_unreadable(value: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(value)


@settings(deadline=None, max_examples=200)
@given(st.integers(0, len(json.dumps(GOOD)) - 1))
def test_a_record_cut_off_anywhere_is_unreadable(length: int) -> None:
    with pytest.raises(Unreadable):
        decode(json.dumps(GOOD).encode()[:length])


def test_a_gate_nobody_wired_releases_nothing() -> None:
    closed = Closed()
    ruling = closed.screen_prompt(prompt="hello", modality="text", correlation_id=UUID(int=1))
    window = closed.window(
        text="hello", released_characters=2, is_final=True, correlation_id=UUID(int=1)
    )
    assert ruling.verdict == window.verdict == "unavailable"
    assert window.released_characters == 2
    assert gate() is not None
