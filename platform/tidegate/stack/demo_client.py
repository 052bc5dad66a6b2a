"""One person of the demo, speaking to a running platform over its public HTTP API only."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

PATIENCE_SECONDS = 300.0


class StepFailed(Exception):
    """A step did not turn out as promised."""


@dataclass(frozen=True, slots=True)
class Person:
    """A demo account."""

    email: str
    password: str


class Client:
    """One signed-in person."""

    def __init__(self, base_url: str, person: Person) -> None:
        """Sign in; raises StepFailed when the account does not work."""
        self._http = httpx.Client(base_url=base_url, timeout=60.0)
        answer = self._http.post(
            "/api/v1/sign-in", json={"email": person.email, "password": person.password}
        )
        if answer.status_code != httpx.codes.OK:
            raise StepFailed(f"{person.email} cannot sign in: {answer.text}")
        self._http.headers["X-CSRFToken"] = answer.json()["csrf_token"]
        self.id = UUID(answer.json()["me"]["id"])

    def get(self, path: str, **query: Any) -> Any:
        """GET and return the JSON, or raise StepFailed with the problem."""
        return self._checked(self._http.get(f"/api/v1/{path}", params=query))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST and return the JSON, or raise StepFailed with the problem."""
        return self._checked(self._http.post(f"/api/v1/{path}", json=body or {}))

    def status(self, address: str) -> int:
        """Return only the status of a GET."""
        return self._http.get(address).status_code

    def media(self, address: str) -> bytes:
        """Return the bytes behind a rendition's address."""
        answer = self._http.get(address)
        if answer.status_code != httpx.codes.OK:
            raise StepFailed(f"{address}: {answer.status_code}")
        return answer.content

    def events(self, job_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Follow a job's server-sent events until the stream ends."""
        with self._http.stream(
            "GET",
            f"/api/v1/jobs/{job_id}/events",
            headers={"Accept": "text/event-stream"},
            timeout=httpx.Timeout(10.0, read=PATIENCE_SECONDS),
        ) as answer:
            name = "message"
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    name = line.removeprefix("event:").strip()
                elif line.startswith("data:"):
                    yield name, json.loads(line.removeprefix("data:"))

    @staticmethod
    def _checked(answer: httpx.Response) -> Any:
        if answer.is_success:
            return answer.json() if answer.content else None
        raise StepFailed(f"{answer.request.method} {answer.request.url}: {answer.text[:500]}")
