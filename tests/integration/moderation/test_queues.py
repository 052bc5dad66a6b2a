"""Queues: where rules send cases, whose turn it is, who is given what, and who is at work."""

from datetime import timedelta
from math import log
from typing import Any

import pytest
from django.db import connection

from moderation.app import selectors, services
from moderation.app.models import Case, ReviewerCare, ReviewQueue
from recommendations.app.models import Interaction
from tests import factories
from tests.integration.moderation import stage
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture(autouse=True)
def no_queues() -> None:
    """Only those of each test."""
    ReviewQueue.objects.all().delete()


@pytest.fixture
def lead() -> Viewer:
    return stage.staff("senior_reviewer", name="Lea")


def queue(lead: Viewer, rule: str, **given: Any) -> ReviewQueue:
    given.setdefault("name", "some")
    given.setdefault("title", given["name"].title())
    given.setdefault("position", 10)
    return services.save_queue(viewer=lead, rule=rule, **given)


def shown(viewer: Viewer, **given: Any) -> list[Any]:
    return [one.id for one in selectors.queue(viewer, **given).cases]


# --- routing -----------------------------------------------------------------


def test_a_case_is_routed_as_it_opens(lead: Viewer) -> None:
    films = queue(lead, 'modality == "video"', name="films", position=1)
    harm = queue(lead, '"violence" in hazards', name="harm", position=2)
    queue(lead, "true", name="rest", position=3)
    _, case = stage.held()
    assert case.queue == harm
    assert films.pk != harm.pk
    assert shown(lead, queue_name="harm") == [case.pk]
    assert shown(lead, queue_name="films") == []


def test_what_changes_about_a_case_routes_it_anew(lead: Viewer) -> None:
    reported = queue(lead, "reports.count > 0", name="reported", position=1)
    rest = queue(lead, "true", name="rest", position=2)
    asset, case = stage.held()
    assert case.queue == rest
    assert services.route_changed() >= 0
    services.record_report(
        asset_id=asset.pk,
        reporter_id=stage.established().pk,
        interaction_id=new_id(),
        note="bad",
        hold_at=9,
        correlation_id=asset.correlation_id,
    )
    case.refresh_from_db()
    assert case.routed_at is None
    assert services.route_changed() == 1
    case.refresh_from_db()
    assert case.queue == reported
    assert services.route_changed() == 0


def test_new_rules_route_everything_that_waits(lead: Viewer) -> None:
    _, case = stage.held()
    assert not case.queue_id
    made = queue(lead, "severity > 10")
    services.route_changed()
    assert Case.objects.get(pk=case.pk).queue == made
    services.remove_queue(queue_id=made.pk, viewer=lead)
    services.remove_queue(queue_id=made.pk, viewer=lead)
    assert not Case.objects.get(pk=case.pk).queue_id
    assert stage.trail(made.pk) == ["queue.created", "queue.removed"]


def test_reach_is_how_many_people_have_seen_it(lead: Viewer) -> None:
    seen = queue(lead, "reach >= 2", name="seen")
    asset = stage.pending()
    stage.consume(asset)
    for kind in ("view", "play", "view"):
        Interaction.objects.create(user=factories.make_user(), asset=asset, kind=kind, at=now())
    services.record_report(
        asset_id=asset.pk,
        reporter_id=stage.established().pk,
        interaction_id=new_id(),
        note="bad",
        hold_at=9,
        correlation_id=asset.correlation_id,
    )
    case = stage.case_of(asset)
    assert (case.reach, case.queue) == (3, seen)


def test_the_shipped_queues_are_made_by_the_migration() -> None:
    # Their rows are gone from this test; that they can be asked is what matters.
    from importlib import import_module

    from moderation.core.routing import condition

    shipped = import_module("moderation.app.migrations.0017_cases_wait_in_queues").SHIPPED
    assert [condition(rule).source for *_, rule in shipped]


# --- whose turn it is --------------------------------------------------------


def ranked(case: Case, **changed: Any) -> Case:
    Case.objects.filter(pk=case.pk).update(**changed)
    case.refresh_from_db()
    return case


