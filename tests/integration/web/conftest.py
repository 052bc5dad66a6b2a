"""People in a browser without scripts, and the gate and tickets of the neighbours' tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.integration.generation.conftest import gate, issued  # noqa: F401  # fixtures
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from tidegate.accounts.models import User

SignIn = Callable[["User"], Client]


@pytest.fixture
def sign_in() -> SignIn:
    """Return a browser in which a person is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
