"""Strikes and restrictions on the console's case page, and on the author's own page."""

import pytest

from moderation.app.models import Report, Restriction, Strike, TakedownNotice
from tests import factories
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tests.integration.moderation import conduct, stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of

pytestmark = pytest.mark.django_db


def test_a_senior_restricts_lifts_and_voids_from_the_case_page(sign_in: SignIn) -> None:
    project = factories.make_project()
    author = project.created_by
    case = conduct.decided(conduct.held_of(author, project, "hate"))
    strike = Strike.objects.get()
    client = sign_in(factories.make_user(staff=("senior_reviewer",)))
    at = f"/console/cases/{case.pk}"
    assert 'data-points="3"' in client.get(at).content.decode()
    client.post(f"{at}/authors/{author.pk}/restriction", {"kind": "hold_all", "reason": ""})
    assert not Restriction.objects.exists()
    for hours in ("-1", "many", "9999999"):
        form = {"kind": "hold_all", "hours": hours, "reason": "watch"}
        client.post(f"{at}/authors/{author.pk}/restriction", form)
    assert not Restriction.objects.exists()
    client.post(
        f"{at}/authors/{author.pk}/restriction",
        {"kind": "hold_all", "hours": "12", "reason": "watch"},
    )
    restriction = Restriction.objects.get()
    assert "A person looks at every output first" in text_of(client.get(at))
    client.post(f"{at}/restrictions/{restriction.pk}/lift", {"reason": "enough"})
    client.post(f"{at}/strikes/{strike.pk}/void", {"reason": "satire"})
    restriction.refresh_from_db()
    strike.refresh_from_db()
    assert (restriction.end_reason, strike.void_reason) == ("enough", "satire")
    assert 'data-points="0"' in client.get(at).content.decode()


def test_a_reviewer_reads_and_records_notices_but_restricts_nobody(sign_in: SignIn) -> None:
    project = factories.make_project()
    case = conduct.held_of(project.created_by, project, "hate")
    client = sign_in(factories.make_user(staff=("reviewer",)))
    at = f"/console/cases/{case.pk}"
    assert "/restriction" not in client.get(at).content.decode()
    client.post(
        f"{at}/authors/{project.created_by_id}/restriction",
        {"kind": "suspended", "reason": "no"},
    )
    assert not Restriction.objects.exists()
    client.post(
        f"{at}/assets/{case.asset_id}/notice",
        {"claimant": "Ann Ltd", "basis": "privacy", "reason": "my face"},
    )
    assert TakedownNotice.objects.get().basis == "privacy"
    assert "Ann Ltd" in text_of(client.get(at))


def test_an_author_reads_how_they_stand_in_their_language(sign_in: SignIn) -> None:
    project = factories.make_project()
    author = project.created_by
    conduct.decided(conduct.held_of(author, project, "child_safety"))
    client = sign_in(author)
    shown = text_of(client.get("/standing"))
    assert "12 points count at present." in shown
    assert "This does not follow our rules." in shown
    assert "child" not in shown.lower()
    assert "目前共计 12 分" in text_of(
        client.get("/standing", headers={"accept-language": "zh-hans"})
    )


def test_the_studio_tells_a_suspended_author_where_to_look(
    sign_in: SignIn, gate: FakeGate, issued: list[str]
) -> None:
    maker = Maker()
    conduct.suspended(maker.user, hours=3)
    answer = sign_in(maker.user).post(
        "/studio/jobs",
        {"project": str(maker.project.pk), "model": "tidegate-image", "prompt": "a harbour"},
    )
    assert answer.status_code == 422
    assert "Your account is suspended. It ends on" in text_of(answer)


def test_a_report_from_a_page_carries_its_reason(sign_in: SignIn) -> None:
    asset = factories.make_asset()
    reporter = stage.established()
    client = sign_in(reporter)
    page = client.get(f"/assets/{asset.pk}").content.decode()
    assert '<option value="copyright">' in page
    client.post(
        f"/assets/{asset.pk}/interactions",
        {"kind": "report", "note": "that is mine", "reason": "copyright"},
    )
    from tidegate.contracts.envelope import decode
    from tidegate.contracts.interactions import InteractionRecorded
    from tidegate.events.codec import event_of
    from tidegate.events.models import Outbox

    row = Outbox.objects.get(type=InteractionRecorded.TYPE)
    assert event_of(decode(bytes(row.value))).reason == "copyright"
    assert not Report.objects.exists()
