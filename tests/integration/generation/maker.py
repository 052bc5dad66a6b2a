"""Somebody who makes things, and threads that give their connections back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from django.db import connections

from generation.app import services
from generation.app.models import Job
from tests.factories import make_account, viewer_of
from tidegate.accounts.viewers import Viewer

Result = TypeVar("Result")


class Maker:
    """A person with a project of their own who asks for things."""

    def __init__(self) -> None:
        account = make_account()
        self.user, self.project = account.user, account.project
        self.viewer: Viewer = viewer_of(account.user)

    @property
    def organisation_id(self) -> UUID:
        return self.project.organisation_id

    def asks(self, prompt: str = "a lighthouse at dawn", **fields: Any) -> Job:
        wanted: dict[str, Any] = {
            "project_id": self.project.pk,
            "model_name": "tidegate-image",
            "prompt": prompt,
        }
        return services.submit_job(viewer=self.viewer, **(wanted | fields))


def at_once(work: Callable[[int], Result], *, threads: int) -> list[Result]:
    """Run the work in several threads at the same time and return what each returned."""

    def run(number: int) -> Result:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))
