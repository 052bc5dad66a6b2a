from __future__ import annotations

import pytest

from moderation.core.wire import Finding, Unreadable, answer, decode, encode, text_of


def judge(content: bytes) -> Finding:
    text = text_of(content, largest=10)
    if text == "boom":
        raise RuntimeError("out of memory")
    return Finding(scores={"spam": len(text) / 10}, detail={"n": len(text)})


def test_an_unreadable_item_is_its_own_error_and_not_its_neighbours() -> None:
    failures: list[str] = []

    results = answer(
        [b"fine", b"\xff", b"far too long a text", b"boom", b"ok"],
        judge=judge,
        version="x@1",
        on_failure=failures.append,
    )
    signals = [decode("x", result) for result in results]

    assert [signal.score("spam") for signal in signals] == [0.4, None, None, None, 0.2]
    assert [signal.is_available for signal in signals] == [True, False, False, False, True]
    assert failures == ["RuntimeError('out of memory')"]
    assert signals[0].version == "x@1"


def test_unreadable_text_says_why() -> None:
    with pytest.raises(Unreadable, match="not UTF-8"):
        text_of(b"\xff", largest=10)
    with pytest.raises(Unreadable, match="11 characters"):
        text_of(b"x" * 11, largest=10)


def test_a_finding_survives_the_wire() -> None:
    finding = Finding({"spam": 0.25, "hate": None}, "héllo", "fr", {"lines": 2})

    signal = decode("x", encode(finding, version="x@2"))

    assert (signal.scores, signal.text, signal.language) == (finding.scores, "héllo", "fr")
    assert signal.detail == {"lines": 2}


@pytest.mark.parametrize(
    "result",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"scores": 3, "version": "x"}',
        b'{"scores": {}}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_answer_is_unavailable(result: bytes) -> None:
    assert not decode("x", result).is_available


def test_a_score_that_is_no_number_is_missing_and_not_zero() -> None:
    signal = decode("x", b'{"scores": {"a": "0.1", "b": true, "c": NaN}, "version": "x@1"}')

    assert [signal.score(name) for name in ("a", "b", "c", "d")] == [None] * 4
