"""The world that the readers look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.leaks.world import World


@pytest.fixture
def world(db: None) -> World:
    """A world, gone after the test."""
    from tests.integration.leaks.world import build

    return build()
