"""Many cases are decided the same way: previewed, one by one, and taken back as a whole."""

import pytest

from moderation.app import services
from moderation.app.models import BulkDecision, Case, Decision, Strike
from moderation.app.services.bulk import MOST_CASES
from tests import factories
from tests.integration.moderation import stage
from tests.integration.moderation.test_decisions import decide
from tidegate.accounts.models import StaffAppointment
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def several(count: int) -> list[tuple[Asset, Case]]:
    return [stage.held(content=f"violencemaybe number {at}") for at in range(count)]


def started(cases: list[Case], senior: Viewer, action: str = "block") -> BulkDecision:
    ids = [case.pk for case in cases]
    preview = services.preview_bulk(viewer=senior, case_ids=ids, action=action)
    return services.start_bulk(
        viewer=senior, case_ids=ids, action=action, reason="A wave.", digest=preview.digest
    )


def finish() -> None:
    while services.advance_bulks(seconds=5):
        pass


def states(pairs: list[tuple[Asset, Case]]) -> list[str]:
    return [stage.visibility(asset) for asset, _ in pairs]


def test_a_preview_says_what_would_happen_and_writes_nothing() -> None:
    pairs, senior = several(3), stage.staff("senior_reviewer")
    (_, one), (_, two), (_, three) = pairs
    decide(one, stage.staff("reviewer"))
    services.claim_case(case_id=two.pk, viewer=stage.staff("reviewer", name="Rae"))
    entries = Entry.objects.count()
    preview = services.preview_bulk(
        viewer=senior, case_ids=[one.pk, two.pk, three.pk, new_id()], action="block"
    )
    assert [line.refusal for line in preview.lines] == ["case_decided", "case_held", ""]
    assert (preview.decided, preview.refusals) == (1, {"case_decided": 1, "case_held": 1})
    assert Entry.objects.count() == entries


def test_every_case_is_decided_once_in_the_name_of_who_asked() -> None:
    pairs, senior = several(4), stage.staff("senior_reviewer")
    bulk = started([case for _, case in pairs], senior)
    assert states(pairs) == ["held"] * 4
    finish()
    finish()
    assert states(pairs) == ["blocked"] * 4
    bulk.refresh_from_db()
    assert (bulk.state, bulk.passed_over) == ("done", {})
    assert Decision.objects.filter(bulk=bulk, made_by_id=senior.user_id).count() == 4
    assert Strike.objects.count() == 4


def test_what_changed_since_the_preview_is_looked_at_again() -> None:
    pairs, senior = several(2), stage.staff("senior_reviewer")
    ids = [case.pk for _, case in pairs]
    preview = services.preview_bulk(viewer=senior, case_ids=ids, action="block")
    decide(pairs[0][1], stage.staff("reviewer"), "release")
    with pytest.raises(Conflict) as stale:
        services.start_bulk(
            viewer=senior, case_ids=ids, action="block", reason="so", digest=preview.digest
        )
    assert stale.value.code == "preview_stale"
    assert not BulkDecision.objects.exists()


def test_the_same_preview_begins_one_bulk() -> None:
    pairs, senior = several(2), stage.staff("senior_reviewer")
    ids = [case.pk for _, case in pairs]
    digest = services.preview_bulk(viewer=senior, case_ids=ids, action="block").digest
    given = {"viewer": senior, "case_ids": ids, "action": "block", "reason": "so"}
    one = services.start_bulk(**given, digest=digest)  # type: ignore[arg-type]
    finish()
    assert services.start_bulk(**given, digest=digest) == one  # type: ignore[arg-type]
    assert BulkDecision.objects.count() == 1


def test_a_bulk_that_stopped_in_the_middle_goes_on_where_it_was() -> None:
    pairs, senior = several(3), stage.staff("senior_reviewer")
    started([case for _, case in pairs], senior)
    assert services.advance_bulks(seconds=5, most=1) == 1
    assert states(pairs) == ["blocked", "held", "held"]
    finish()
    assert states(pairs) == ["blocked"] * 3
    assert Decision.objects.count() == 3


