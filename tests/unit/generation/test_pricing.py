"""Prices and refunds are arithmetic over data."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core import pricing
from generation.core.catalogue import CatalogueRefused, Model, catalogue, read_text
from generation.core.pricing import Factor, Price, Reason, Term, cost, refund_rates, returned

ENTRY = """
name: another
title: Another
modality: image
triton_model: another
licence: MIT
languages: [en]
description: Another model.
cost_credits: {cost}
limits: {{prompt_characters: 10, deadline_seconds: 5, wait_seconds: 60}}
parameters:
  - {{name: steps, type: integer, minimum: 1, maximum: 4, default: 2, description: d}}
  - {{name: style, type: choice, choices: [a, b], default: a, description: d}}
{price}
"""
PICTURE = Price(1, (Term(3, (Factor("steps", 20), Factor("size", 256, 2))),))


@pytest.mark.parametrize(
    ("price", "parameters", "prompt", "expected"),
    [
        (Price(4), {}, "a", 4),
        (Price(0), {}, "a", 1),
        (PICTURE, {"steps": 20, "size": 256}, "a", 4),
        (PICTURE, {"steps": 20, "size": 512}, "a", 13),
        (PICTURE, {"steps": 21, "size": 256}, "a", 5),
        (PICTURE, {"steps": 5, "size": 256}, "a", 2),
        (PICTURE, {"steps": 20}, "a", 4),
        (PICTURE, {"steps": "many", "size": 256}, "a", 4),
        (Price(1, (Term(1, (Factor("prompt_characters", 300),)),)), {}, "a" * 300, 2),
        (Price(1, (Term(1, (Factor("prompt_characters", 300),)),)), {}, "a" * 301, 3),
        # Ten times a tenth is one, not a little more.
        (Price(0.1, (Term(0.1, (Factor("steps", 1),)),)), {"steps": 9}, "a", 1),
    ],
)
def test_a_request_costs_what_its_quantities_come_to_rounded_up(
    price: Price, parameters: dict[str, object], prompt: str, expected: int
) -> None:
    assert cost(price, parameters=parameters, prompt=prompt) == expected


@pytest.mark.parametrize("model", catalogue().values(), ids=lambda model: model.name)
def test_an_entry_names_the_price_of_its_defaults(model: Model) -> None:
    defaults = {parameter.name: parameter.default for parameter in model.parameters}
    assert cost(model.price, parameters=defaults, prompt="a") == model.cost_credits


@given(steps=st.integers(1, 50), more=st.integers(0, 50))
def test_more_work_never_costs_less(steps: int, more: int) -> None:
    def priced(count: int) -> int:
        return cost(PICTURE, parameters={"steps": count, "size": 256}, prompt="a")

    assert priced(steps) <= priced(steps + more)


def test_an_entry_without_a_price_costs_the_same_whatever_is_asked() -> None:
    model = read_text(ENTRY.format(cost=7, price=""))
    for steps in (1, 4):
        assert cost(model.price, parameters={"steps": steps}, prompt="a") == 7


@pytest.mark.parametrize(
    ("usual", "price", "says"),
    [
        (2, "price: {base: 1}", "cost_credits says 2, but with the defaults it costs 1"),
        (
            1,
            "price: {base: 1, terms: [{credits: 1, per: [{of: style, unit: 1}]}]}",
            "counts 'style'",
        ),
        (1, "price: {base: 1, terms: [{credits: 1, per: []}]}", "terms.0.per"),
        (1, "price: {base: 1, terms: [{credits: 1, per: [{of: steps, unit: 0}]}]}", "unit"),
        (1, "price: {base: -1}", "base"),
    ],
)
def test_a_price_that_does_not_fit_its_entry_is_refused(usual: int, price: str, says: str) -> None:
    with pytest.raises(CatalogueRefused, match=says):
        read_text(ENTRY.format(cost=usual, price=price))


def test_the_shipped_rates_refund_what_was_not_delivered_in_full() -> None:
    rates = refund_rates()
    assert set(rates) == set(Reason)
    for reason in (
        Reason.CANCELLED_BEFORE_START,
        Reason.PROMPT_REFUSED,
        Reason.FAILED,
        Reason.EXPIRED,
        Reason.NOT_DELIVERED,
        Reason.BLOCKED_BY_POLICY,
    ):
        assert returned(7, reason) == 7
    assert returned(7, Reason.BLOCKED_AFTER_RELEASE) == 0


def test_a_share_is_rounded_in_favour_of_who_pays() -> None:
    assert returned(5, Reason.FAILED, {Reason.FAILED: Fraction(1, 2)}) == 3
    assert returned(5, Reason.FAILED, {Reason.FAILED: Fraction(0)}) == 0


@pytest.mark.parametrize(
    "changed",
    [lambda text: text.replace("failed: 1", "failed: 2"), lambda text: text + "\nsulking: 1\n"],
)
def test_rates_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: object
) -> None:
    assert callable(changed)
    file = tmp_path / "refunds.yaml"
    file.write_text(changed(pricing.RATES_FILE.read_text()))
    monkeypatch.setattr(pricing, "RATES_FILE", file)
    refund_rates.cache_clear()
    with pytest.raises(ValueError, match="refunds"):
        refund_rates()
    refund_rates.cache_clear()
