"""Checkpoints outside: sent, signed, sent again when not taken, and an alarm while they are not."""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from django.test import Client

from tests import factories
from tests.integration.audit.support import append
from tidegate.audit import keys, witnesses
from tidegate.audit.checkpoints import checkpoint, key_file
from tidegate.audit.models import Checkpoint, Witness
from tidegate.primitives.clock import now
from tidegate.settings.env import EnvironmentRefused, _witness

pytestmark = pytest.mark.django_db(transaction=True)


class Hook(HTTPServer):
    """A real web hook on the loopback; it answers what it is told to."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.taken: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/checkpoints"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def hook(settings: Any) -> Iterator[Hook]:
    server = Hook()
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.TIDEGATE_AUDIT_WITNESS_URL = server.url
    yield server
    server.shutdown()
    server.server_close()


def test_a_witness_takes_every_checkpoint_once_and_can_check_who_sent_it(hook: Hook) -> None:
    append(2)
    checkpoint()
    append(1, chain="platform")
    checkpoint()
    assert witnesses.deliver() == 2
    assert witnesses.deliver() == 0
    ((headers, body),) = hook.taken
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line["number"] for line in lines] == [1, 2]
    key = keys.load_public(key_file())
    message = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    version, _, signature = headers["webhook-signature"].partition(",")
    assert version == "v1a"
    assert keys.is_signed(key, base64.b64decode(signature), message)
    assert not keys.is_signed(key, base64.b64decode(signature), message + b" ")
    append(1)
    checkpoint()
    assert witnesses.deliver() == 1
    assert json.loads(hook.taken[-1][1])["number"] == 3


def test_what_is_not_taken_is_sent_again_in_order_and_alarms(hook: Hook) -> None:
    append(1)
    checkpoint()
    hook.status = 503
    assert witnesses.deliver() == 0
    failing = witnesses.failing()
    assert failing is not None
    assert (failing.error, failing.number, failing.tries) == ("answered 503", 0, 1)
    auditor = Client()
    auditor.force_login(factories.make_user(staff=["auditor"]))
    assert "answered 503" in auditor.get("/console/trail").content.decode()
    # Not again at once, and later with a longer pause.
    assert witnesses.deliver() == 0
    assert len(hook.taken) == 1
    Witness.objects.update(retry_at=now() - timedelta(seconds=1))
    assert witnesses.deliver() == 0
    assert Witness.objects.get().tries == 2
    checkpoint()
    hook.status = 200
    Witness.objects.update(retry_at=None)
    assert witnesses.deliver() == Checkpoint.objects.count()
    assert witnesses.failing() is None
    assert "answered 503" not in auditor.get("/console/trail").content.decode()


def test_a_witness_that_is_gone_holds_up_nothing(settings: Any) -> None:
    settings.TIDEGATE_AUDIT_WITNESS_URL = "http://127.0.0.1:1/nobody"
    append(1)
    assert len(checkpoint()) == 1
    assert witnesses.deliver() == 0
    failing = witnesses.failing()
    assert failing is not None
    assert failing.error.startswith("ConnectError")


def test_an_object_store_gets_an_object_named_by_its_numbers(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: list[tuple[str, str, str, bytes]] = []

    def fake_put(bucket: str, prefix: str, name: str, body: bytes) -> None:
        put.append((bucket, prefix, name, body))

    monkeypatch.setattr(witnesses, "_put", fake_put)
    settings.TIDEGATE_AUDIT_WITNESS_URL = "s3://evidence/tidegate/checkpoints"
    append(1)
    checkpoint()
    assert witnesses.deliver() == 1
    ((bucket, prefix, name, body),) = put
    assert (bucket, prefix) == ("evidence", "tidegate/checkpoints")
    assert name == "000000000001-000000000001.jsonl"
    assert json.loads(body)["signature"]


@pytest.mark.parametrize("url", ["http://example.com/hook", "ftp://example.com", "nonsense"])
def test_a_witness_is_not_spoken_to_in_plain_text(url: str) -> None:
    with pytest.raises(EnvironmentRefused):
        _witness({"TIDEGATE_AUDIT_WITNESS_URL": url})
    assert _witness({}) == ""
    good = "https://example.com/hook"
    assert _witness({"TIDEGATE_AUDIT_WITNESS_URL": good}) == good
