"""Seeds of a request's outputs."""

from generation.core.catalogue import LARGEST_SEED


def seed_of(seed: int, index: int) -> int:
    """Return the seed of output `index`, counted from 0: the next whole number, round the end.

    So output 3 of a job is output 0 of the same request with a seed that is 3 higher.
    """
    return (seed + index) % (LARGEST_SEED + 1)
