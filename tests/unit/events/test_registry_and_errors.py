"""Who listens, and what an error means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError

from tidegate.contracts.envelope import Envelope
from tidegate.contracts.moderation import CaseDecided, CaseOpened
from tidegate.contracts.topics import Topic
from tidegate.events import debts, registry
from tidegate.events.errors import CannotHeal, RetryLater, UnknownConsumer
from tidegate.events.handling import TRIES, GivenUp, Waiting, judge
from tidegate.primitives.errors import Conflict, Unavailable


def ignore(event: object, envelope: Envelope) -> None:
    """Handle nothing."""


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    registry.forget("test")


def test_a_consumer_tells_its_types_and_topics() -> None:
    listener = registry.consumer("test", {CaseOpened: ignore, CaseDecided: ignore})
    assert listener.types == {CaseOpened.TYPE, CaseDecided.TYPE}
    assert listener.topics == (Topic.MODERATION,)
    assert registry.listener("test") is listener
    wanted = debts.wanted()
    assert ("test", CaseOpened.TYPE) in list(zip(wanted["consumers"], wanted["types"], strict=True))


def test_one_prepare_is_meant_for_every_handler() -> None:
    listener = registry.consumer("test", {CaseOpened: ignore}, prepare=ignore)
    assert set(listener.prepares) == {CaseOpened}


def test_a_name_is_taken_once() -> None:
    registry.consumer("test", {CaseOpened: ignore})
    with pytest.raises(ValueError, match="two consumers"):
        registry.consumer("test", {CaseOpened: ignore})


def test_a_consumer_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="handles nothing"):
        registry.consumer("test")


def test_preparing_what_nobody_handles_is_refused() -> None:
    with pytest.raises(ValueError, match="no handler"):
        registry.consumer("test", {CaseOpened: ignore}, prepare={CaseDecided: ignore})


def test_grouping_what_is_not_prepared_is_refused() -> None:
    group = registry.Group(lambda _: True, lambda _: [], lambda _: ())
    with pytest.raises(ValueError, match="does not prepare"):
        registry.consumer("test", {CaseOpened: ignore}, groups={CaseOpened: group})


def test_an_unknown_consumer_is_named_with_those_there_are() -> None:
    registry.consumer("test", {CaseOpened: ignore})
    with pytest.raises(UnknownConsumer, match="test"):
        registry.listener("nobody")


@pytest.mark.parametrize("attempts", [0, 3, 50])
def test_what_can_heal_is_tried_for_ever(attempts: int) -> None:
    for error in (OperationalError("down"), Unavailable("down"), RetryLater(2.0)):
        assert isinstance(judge(error, attempts), Waiting)


def test_what_can_never_heal_is_given_up_at_once() -> None:
    assert isinstance(judge(CannotHeal("no"), 0), GivenUp)


def test_what_nobody_promised_to_heal_gets_a_few_tries() -> None:
    tries = [judge(Conflict("?"), attempts) for attempts in range(TRIES)]
    assert all(isinstance(outcome, Waiting) for outcome in tries[:-1])
    assert isinstance(tries[-1], GivenUp)


def test_a_handler_may_say_how_long_to_wait() -> None:
    outcome = judge(RetryLater(7.5), 3)
    assert isinstance(outcome, Waiting)
    assert outcome.seconds == 7.5


def test_the_pause_grows_and_ends_growing() -> None:
    pauses = []
    for attempts in range(12):
        outcome = judge(Unavailable("down"), attempts)
        assert isinstance(outcome, Waiting)
        pauses.append(outcome.seconds)
    assert pauses == sorted(pauses)
    assert pauses[0] < 1.0
    assert pauses[-1] == pauses[-2] == 30.0
