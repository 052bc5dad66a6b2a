"""Personal data is masked wherever staff read it, and shown for a reason that stays."""

import json

import pytest
from django.test import Client
from django.utils import translation

from moderation.app import selectors, services
from moderation.app.handlers import on_interaction
from moderation.app.models import Case, Verdict
from tests import factories
from tests.fakes.detectors import READS
from tests.integration.moderation import stage
from tidegate.assets.models import Asset
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.events.models import Outbox
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

CARD = "4242 4242 4242 4242"
EMAIL = "jane.doe@example.com"
PHONE = "13800138000"
PROMPT = f"an advert with {EMAIL}"
NOT_QUOTING = {"/console/trail?subject_id={case}", "/api/v1/assets/{asset}/history"}
REASON = f"To tell the bank about {CARD}."


@pytest.fixture
def case() -> Case:
    """A text held for a card in it, with personal data in every place that staff read."""
    asset = stage.pending(prompt=PROMPT, content=f"Pay with {CARD} or call {PHONE}.")
    Asset.objects.filter(pk=asset.pk).update(
        title=PROMPT, parameters={"negative_prompt": f"not {EMAIL}", "steps": 8}
    )
    stage.consume(asset)
    return stage.case_of(asset)


@pytest.fixture
def rita() -> Client:
    """A reviewer at the console."""
    client = Client()
    client.force_login(factories.make_user(display_name="Rita", staff=("reviewer", "auditor")))
    return client


def assert_no_value(page: str) -> None:
    for value in (CARD, EMAIL, "jane.doe", PHONE):
        assert value not in page


def test_a_card_in_an_output_is_held_for_privacy_and_its_signal_holds_no_value(case: Case) -> None:
    assert case.hazards == ["privacy"]
    kept = [
        signal
        for finding in Verdict.objects.get(asset_id=case.asset_id).signals
        for signal in finding["signals"]
        if signal["detector"] == "personal_data"
    ]
    assert len(kept) == 2
    assert_no_value(json.dumps(kept))


@pytest.mark.parametrize(
    "path",
    [
        "/console/",
        "/console/cases/{case}",
        "/console/trail?subject_id={case}",
        "/console/trail",
        "/assets/{asset}",
        "/api/v1/cases",
        "/api/v1/cases/{case}",
        "/api/v1/assets/{asset}",
        "/api/v1/assets?visibility=held",
        "/api/v1/assets/{asset}/history",
    ],
)
def test_no_page_of_staff_shows_it(rita: Client, case: Case, path: str) -> None:
    # A decided one beside it is shown as similar, with what its reviewer wrote.
    other = stage.case_of(held_again(case))
    services.decide_case(
        case_id=other.pk, action="block", viewer=stage.staff("reviewer"), reason=REASON
    )
    answer = rita.get(path.format(case=case.pk, asset=case.asset_id))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "[card 1]" in page or "[e-mail 1]" in page or path in NOT_QUOTING
    assert_no_value(page)


def held_again(case: Case) -> Asset:
    asset = Asset.objects.get(pk=case.asset_id)
    again = stage.pending(prompt=asset.prompt, content=asset.text)
    stage.consume(again)
    return again


def test_the_prompt_is_masked_before_the_queue_cuts_it() -> None:
    asset = stage.pending(prompt="x" * 275 + f" {CARD}", content="violencemaybe")
    stage.consume(asset)
    (line,) = selectors.queue(stage.staff("reviewer")).cases
    assert "4242" not in line.prompt


