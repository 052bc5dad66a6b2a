"""Why something could not be judged decides when it is tried again."""

import pytest

from moderation.core.failures import RETRIES, Failure, RetryRule, failure_among, failure_of


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("deadline_exceeded: Deadline Exceeded", Failure.DETECTOR_TIMEOUT),
        ("cancelled", Failure.DETECTOR_TIMEOUT),
        ("unavailable: failed to connect to all addresses", Failure.SERVER_UNREACHABLE),
        ("not_found: Request for unknown model", Failure.SERVER_UNREACHABLE),
        ("no bytes to judge", Failure.STORAGE_UNREADABLE),
        ("unreadable: not a picture that can be read", Failure.CONTENT_UNJUDGEABLE),
        ("malformed answer: not an object", Failure.ANSWER_MALFORMED),
        ("ZeroDivisionError: division by zero", Failure.ANSWER_MALFORMED),
        ("", Failure.ANSWER_MALFORMED),
    ],
)
def test_an_error_is_known_by_how_it_begins(error: str, failure: Failure) -> None:
    assert failure_of(error) is failure


def test_what_is_least_likely_to_heal_decides() -> None:
    away, never = "unavailable: away", "unreadable: no picture"
    assert failure_among([away, never]) is Failure.CONTENT_UNJUDGEABLE
    assert failure_among([away, "deadline_exceeded: x"]) is Failure.DETECTOR_TIMEOUT
    assert failure_among([]) is Failure.ANSWER_MALFORMED


def test_every_failure_has_a_rule() -> None:
    assert set(RETRIES) == set(Failure)


def test_pauses_double_up_to_the_longest_and_end_with_the_limit() -> None:
    rule = RetryRule(first=1.0, longest=5.0, limit=5)
    assert [rule.pause(tries) for tries in range(1, 6)] == [1.0, 2.0, 4.0, 5.0, None]


def test_a_server_that_is_away_is_asked_for_ever() -> None:
    assert RETRIES[Failure.SERVER_UNREACHABLE].pause(100_000) == 30.0


def test_content_that_cannot_be_judged_is_tried_once() -> None:
    assert RETRIES[Failure.CONTENT_UNJUDGEABLE].pause(1) is None
