"""The trail for auditors: search by day, timelines, exports that verify."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from moderation.app.models import Statement
from recommendations.app.models import Exposure
from tests import factories
from tests.integration.moderation import conduct, stage
from tidegate.audit import keys, offline
from tidegate.audit.checkpoints import checkpoint, key_file
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture
def auditor(tmp_path: Path, settings: Any) -> Client:
    settings.TIDEGATE_AUDIT_KEY_FILE = tmp_path / "audit.pem"
    settings.TIDEGATE_AUDIT_EXPORT_FILE = tmp_path / "checkpoints.jsonl"
    keys.create(tmp_path / "audit.pem")
    client = Client()
    client.force_login(factories.make_user(staff=["auditor"]))
    return client


def test_a_timeline_leads_from_the_request_to_those_who_saw_it(auditor: Client) -> None:
    asset, case = stage.held()
    conduct.decided(case, "release")
    for number in range(3):
        Exposure.objects.create(
            user_id=new_id(),
            asset_id=asset.pk,
            slate_id=new_id(),
            position=number,
            source="fresh",
            propensity=0.5,
            at=now(),
        )
    found = auditor.get(f"/console/trail/timeline?subject={asset.pk}")
    address = f"/console/trail/timeline/{asset.correlation_id}"
    assert (found.status_code, found["Location"]) == (302, address)
    page = auditor.get(address).content.decode()
    told = ["asset.created", "case.opened", "verdict.reached", "case.decided", "shown in the feed"]
    places = [page.index(one) for one in told]
    assert places == sorted(places)
    assert "to 3 people, 3 times" in page
    assert auditor.get(f"/console/trail/timeline/{new_id()}").status_code == 200


def test_an_export_of_what_is_filtered_verifies_and_is_remembered(auditor: Client) -> None:
    asset, case = stage.held()
    conduct.decided(case)
    checkpoint()
    answer = auditor.get(f"/console/trail/export?correlation_id={asset.correlation_id}")
    assert answer["Content-Type"] == "application/jsonl"
    lines = answer.content.decode().splitlines()
    pem = keys.load_public(key_file()).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    outcome = offline.check(lines, pem)
    assert outcome.problems == []
    assert outcome.entries() == Entry.objects.filter(correlation_id=asset.correlation_id).count()
    taken = Entry.objects.get(action="trail.exported")
    assert (taken.after or {})["correlation_id"] == str(asset.correlation_id)
    assert Statement.objects.filter(asset=asset).exists()


def test_the_script_is_given_away_as_it_is(auditor: Client) -> None:
    given = auditor.get("/console/trail/verify_export.py")
    assert given.content == Path(offline.__file__).read_bytes()


def test_days_narrow_the_trail_and_nonsense_is_named(auditor: Client) -> None:
    stage.held()
    assert "case.opened</strong>" in auditor.get("/console/trail").content.decode()
    later = auditor.get("/console/trail?since=2099-01-01").content.decode()
    assert "case.opened</strong>" not in later
    assert "since=2099-01-01" in later
    assert auditor.get("/console/trail?since=someday").status_code == 400


def test_reviewers_have_none_of_it() -> None:
    client = Client()
    client.force_login(factories.make_user(staff=["reviewer"]))
    for page in (f"timeline/{new_id()}", "timeline?subject=x", "export", "verify_export.py"):
        assert client.get(f"/console/trail/{page}").status_code == 404
