"""Which version of a model a request gets."""

import pytest

from generation.core.catalogue import Asked, gets_canary, parse_asked

REQUESTS = [(f"organisation-{number % 7}", number) for number in range(2000)]


def drawn(percent: int, *, canary: str = "b01c9e55aa10") -> set[tuple[str, int]]:
    return {
        (organisation, seed)
        for organisation, seed in REQUESTS
        if gets_canary(
            model="tidegate-image",
            canary=canary,
            percent=percent,
            organisation=organisation,
            seed=seed,
        )
    }


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("tidegate-image", Asked("tidegate-image", "")),
        ("tidegate-image@canary", Asked("tidegate-image", "canary")),
        ("tidegate-image@3f2a9c1b7d20", Asked("tidegate-image", "3f2a9c1b7d20")),
        ("a@b@c", Asked("a", "b@c")),
    ],
)
def test_a_request_names_a_model_and_perhaps_an_alias(text: str, asked: Asked) -> None:
    assert parse_asked(text) == asked


def test_the_same_request_always_gets_the_same_version() -> None:
    assert drawn(20) == drawn(20)


def test_nobody_gets_a_canary_without_a_share_and_everybody_at_a_hundred() -> None:
    assert drawn(0) == set()
    assert drawn(100) == set(REQUESTS)


def test_the_share_is_about_what_was_asked_for() -> None:
    assert 0.07 < len(drawn(10)) / len(REQUESTS) < 0.13


def test_a_larger_share_only_adds_requests() -> None:
    assert drawn(5) < drawn(20)


def test_another_canary_meets_other_requests() -> None:
    assert drawn(20) != drawn(20, canary="ffffffffffff")
