"""How fast a training run learns."""

import pytest

from generation.training.schedules import learning_rate


@pytest.mark.parametrize(
    ("progress", "rate"), [(0.0, 0.02), (0.005, 0.51), (0.01, 1.0), (0.505, 0.51), (1.0, 0.02)]
)
def test_the_rate_rises_fast_and_falls_slowly(progress: float, rate: float) -> None:
    assert learning_rate(progress, peak=1.0) == pytest.approx(rate)


def test_the_rate_never_leaves_its_bounds() -> None:
    rates = [learning_rate(step / 500, peak=3e-4) for step in range(501)]
    assert min(rates) > 0
    assert max(rates) <= 3e-4
