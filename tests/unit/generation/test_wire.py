from __future__ import annotations

import json

import pytest

from generation.core.wire import (
    Done,
    GenerateRequest,
    InvalidRequest,
    Media,
    Piece,
    Progress,
    TextPiece,
    UnreadableEvent,
    decode_event,
    decode_request,
    encode_event,
    encode_request,
)


@pytest.mark.parametrize(
    "piece",
    [
        TextPiece(3, "潮汐 – tide"),
        Progress(2, 20),
        Media("image/png", b"\x89PNG\x00", width=256, height=256),
        Media("audio/wav", b"RIFF", duration_ms=1200),
        Media("image/svg+xml", b"<svg/>", width=800, height=600, rendition="score"),
        Done("stop", "abcdef123456"),
    ],
)
def test_an_event_survives_the_way(piece: Piece) -> None:
    assert decode_event(*encode_event(piece)) == piece


def test_a_request_survives_the_way() -> None:
    request = GenerateRequest("你好", {"steps": 20, "voice": "af_heart"}, 2**63 - 1)
    assert decode_request(encode_request(request), max_prompt_characters=10) == request


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"\xff\xfe", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b"{}", "prompt"),
        (json.dumps({"prompt": " \n"}).encode(), "prompt"),
        (json.dumps({"prompt": 5}).encode(), "prompt"),
        (json.dumps({"prompt": "a" * 11}).encode(), "longer than 10"),
        (json.dumps({"prompt": "a", "parameters": []}).encode(), "parameters"),
        (json.dumps({"prompt": "a", "seed": -1}).encode(), "seed"),
        (json.dumps({"prompt": "a", "seed": 2**63}).encode(), "seed"),
        (json.dumps({"prompt": "a", "seed": True}).encode(), "seed"),
        (json.dumps({"prompt": "a", "seed": "1"}).encode(), "seed"),
    ],
)
def test_a_request_that_says_nothing_usable_is_invalid(document: bytes, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        decode_request(document, max_prompt_characters=10)


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        (b"", b""),
        (b"[]", b""),
        (b"null", b""),
        (b'{"kind": "dance"}', b""),
        (b'{"kind": "text"}', b"x"),
        (b'{"kind": "text", "index": 0}', b"\xff"),
        (b'{"kind": "progress", "step": "x", "steps": 2}', b""),
        (b'{"kind": "done"}', b""),
        (b'{"kind": "media", "media_type": "image/png", "rendition": "back"}', b""),
    ],
)
def test_an_event_outside_the_contract_is_unreadable(document: bytes, payload: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        decode_event(document, payload)


def test_numbers_are_checked_against_their_range() -> None:
    request = GenerateRequest("a", {"n": 3, "f": 0.5, "nan": float("nan"), "t": "3", "b": True})
    assert request.integer("n", minimum=1, maximum=3, default=2) == 3
    assert request.integer("absent", minimum=1, maximum=3, default=2) == 2
    assert request.number("f", minimum=0, maximum=1, default=0) == 0.5
    for name in ("nan", "t", "b"):
        with pytest.raises(InvalidRequest, match=name):
            request.number(name, minimum=0, maximum=9, default=0)
    with pytest.raises(InvalidRequest, match="whole"):
        request.integer("f", minimum=0, maximum=1, default=0)
    with pytest.raises(InvalidRequest, match="between 4 and 9"):
        request.number("n", minimum=4, maximum=9, default=5)


def test_text_parameters_may_be_left_out_but_not_be_anything_else() -> None:
    request = GenerateRequest("a", {"voice": "x", "empty": "", "number": 1})
    assert request.text("voice", max_characters=1) == "x"
    assert request.text("empty", max_characters=1) is None
    assert request.text("absent", max_characters=1) is None
    with pytest.raises(InvalidRequest, match="must be text"):
        request.text("number", max_characters=1)
    with pytest.raises(InvalidRequest, match="longer"):
        request.text("voice", max_characters=0)


def test_a_parameter_that_a_model_does_not_have_is_named() -> None:
    request = GenerateRequest("a", {"speed": 1, "colour": 2})
    request.require_only("speed", "colour")
    with pytest.raises(InvalidRequest, match="unknown parameter colour; this model has speed"):
        request.require_only("speed")