def test_words_read_in_a_picture_reports_and_disguises_are_masked() -> None:
    asset = stage.pending(
        modality="image", content=READS + f"ask {EMAIL} h a t e m a y b e".encode()
    )
    stage.consume(asset)
    record(asset, f"they sell {CARD}")
    case = stage.case_of(asset)
    unmasked = services.reveal_case(
        case_id=case.pk, viewer=stage.staff("reviewer"), reason="Fraud."
    )
    assert EMAIL in unmasked.found_text
    assert any(one.read_as for one in unmasked.surfaces)
    evidence = selectors.case_for(stage.staff("reviewer"), case.pk)
    assert evidence.has_masked
    assert "[e-mail 1]" in evidence.found_text
    assert [one.note for one in evidence.reports] == ["they sell [card 1]"]
    assert_no_value(repr(evidence))
    # What stands under the disguise is read on, without the value in other letters.
    assert [one.read_as for one in evidence.surfaces if one.read_as] == ["ask [e-mail 1] hatemaybe"]


def record(asset: Asset, note: str) -> None:
    event, envelope = stage.reported(asset, factories.make_user(), note)
    on_interaction(event, envelope)


def test_a_reason_shows_it_once_and_stays_in_the_trail(rita: Client, case: Case) -> None:
    shown = rita.post(f"/console/cases/{case.pk}/reveal", {"reason": REASON})
    page = shown.content.decode()
    for value in (CARD, EMAIL, PHONE):
        assert value in page
    assert "no-store" in shown.headers["Cache-Control"]
    assert_no_value(rita.get(f"/console/cases/{case.pk}").content.decode())
    (entry,) = Entry.objects.filter(action=Action.CASE_REVEALED, subject_id=str(case.pk))
    assert entry.actor_id is not None
    assert entry.reason == "To tell the bank about [card 1]."


def test_the_api_reveals_likewise(rita: Client, case: Case) -> None:
    url = f"/api/v1/cases/{case.pk}"
    masked = rita.get(url).json()
    assert (masked["has_masked"], masked["is_revealed"]) == (True, False)
    shown = rita.post(f"{url}/reveal", {"reason": "Fraud."}, content_type="application/json")
    assert shown.status_code == 200
    assert shown.json()["prompt"] == PROMPT
    assert shown.json()["asset"]["text"] == f"Pay with {CARD} or call {PHONE}."
    assert shown.json()["is_revealed"]
    assert rita.get(url).json()["prompt"] == "an advert with [e-mail 1]"
    assert (
        rita.post(f"{url}/reveal", {"reason": " "}, content_type="application/json").status_code
        == 400
    )


def test_neither_the_trail_nor_the_gates_events_hold_a_value(rita: Client, case: Case) -> None:
    rita.get(f"/console/cases/{case.pk}")
    rita.post(f"/console/cases/{case.pk}/reveal", {"reason": REASON})
    for entry in Entry.objects.all():
        assert_no_value(f"{entry.before} {entry.after} {entry.reason}")
    events = Outbox.objects.filter(type__startswith="tidegate.moderation") | Outbox.objects.filter(
        topic="tidegate.moderation"
    )
    assert events.exists()
    for event in events:
        assert_no_value(bytes(event.value).decode())


def test_who_may_not_decide_sees_nothing_and_leaves_nothing(case: Case) -> None:
    with pytest.raises(NotAllowed):
        services.reveal_case(case_id=case.pk, viewer=stage.staff("auditor"), reason="I wonder.")
    with pytest.raises(NotFound):
        services.reveal_case(case_id=new_id(), viewer=stage.staff("reviewer"), reason="Fraud.")
    with pytest.raises(InvalidInput):
        services.reveal_case(case_id=case.pk, viewer=stage.staff("reviewer"), reason="  ")
    assert not Entry.objects.filter(action=Action.CASE_REVEALED).exists()


def test_an_author_reads_what_they_wrote(case: Case) -> None:
    client = Client()
    client.force_login(Asset.objects.get(pk=case.asset_id).owner)
    assert client.get(f"/api/v1/assets/{case.asset_id}").json()["prompt"] == PROMPT


def test_kinds_are_named_in_the_readers_language(case: Case) -> None:
    with translation.override("zh-hans"):
        evidence = selectors.case_for(stage.staff("reviewer"), case.pk)
    assert evidence.prompt == "an advert with [电子邮箱 1]"
