"""The console's pages about policies."""

import pytest
from django.utils import timezone

from moderation.app import in_force, services
from moderation.app.models import BacktestRun, PolicyVersion, RetroRun
from moderation.core import policy as policies
from tests import factories
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of

pytestmark = pytest.mark.django_db

AT = "/console/policies"
SOURCE = policies.DEFAULT_POLICY.read_text(encoding="utf-8").replace("name: default", "name: new")


@pytest.fixture(autouse=True)
def shipped() -> PolicyVersion:
    digest = in_force.lists_digest()
    return services.activate_policy(policy=policies.load(lists_digest=digest), lists_digest=digest)


def test_an_admin_proposes_shadows_backtests_and_previews(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("policy_admin",)))
    client.post(f"{AT}/new", {"source": SOURCE.replace("\n", "\r\n"), "reason": "a new name"})
    version = PolicyVersion.objects.get(name="new")
    at = f"{AT}/{version.pk}"
    page = text_of(client.get(at))
    assert "+name: new" in page
    assert "Run as a shadow" in page
    client.post(f"{at}/state", {"to": "shadow", "reason": "try it"})
    version.refresh_from_db()
    assert version.state == "shadow"
    client.post(f"{at}/state", {"to": "approved", "reason": "mine"})
    assert "Another person approves" in text_of(client.get(at))
    client.post(f"{at}/backtests", {"since": "2026-01-01", "until": ""})
    assert BacktestRun.objects.get().policy_id == version.pk
    client.post(f"{at}/preview", {"reason": "stricter"})
    services.advance_retro_runs(seconds=5)
    run = RetroRun.objects.get()
    assert "Give up" in text_of(client.get(at))
    client.post(f"{AT}/retro-runs/{run.pk}", {"to": "cancelled", "reason": "no"})
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "new" in text_of(client.get(AT))


def test_what_was_rolled_back_stands_first_and_says_by_whom(
    sign_in: SignIn, shipped: PolicyVersion
) -> None:
    PolicyVersion.objects.create(
        version="f" * 64,
        source=SOURCE,
        name="astray",
        origin="file",
        state="retired",
        rolled_back_at=timezone.now(),
        rolled_back_because="The fuse: held 100%",
        rolled_back_by_fuse=True,
    )
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get(AT))
    assert "Rolled back by its fuse" in page
    assert "held 100%" in page
    assert "Propose a policy" not in page
    client.post(f"{AT}/{shipped.pk}/roll-back", {"reason": "x"})
    assert "Only policy admins do this." in text_of(client.get(AT))


def test_the_page_speaks_the_readers_language_and_others_find_nothing(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("reviewer",)))
    assert "策略" in text_of(client.get(AT, headers={"Accept-Language": "zh-hans"}))
    assert sign_in(factories.make_user()).get(AT).status_code == 404
