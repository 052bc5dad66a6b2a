"""The console's pages about hash banks."""

import pytest

from moderation.app import services
from moderation.app.engine import Engine
from moderation.app.models import HashBank, HashEntry
from moderation.core.hashes import sha256
from tests import factories
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of
from tidegate.accounts.viewers import system
from tidegate.primitives.clock import now

pytestmark = pytest.mark.django_db

A = "ab" * 32


@pytest.fixture
def bank() -> HashBank:
    return services.create_bank(
        name="A partner's", effect="hold", viewer=system("test"), reason="agreed"
    )


def entry_of(bank: HashBank, **given: object) -> HashEntry:
    return HashEntry.objects.create(
        **{"bank": bank, "kind": "pdq", "value": A, "reason": "seen", **given}
    )


def test_a_keeper_lists_pauses_resumes_dates_and_takes_off(sign_in: SignIn, bank: HashBank) -> None:
    client = sign_in(factories.make_user(staff=("senior_reviewer",)))
    form = {"bank": str(bank.pk), "kind": "pdq", "value": A, "hazard": "hate", "source": "Ann"}
    client.post("/console/hashes/add", form)
    assert not HashEntry.objects.exists()
    client.post("/console/hashes/add", {**form, "reason": "seen", "expires_on": "2040-01-02"})
    entry = HashEntry.objects.get()
    at = f"/console/hashes/{entry.pk}"
    assert "2040-01-02" in text_of(client.get(at))
    client.post(f"{at}/pause", {"reason": "too broad"})
    assert "too broad" in text_of(client.get(at))
    assert A[:16] in text_of(client.get("/console/hashes?state=paused&value=abab"))
    client.post(f"{at}/resume", {"reason": "fine"})
    client.post(f"{at}/expiry", {"reason": "for ever", "expires_on": ""})
    entry.refresh_from_db()
    assert (entry.paused_at, entry.expires_at) == (None, None)
    client.post(f"{at}/expiry", {"reason": "odd", "expires_on": "2040-13-99"})
    assert "This is no date" in text_of(client.get(at))
    client.post(f"{at}/removal", {"reason": ""})
    assert HashEntry.objects.exists()
    client.post(f"{at}/removal", {"reason": "a mistake"})
    assert not HashEntry.objects.exists()


def test_what_a_fuse_paused_stands_first_with_its_reason(sign_in: SignIn, bank: HashBank) -> None:
    entry_of(bank, paused_at=now(), paused_by_fuse=True, paused_because="It matched too much.")
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get("/console/hashes"))
    assert "Paused by its fuse" in page
    assert "It matched too much." in page
    assert "List a hash" not in page


def test_a_policy_admin_makes_a_bank_and_sets_its_share_and_fuse(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("policy_admin",)))
    client.post(
        "/console/hashes/banks",
        {"name": "New", "effect": "block", "percent": "25", "reason": "agreed"},
    )
    bank = HashBank.objects.get(name="New")
    assert bank.enabled_share == 0.25
    at = f"/console/hashes/banks/{bank.pk}"
    change = {"percent": "50", "fuse_matches": "7", "fuse_seconds": "", "reason": "more"}
    client.post(at, change)
    bank.refresh_from_db()
    assert (bank.enabled_share, bank.fuse_matches, bank.fuse_seconds) == (0.5, 7, None)
    for wrong in ({"percent": "much"}, {"percent": "101"}, {"fuse_matches": "x"}, {"reason": ""}):
        client.post(at, change | wrong)
    bank.refresh_from_db()
    assert (bank.enabled_share, bank.fuse_matches) == (0.5, 7)
    assert "50 %" in text_of(client.get("/console/hashes"))


def test_only_policy_admins_change_banks_and_only_staff_see_them(
    sign_in: SignIn, bank: HashBank
) -> None:
    client = sign_in(factories.make_user(staff=("senior_reviewer",)))
    client.post(f"/console/hashes/banks/{bank.pk}", {"percent": "1", "reason": "x"})
    bank.refresh_from_db()
    assert bank.enabled_share == 1.0
    entry = entry_of(bank)
    nobody = sign_in(factories.make_user())
    for path in ("/console/hashes", f"/console/hashes/{entry.pk}"):
        assert nobody.get(path).status_code == 404
    assert nobody.post(f"/console/hashes/{entry.pk}/pause", {"reason": "x"}).status_code == 404


def test_the_pages_speak_chinese(sign_in: SignIn, bank: HashBank) -> None:
    entry = entry_of(bank)
    client = sign_in(factories.make_user(staff=("policy_admin",)))
    language = {"Accept-Language": "zh-hans"}
    page = text_of(client.get("/console/hashes", headers=language))
    for words in ("哈希库", "命中即", "暂扣", "流量占比", "登记哈希", "新建哈希库"):
        assert words in page
    page = text_of(client.get(f"/console/hashes/{entry.pk}", headers=language))
    for words in ("暂停", "永久", "移除"):
        assert words in page


def test_a_case_names_the_bank_and_leads_to_the_entry(
    engine: Engine, sign_in: SignIn, bank: HashBank
) -> None:
    asset = stage.pending()
    entry = entry_of(bank, kind="sha256", value=sha256(asset.text.encode()))
    stage.consume(asset)
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.get(f"/console/cases/{stage.case_of(asset).pk}"))
    assert f"/console/hashes/{entry.pk}" in page
    assert "A partner" in page
    page = text_of(client.get(f"/console/hashes/{entry.pk}"))
    assert f"/assets/{asset.pk}" in page
    assert client.get(f"/assets/{asset.pk}").status_code == 200