def test_the_rank_is_harm_times_reach_against_the_due_time() -> None:
    _, case = stage.held()
    due = now() + timedelta(hours=9)
    for severity, reach in ((0, 0), (50, 0), (75, 40), (100, 999)):
        ranked(case, due_at=due, severity=severity, reach=reach)
        assert case.rank_at is not None
        weight = severity / 25 * log(10) + log(1 + reach)
        assert abs((due - timedelta(hours=6) * weight) - case.rank_at) < timedelta(seconds=1)
        assert case.rank_slot == int(case.rank_at.timestamp() // 21_600)


def test_what_is_due_harms_or_was_seen_more_comes_first_and_late_before_all() -> None:
    reviewer = stage.staff("reviewer")
    cases = [stage.held(content=f"violencemaybe {number}")[1] for number in range(5)]
    due = now() + timedelta(hours=48)
    plain, sooner, worse, seen, late = (
        ranked(case, due_at=due, severity=25, reach=0) for case in cases
    )
    ranked(sooner, due_at=due - timedelta(hours=8))
    ranked(worse, severity=50)
    ranked(seen, reach=99)
    ranked(late, severity=0, late_at=now())
    assert shown(reviewer) == [late.pk, seen.pk, worse.pk, sooner.pk, plain.pk]
    first = services.claim_next_case(viewer=reviewer)
    assert first is not None
    assert first.pk == late.pk


def test_pages_of_the_queue_hold_each_case_once() -> None:
    cases = {stage.held(content=f"violencemaybe {number}")[1].pk for number in range(7)}
    reviewer, found, cursor = stage.staff("reviewer"), [], None
    while True:
        page = selectors.queue(reviewer, limit=2, cursor=cursor)
        found += [one.id for one in page.cases]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert (len(found), set(found)) == (7, cases)


def test_the_next_case_is_found_by_the_index_of_turns() -> None:
    stage.held()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM moderation_case WHERE state <> 'decided'"
            " ORDER BY rank_slot, rank_at, id LIMIT 1"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "moderation_case_turn" in plan
    assert "Sort" not in plan


# --- who is given what -------------------------------------------------------


def test_a_queue_that_needs_skills_gives_its_cases_to_who_has_them(lead: Viewer) -> None:
    queue(lead, '"violence" in hazards', needs=["violence", "zh"])
    _, case = stage.held()
    able, half = stage.staff("reviewer"), stage.staff("reviewer")
    assert able.user_id
    assert half.user_id
    services.set_skills(person_id=able.user_id, skills=["zh", "violence", "film"], viewer=lead)
    services.set_skills(person_id=half.user_id, skills=["zh"], viewer=lead)
    assert services.claim_next_case(viewer=half) is None
    assert shown(half) == []
    assert selectors.case_for(half, case.pk).refusal == "other_queue"
    with pytest.raises(NotAllowed) as refused:
        services.claim_case(case_id=case.pk, viewer=half)
    assert refused.value.code == "other_queue"
    with pytest.raises(NotAllowed) as refused:
        services.decide_case(case_id=case.pk, action="release", viewer=half, reason="I can.")
    assert refused.value.code == "other_queue"
    given = services.claim_next_case(viewer=able)
    assert given is not None
    assert given.pk == case.pk
    # Senior staff work everywhere.
    assert selectors.case_for(lead, case.pk).refusal == "case_held"


def test_what_one_has_in_hand_stays_theirs(lead: Viewer) -> None:
    _, case = stage.held()
    reviewer = stage.staff("reviewer")
    services.claim_case(case_id=case.pk, viewer=reviewer)
    queue(lead, "true", needs=["zh"])
    services.route_changed()
    again = services.claim_next_case(viewer=reviewer)
    assert again is not None
    assert again.pk == case.pk
    services.decide_case(case_id=case.pk, action="release", viewer=reviewer, reason="Mine.")


def test_members_alone_work_in_a_queue_that_names_some(lead: Viewer) -> None:
    member, other = stage.staff("reviewer", name="Mia"), stage.staff("reviewer")
    assert member.user_id
    queue(lead, "true", members=[member.user_id])
    stage.held()
    assert services.claim_next_case(viewer=other) is None
    assert services.claim_next_case(viewer=member) is not None
    (seen,) = selectors.review_queues(other)
    assert (seen.is_mine, seen.members) == (False, ("Mia",))


def test_a_paused_queue_gives_nobody_its_cases(lead: Viewer) -> None:
    queue(lead, "true", is_paused=True)
    _, case = stage.held()
    assert services.claim_next_case(viewer=lead) is None
    # By hand it can be taken still.
    assert services.claim_case(case_id=case.pk, viewer=lead).state == "claimed"


def test_next_is_asked_for_in_one_queue(lead: Viewer) -> None:
    queue(lead, 'modality == "video"', name="films")
    queue(lead, "true", name="rest", position=20)
    _, case = stage.held()
    assert services.claim_next_case(viewer=lead, queue="films") is None
    given = services.claim_next_case(viewer=lead, queue="rest")
    assert given is not None
    assert given.pk == case.pk


# --- what leads write --------------------------------------------------------


def test_everything_that_is_wrong_is_said_at_once(lead: Viewer) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.save_queue(
            viewer=lead,
            name="No Code",
            title=" ",
            position=-1,
            rule="severity > 1.5",
            needs=["Bad Skill"],
            members=[new_id()],
        )
    assert [(one.pointer, one.code) for one in refused.value.errors] == [
        ("/name", "name_invalid"),
        ("/title", "title_invalid"),
        ("/position", "position_invalid"),
        ("/rule", "rule_invalid"),
        ("/needs", "skill_invalid"),
        ("/members", "user_not_found"),
    ]
    assert "line 1, character" in refused.value.errors[3].message
    assert not ReviewQueue.objects.exists()


def test_a_rule_is_tried_before_it_counts(lead: Viewer) -> None:
    stage.held()
    stage.held(content="hatemaybe here")
    found = services.preview_rule(rule='"hate" in hazards', viewer=lead)
    assert (found.taken, found.of) == (1, 2)
    with pytest.raises(InvalidInput):
        services.preview_rule(rule="nonsense", viewer=lead)


def test_the_same_again_leaves_no_entry_and_a_name_is_given_once(lead: Viewer) -> None:
    made = queue(lead, "true", name="one")
    queue(lead, "true", name="one", queue_id=made.pk)
    assert stage.trail(made.pk) == ["queue.created"]
    queue(lead, "is_late", name="one", queue_id=made.pk)
    assert stage.trail(made.pk) == ["queue.created", "queue.changed"]
    with pytest.raises(Conflict):
        queue(lead, "true", name="one")
    with pytest.raises(NotFound):
        queue(lead, "true", name="two", queue_id=new_id())


def test_only_leads_write_and_no_key_does(lead: Viewer) -> None:
    from dataclasses import replace

    reviewer, keyed = stage.staff("reviewer"), replace(lead, organisation_id=new_id())
    for viewer in (reviewer, keyed):
        with pytest.raises(NotAllowed):
            queue(viewer, "true")
        with pytest.raises(NotAllowed):
            services.set_skills(person_id=new_id(), skills=[], viewer=viewer)
        with pytest.raises(NotAllowed):
            services.remove_queue(queue_id=new_id(), viewer=viewer)
    with pytest.raises(NotFound):
        services.set_skills(person_id=factories.make_user().pk, skills=["zh"], viewer=lead)


# --- who is at work ----------------------------------------------------------


def test_colleagues_see_who_is_at_work_and_at_what(lead: Viewer) -> None:
    queue(lead, "true", name="all")
    _, case = stage.held()
    rita = stage.staff("reviewer", name="Rita")
    services.claim_case(case_id=case.pk, viewer=rita)
    (seen,) = selectors.present(lead)
    assert (seen.name, seen.case_id, seen.queue) == ("Rita", case.pk, "all")
    assert selectors.review_queues(lead)[0].at_work == ("Rita",)
    assert [one.name for one in selectors.present(lead, case_id=case.pk)] == ["Rita"]
    assert selectors.present(rita) == ()
    ReviewerCare.objects.update(
        active_at=now() - timedelta(minutes=4), began_at=now() - timedelta(hours=1)
    )
    assert selectors.present(lead) == ()


def test_figures_of_a_queue_count_what_waits(lead: Viewer) -> None:
    queue(lead, "true")
    _, case = stage.held()
    stage.held(content="violencemaybe, the other")
    services.decide_case(case_id=case.pk, action="release", viewer=lead, reason="Fine.")
    (seen,) = selectors.review_queues(lead)
    assert seen.waiting == 1
    assert Asset.objects.count() == 2
