"""The console: evidence, rulings, conflicts in human words, and a trail of looks."""

from datetime import timedelta

import pytest

from moderation.app import services
from moderation.app.models import Case
from tests import factories
from tests.integration.moderation import stage
from tests.integration.web.conftest import SignIn
from tests.integration.web.reading import text_of
from tidegate.accounts.services import appoint_staff
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.console.changes import Change, changes
from tidegate.primitives.clock import now

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def test_the_queue_narrows_by_kind_and_cause(sign_in: SignIn) -> None:
    stage.held()
    client = sign_in(factories.make_user(staff=("reviewer",)))
    assert len(client.get("/console/").context["page"].cases) == 1
    assert len(client.get("/console/?modality=text&because=hold").context["page"].cases) == 1
    assert not client.get("/console/?modality=image").context["page"].cases
    assert not client.get("/console/?because=report").context["page"].cases
    assert len(client.get("/console/?modality=nonsense").context["page"].cases) == 1


def test_the_queue_refreshes_itself_as_a_fragment(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("reviewer",)))
    fragment = text_of(client.get("/console/", headers={"HX-Request": "true"}))
    assert "<html" not in fragment
    assert "counters" in fragment


def test_content_is_veiled_and_out_of_reach_until_it_is_revealed(sign_in: SignIn) -> None:
    _, case = stage.held()
    page = text_of(
        sign_in(factories.make_user(staff=("reviewer",))).get(f"/console/cases/{case.pk}")
    )
    assert '<div class="veiled" data-veiled inert>' in page
    assert "unveiled" not in page


def test_a_look_is_kept_once_however_often_the_page_is_loaded(sign_in: SignIn) -> None:
    _, case = stage.held()
    first, second = (sign_in(factories.make_user(staff=("reviewer",))) for _ in range(2))
    for client in (first, first, second):
        assert client.get(f"/console/cases/{case.pk}").status_code == 200
    looks = Entry.objects.filter(action=Action.CASE_VIEWED, subject_id=str(case.pk))
    assert looks.count() == 2
    assert looks.values("actor_id").distinct().count() == 2


def test_a_ruling_goes_on_to_the_next_case_and_then_to_the_queue(sign_in: SignIn) -> None:
    (_, one), (_, other) = stage.held(), stage.held(content="violencemaybe elsewhere")
    client = sign_in(factories.make_user(staff=("reviewer",)))
    ruling = {"action": "release", "reason": "Within the policy."}
    first = client.post(f"/console/cases/{one.pk}/decision", ruling)
    assert first.headers["Location"] == f"/console/cases/{other.pk}"
    last = client.post(f"/console/cases/{other.pk}/decision", {**ruling, "action": "block"})
    assert last.headers["Location"] == "/console/"
    assert dict(Case.objects.values_list("pk", "outcome")) == {
        one.pk: "release",
        other.pk: "block",
    }


def test_a_ruling_without_a_reason_is_refused_in_words(sign_in: SignIn) -> None:
    _, case = stage.held()
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(
        client.post(
            f"/console/cases/{case.pk}/decision", {"action": "release", "reason": " "}, follow=True
        )
    )
    assert "A decision needs a reason." in page
    assert Case.objects.get().state == Case.State.OPEN


def test_who_comes_second_is_told_who_was_faster(sign_in: SignIn) -> None:
    _, case = stage.held()
    services.decide_case(
        case_id=case.pk, action="block", viewer=stage.staff("reviewer", name="Rita"), reason="No."
    )
    client = sign_in(factories.make_user(staff=("reviewer",)))
    answer = client.post(
        f"/console/cases/{case.pk}/decision", {"action": "release", "reason": "Yes."}, follow=True
    )
    assert "Rita was faster and blocked it." in text_of(answer)


def test_reviewing_goes_from_case_to_case_in_what_was_chosen(sign_in: SignIn) -> None:
    cases = [stage.held(content=f"violencemaybe {number}")[1] for number in range(3)]
    client = sign_in(factories.make_user(staff=("reviewer",)))
    assert "Review the next case" in text_of(client.get("/console/"))
    chosen = {"modality": "text", "because": "hold"}

    def next_after(given: dict[str, str]) -> str:
        answer = client.post("/console/cases/next", given)
        return str(answer["Location"]).partition("?")[0].rpartition("/")[2]

    answer = client.post("/console/cases/next", chosen)
    assert answer["Location"] == f"/console/cases/{cases[0].pk}?modality=text&because=hold"
    page = text_of(client.get(answer["Location"]))
    assert '<input type="hidden" name="because" value="hold">' in page
    answer = client.post(
        f"/console/cases/{cases[0].pk}/decision", {"action": "release", "reason": "So.", **chosen}
    )
    assert str(cases[1].pk) in answer["Location"]
    assert next_after({"besides": str(cases[1].pk), **chosen}) == str(cases[2].pk)
    answer = client.post("/console/cases/next", {"besides": str(cases[2].pk), **chosen})
    assert answer["Location"] == "/console/?modality=text&because=hold"
    assert "No case waits here." in text_of(client.get(answer["Location"]))
    assert next_after({"modality": "nonsense"}) == str(cases[1].pk)


