"""What is tried again."""

import pytest

from generation.core.retries import PERMANENT, REASONS, TRANSIENT, UNKNOWN, Patience
from tidegate.api.codes import JOBS


def test_pauses_double_up_to_the_longest() -> None:
    patience = Patience(retries=6, longest_pause=10)
    pauses = [patience.pause(tried) for tried in range(7)]
    assert [None if pause is None else pause.total_seconds() for pause in pauses] == [
        1, 2, 4, 8, 10, 10, None,
    ]  # fmt: skip


def test_what_can_never_heal_is_not_tried_again() -> None:
    assert PERMANENT.pause(0) is None


def test_what_is_known_to_heal_is_waited_for_longer_than_what_is_not() -> None:
    assert TRANSIENT.retries > UNKNOWN.retries > PERMANENT.retries


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_a_code_that_the_api_explains(reason: str) -> None:
    assert reason in JOBS
