import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tidegate.accounts import services as accounts
from tidegate.accounts.errors import KeyRefused
from tidegate.accounts.models import ApiKey, User
from tidegate.accounts.selectors import viewer_for_user
from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db


@pytest.fixture
def demo_file(settings: Settings, tmp_path: Path) -> Path:
    settings.TIDEGATE_DEMO = True
    settings.TIDEGATE_DEMO_FILE = tmp_path / "kept" / "demo.json"
    return tmp_path / "kept" / "demo.json"


def ensure() -> str:
    out = StringIO()
    call_command("ensure_demo", stdout=out)
    return out.getvalue()


def test_the_demo_prints_log_ins_that_work_and_keeps_them_to_itself(demo_file: Path) -> None:
    printed = ensure()
    kept = json.loads(demo_file.read_text())
    assert demo_file.stat().st_mode & 0o777 == 0o600
    assert {who["role"] for who in kept["people"]} >= {"creator", "viewer", "reviewer", "auditor"}
    for who in kept["people"]:
        user = User.objects.get(email=who["email"])
        assert user.check_password(who["password"])
        assert who["email"] in printed
    assert accounts.authenticate_key(kept["api_key"]).organisation.name == "Harbour Lights"
    creator = User.objects.get(email="creator@demo.tidegate.test")
    assert Project.objects.filter(created_by=creator, audience="public").exists()
    reviewer = User.objects.get(email="reviewer@demo.tidegate.test")
    assert viewer_for_user(reviewer).staff_roles == {"reviewer"}


def test_a_second_start_changes_nothing(demo_file: Path) -> None:
    first, kept = ensure(), demo_file.read_text()
    counts = User.objects.count(), Project.objects.count(), ApiKey.objects.count()
    assert ensure() == first
    assert demo_file.read_text() == kept
    assert (User.objects.count(), Project.objects.count(), ApiKey.objects.count()) == counts


def test_a_lost_file_gets_new_log_ins_and_the_lost_key_is_closed(demo_file: Path) -> None:
    ensure()
    lost = json.loads(demo_file.read_text())
    demo_file.unlink()
    ensure()
    kept = json.loads(demo_file.read_text())
    assert kept["password"] != lost["password"]
    assert User.objects.get(email="viewer@demo.tidegate.test").check_password(kept["password"])
    with pytest.raises(KeyRefused):
        accounts.authenticate_key(lost["api_key"])


def test_an_installation_that_is_no_demo_gets_no_demo_people(settings: Settings) -> None:
    settings.TIDEGATE_DEMO = False
    with pytest.raises(CommandError):
        ensure()
    assert not User.objects.exists()