def test_a_bulk_is_taken_back_but_for_what_has_moved_on() -> None:
    pairs, senior = several(3), stage.staff("senior_reviewer")
    bulk = started([case for _, case in pairs], senior)
    finish()
    asset, _ = pairs[1]
    services.make_appeal(
        viewer=factories.viewer_of(asset.owner), asset_id=asset.pk, words="It is a stage fight."
    )
    other = stage.staff("senior_reviewer", name="Sol")
    services.reverse_bulk(viewer=other, bulk_id=bulk.pk, reason="The wrong wave.")
    services.reverse_bulk(viewer=other, bulk_id=bulk.pk, reason="The wrong wave.")
    finish()
    assert states(pairs) == ["held", "blocked", "held"]
    bulk.refresh_from_db()
    assert (bulk.state, list(bulk.kept.values())) == ("reversed", ["appeal_depends"])
    assert Strike.objects.filter(voided_at=None).count() == 1
    assert stage.trail(bulk.pk) == ["bulk.started", "bulk.reversed"]
    waiting = Case.objects.filter(asset=pairs[0][0]).exclude(state="decided").get()
    assert waiting.state == "open"


def test_reversing_before_the_end_decides_no_more() -> None:
    pairs, senior = several(3), stage.staff("senior_reviewer")
    bulk = started([case for _, case in pairs], senior)
    services.reverse_bulk(viewer=senior, bulk_id=bulk.pk, reason="Stop.")
    finish()
    assert states(pairs) == ["held"] * 3
    bulk.refresh_from_db()
    assert bulk.state == "reversed"


def test_what_needs_thought_or_two_people_is_left_out() -> None:
    senior = stage.staff("senior_reviewer")
    _, grave = stage.held()
    decide(grave, stage.staff("reviewer"), "remove")
    _, plain = stage.held(content="violencemaybe elsewhere")
    ids = [grave.pk, plain.pk]
    lines = services.preview_bulk(viewer=senior, case_ids=ids, action="block").lines
    assert [line.refusal for line in lines] == ["other_desk", ""]
    lines = services.preview_bulk(viewer=senior, case_ids=ids, action="remove").lines
    assert [line.refusal for line in lines] == ["other_desk", "second_level"]


def test_a_bulk_is_for_senior_staff_and_has_a_size() -> None:
    _, case = stage.held()
    with pytest.raises(NotAllowed):
        services.preview_bulk(viewer=stage.staff("reviewer"), case_ids=[case.pk], action="block")
    senior = stage.staff("senior_reviewer")
    for ids in ([], [new_id() for _ in range(MOST_CASES + 1)]):
        with pytest.raises(InvalidInput) as refused:
            services.preview_bulk(viewer=senior, case_ids=ids, action="block")
        assert refused.value.errors[0].pointer == "/case_ids"
    with pytest.raises(InvalidInput):
        services.preview_bulk(viewer=senior, case_ids=[case.pk], action="second_level")
    preview = services.preview_bulk(viewer=senior, case_ids=[new_id()], action="block")
    with pytest.raises(Conflict) as nothing:
        services.start_bulk(
            viewer=senior,
            case_ids=[new_id()],
            action="block",
            reason="so",
            digest=preview.digest,
        )
    assert nothing.value.code == "nothing_to_decide"


def test_a_lead_who_lost_the_role_decides_nothing_more() -> None:
    pairs, senior = several(2), stage.staff("senior_reviewer")
    bulk = started([case for _, case in pairs], senior)
    assert senior.user_id is not None
    StaffAppointment.objects.filter(user_id=senior.user_id).update(ended_at=now())
    finish()
    assert states(pairs) == ["held", "held"]
    bulk.refresh_from_db()
    assert set(bulk.passed_over.values()) == {"review_staff_only"}
