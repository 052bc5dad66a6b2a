"""A clock that stands still until a test moves it."""

import sys
from datetime import datetime, timedelta

import pytest

from tidegate.primitives import clock


class Clock:
    """The time of every module that took `tidegate.primitives.clock.now` by name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = clock.now()
        real = clock.now
        for name, module in list(sys.modules.items()):
            is_ours = name.startswith(("tidegate.", "moderation."))
            if is_ours and module is not clock and vars(module).get("now") is real:
                monkeypatch.setattr(module, "now", self)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.time

    def forward(self, **given: float) -> None:
        """Let time pass, such as `minutes=10`."""
        self.time += timedelta(**given)