def test_an_open_page_keeps_its_case_and_hears_when_it_lost_it(sign_in: SignIn) -> None:
    _, case = stage.held()
    user = factories.make_user(staff=("reviewer",))
    client = sign_in(user)
    client.post(f"/console/cases/{case.pk}/claim")
    assert f'data-lease="/console/cases/{case.pk}/lease"' in text_of(
        client.get(f"/console/cases/{case.pk}")
    )
    assert client.post(f"/console/cases/{case.pk}/lease").status_code == 204
    Case.objects.update(lease_expires_at=now() - timedelta(seconds=1))
    services.claim_case(case_id=case.pk, viewer=stage.staff("reviewer", name="Rita"))
    lost = client.post(f"/console/cases/{case.pk}/lease")
    assert lost.status_code == 409
    assert "Rita is working on this case until" in lost.content.decode()


def test_a_case_in_other_hands_says_whose_and_until_when(sign_in: SignIn) -> None:
    _, case = stage.held()
    services.claim_case(case_id=case.pk, viewer=stage.staff("reviewer", name="Rita"))
    client = sign_in(factories.make_user(staff=("reviewer",)))
    page = text_of(client.post(f"/console/cases/{case.pk}/claim", follow=True))
    assert "Rita is working on this case until" in page


def test_nobody_rules_on_their_own_work(sign_in: SignIn) -> None:
    asset, case = stage.held()
    appoint_staff(viewer=factories.SYSTEM, user_id=asset.owner_id, role="reviewer")
    page = text_of(sign_in(asset.owner).get(f"/console/cases/{case.pk}"))
    assert "somebody else has to decide it" in page
    assert "data-decision" not in page


def test_the_trail_shows_what_changed_and_filters(sign_in: SignIn) -> None:
    asset, _ = stage.held()
    client = sign_in(factories.make_user(staff=("auditor",)))
    page = text_of(client.get("/console/trail", {"subject_id": str(asset.pk)}))
    assert "<del>pending</del>" in page
    assert "<ins>held</ins>" in page
    none = client.get("/console/trail", {"action": "key.revoked"})
    assert "No entry matches" in text_of(none)


def test_the_trail_verifies_from_the_page_or_says_why_not(sign_in: SignIn) -> None:
    client = sign_in(factories.make_user(staff=("auditor",)))
    page = text_of(client.post("/console/trail/verification"))
    assert "It could not be verified" in page or "The trail verifies" in page
    assert sign_in(factories.make_user()).post("/console/trail/verification").status_code == 404


def test_changes_name_each_key_that_differs() -> None:
    assert changes(None, {"state": "open", "outcome": ""}) == [Change("state", None, "open")]
    assert changes({"a": 1, "b": 2}, {"a": 1, "b": None}) == [Change("b", "2", "∅")]
    assert changes({"a": 1}, None) == [Change("a", "1", None)]


def test_an_author_appeals_on_the_page_and_somebody_else_reads_it(sign_in: SignIn) -> None:
    asset, case = stage.held()
    rita = factories.make_user(display_name="Rita", staff=("reviewer",))
    services.decide_case(
        case_id=case.pk, action="block", viewer=factories.viewer_of(rita), reason="violent"
    )
    author = sign_in(asset.owner)
    page = text_of(author.get(f"/assets/{asset.pk}"))
    assert 'data-appeal="none"' in page
    assert f'action="/assets/{asset.pk}/appeal"' in page
    wrong = text_of(author.post(f"/assets/{asset.pk}/appeal", {"reason": " "}, follow=True))
    assert "Say why the decision is wrong." in wrong
    page = text_of(
        author.post(f"/assets/{asset.pk}/appeal", {"reason": "A stage fight."}, follow=True)
    )
    assert 'data-appeal="open"' in page
    assert f'action="/assets/{asset.pk}/appeal"' not in page
    assert "somebody else looks at it" in text_of(author.get("/standing"))
    answer = Case.objects.get(asset=asset, because="appeal")
    before = text_of(sign_in(rita).get(f"/console/cases/{answer.pk}"))
    assert "You decided it before" in before
    assert "data-decision" not in before
    other = sign_in(factories.make_user(staff=("reviewer",)))
    assert "A stage fight." in text_of(other.get(f"/console/cases/{answer.pk}"))
    other.post(f"/console/cases/{answer.pk}/decision", {"action": "release", "reason": "It is."})
    page = text_of(sign_in(asset.owner).get(f"/assets/{asset.pk}"))
    assert 'data-appeal="overturned"' in page
