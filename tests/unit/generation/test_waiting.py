"""Estimates of waiting."""

from uuid import UUID

import pytest

from generation.core.waiting import Leaf, jobs_before, seconds_until_start


def leaf(organisation: int, project: int, person: int, waiting: int = 5) -> Leaf:
    return Leaf(UUID(int=organisation), UUID(int=project), UUID(int=person), waiting)


OWN = leaf(1, 11, 111)


@pytest.mark.parametrize(
    ("ahead", "others", "before"),
    [
        (0, [], 0),
        (4, [], 4),
        (4, [OWN], 4),
        # another person of the project has one turn before the first, two before the second
        (0, [leaf(1, 11, 112)], 1),
        (1, [leaf(1, 11, 112)], 3),
        # nobody has more turns than jobs
        (4, [leaf(1, 11, 112, waiting=2)], 6),
        # a project takes turns with the whole of the other project
        (0, [leaf(1, 12, 112), leaf(1, 12, 113)], 1),
        # and an organisation with the whole of the other
        (0, [leaf(2, 21, 211, 50), leaf(2, 22, 212, 50)], 1),
        (1, [leaf(1, 11, 112), leaf(2, 21, 211)], 7),
    ],
)
def test_of_everybody_else_as_many_turns_count_as_come_first_on_this_side(
    ahead: int, others: list[Leaf], before: int
) -> None:
    assert jobs_before(ahead=ahead, own=OWN, others=others) == before


@pytest.mark.parametrize(
    ("before", "running", "seconds"), [(0, 0, 0), (0, 1, 5), (3, 1, 35), (3, 2, 18), (4, 0, 40)]
)
def test_jobs_that_run_share_what_waits_and_are_half_done(
    before: int, running: int, seconds: int
) -> None:
    assert seconds_until_start(before=before, running=running, takes_seconds=10.0) == seconds
