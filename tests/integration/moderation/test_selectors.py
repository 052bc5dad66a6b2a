"""What review staff read."""

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from moderation.app import selectors, services
from moderation.app.engine import Engine
from moderation.app.handlers import on_interaction
from moderation.app.models import Case
from tests import factories
from tests.fakes.detectors import READS
from tests.integration.moderation import stage
from tidegate.accounts.viewers import ANONYMOUS, Viewer
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("roles", [(), ("anonymous",)])
def test_nobody_but_review_staff_reads_cases(engine: Engine, roles: tuple[str, ...]) -> None:
    _, case = stage.held()
    viewer = ANONYMOUS if roles else stage.staff()
    with pytest.raises(NotAllowed):
        selectors.queue(viewer)
    with pytest.raises(NotAllowed):
        selectors.queue_counts(viewer)
    with pytest.raises(NotAllowed):
        selectors.case_for(viewer, case.pk)
    with pytest.raises(NotAllowed):
        selectors.hash_entries(viewer)


@pytest.mark.parametrize(
    ("role", "refusal"),
    [
        ("reviewer", ""),
        ("senior_reviewer", ""),
        ("policy_admin", ""),
        ("auditor", "review_staff_only"),
    ],
)
def test_every_staff_role_reads_and_all_but_auditors_may_decide(
    engine: Engine, role: str, refusal: str
) -> None:
    _, case = stage.held()
    assert selectors.case_for(stage.staff(role), case.pk).refusal == refusal


def test_a_staff_key_needs_the_scope_and_stays_in_its_organisation(engine: Engine) -> None:
    asset, case = stage.held()
    reader = factories.make_user(staff=["reviewer"])

    def key(organisation_id: object, *scopes: str) -> Viewer:
        return Viewer(
            user_id=reader.pk,
            staff_roles=frozenset({"reviewer"}),
            organisation_id=organisation_id,  # type: ignore[arg-type]  # ids of both kinds
            scopes=frozenset(scopes),
            label="key",
            key_id=new_id(),
        )

    with pytest.raises(NotAllowed):
        selectors.queue(key(asset.organisation_id, "jobs:read"))
    inside = key(asset.organisation_id, "cases:read")
    assert [line.id for line in selectors.queue(inside).cases] == [case.pk]
    outside = key(new_id(), "cases:read", "cases:decide")
    assert selectors.queue(outside).cases == ()
    with pytest.raises(NotFound):
        selectors.case_for(outside, case.pk)
    with pytest.raises(NotFound):
        services.claim_case(case_id=case.pk, viewer=outside)
    with pytest.raises(NotAllowed):
        services.claim_case(case_id=case.pk, viewer=inside)


def test_the_queue_has_the_most_severe_first_and_then_the_oldest(engine: Engine) -> None:
    mild = [stage.held(content="spammaybe")[1] for _ in range(2)]
    grave = stage.held(content="child_safetymaybe")[1]
    lines = selectors.queue(stage.staff("reviewer")).cases
    assert [line.id for line in lines] == [grave.pk, mild[0].pk, mild[1].pk]
    assert [line.severity for line in lines] == [100, 25, 25]


@pytest.mark.parametrize("state", ["open", "decided"])
def test_pages_follow_each_other_without_gap_or_repeat(engine: Engine, state: str) -> None:
    viewer = stage.staff("reviewer")
    cases = [stage.held(content=f"spammaybe {number}")[1] for number in range(5)]
    if state == "decided":
        for case in cases:
            services.decide_case(case_id=case.pk, action="block", viewer=viewer, reason="spam")
    seen, cursor = [], None
    while True:
        page = selectors.queue(viewer, state=state, limit=2, cursor=cursor)
        seen += [line.id for line in page.cases]
        cursor = page.next_cursor
        if cursor is None:
            break
    expected = [case.pk for case in cases]
    assert seen == (expected if state == "open" else expected[::-1])


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24=", "W10=", "WzEsMiwzXQ=="])
def test_a_cursor_that_is_not_ours_is_refused(engine: Engine, cursor: str) -> None:
    with pytest.raises(InvalidInput):
        selectors.queue(stage.staff("reviewer"), cursor=cursor)


def test_states_divide_the_queue_and_the_counts_agree(engine: Engine) -> None:
    mine, theirs = stage.staff("reviewer"), stage.staff("reviewer", name="Omar")
    cases = [stage.held(content=f"spammaybe {number}")[1] for number in range(5)]
    services.claim_case(case_id=cases[0].pk, viewer=mine)
    services.claim_case(case_id=cases[1].pk, viewer=theirs)
    services.claim_case(case_id=cases[2].pk, viewer=theirs)
    Case.objects.filter(pk=cases[2].pk).update(lease_expires_at=now() - timedelta(seconds=1))
    services.decide_case(case_id=cases[3].pk, action="release", viewer=mine, reason="fine")

    def ids(state: str) -> set[object]:
        return {line.id for line in selectors.queue(mine, state=state).cases}

    assert ids("open") == {cases[2].pk, cases[4].pk}
    assert ids("claimed") == {cases[0].pk, cases[1].pk}
    assert ids("mine") == {cases[0].pk}
    assert ids("decided") == {cases[3].pk}
    assert len(ids("undecided")) == 4
    counts = selectors.queue_counts(mine)
    assert (counts.open, counts.claimed, counts.mine, counts.decided_today) == (2, 2, 1, 1)
    assert counts.oldest_opened_at is not None
    holders = {line.holder for line in selectors.queue(mine, state="claimed").cases}
    assert holders == {"Rita", "Omar"}
    with pytest.raises(InvalidInput):
        selectors.queue(mine, state="nonsense")


def test_the_evidence_shows_every_score_against_its_thresholds(engine: Engine) -> None:
    asset = stage.pending(
        modality="image", content=b"png" + READS + b"buy now spammaybe", prompt="a poster"
    )
    stage.consume(asset)
    evidence = selectors.case_for(stage.staff("reviewer"), stage.case_of(asset).pk)
    assert evidence.asset == asset
    assert (evidence.prompt, evidence.found_text) == ("a poster", "buy now spammaybe")
    assert [one.surface for one in evidence.surfaces] == ["image", "prompt"]
    worst = evidence.surfaces[0].scores[0]
    assert (worst.detector, worst.hazard, worst.level) == ("text_hazards", "spam", "hold")
    assert worst.hold_at == engine.policy.surfaces["image"].thresholds["spam"].hold_at
    assert {reason["hazard"] for reason in evidence.reasons} == {"spam"}
    assert [verdict.verdict for verdict in evidence.verdicts] == ["hold"]
    assert [move.after for move in evidence.history] == ["pending", "held"]


def test_the_evidence_of_a_report_carries_the_notes_and_the_verdict_it_had(
    engine: Engine,
) -> None:
    asset = stage.pending()
    stage.consume(asset)
    on_interaction(*stage.reported(asset, factories.make_user(), "this is me"))
    evidence = selectors.case_for(stage.staff("reviewer"), stage.case_of(asset).pk)
    assert [report.note for report in evidence.reports] == ["this is me"]
    assert [verdict.verdict for verdict in evidence.verdicts] == ["release"]


def test_similar_past_cases_come_nearest_first_and_say_why(engine: Engine) -> None:
    viewer = stage.staff("reviewer")
    near = stage.held(content="the cup final riot, violencemaybe everywhere")[1]
    far = stage.held(content="violencemaybe in quite another place and time")[1]
    other = stage.held(content="cheap pills spammaybe")[1]
    for case in (near, far, other):
        services.decide_case(case_id=case.pk, action="block", viewer=viewer, reason="seen")
    _, case = stage.held(content="a riot at the cup final, violencemaybe everywhere")
    similar = selectors.case_for(viewer, case.pk).similar
    assert [one.id for one in similar[:2]] == [near.pk, far.pk]
    assert similar[0].likeness > similar[1].likeness
    assert all(one.why and one.outcome == "block" for one in similar)


def test_an_earlier_case_of_the_same_asset_is_shown_as_previous(engine: Engine) -> None:
    viewer = stage.staff("reviewer")
    asset, first = stage.held()
    services.decide_case(case_id=first.pk, action="release", viewer=viewer, reason="fine")
    on_interaction(*stage.reported(asset, factories.make_user()))
    evidence = selectors.case_for(viewer, stage.case_of(asset).pk)
    assert [line.id for line in evidence.previous] == [first.pk]
    assert evidence.previous[0].decided_by == "Rita"


def test_one_queue_page_takes_three_queries_however_long(
    engine: Engine, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        stage.held(content=f"spammaybe {number}")
    viewer = stage.staff("reviewer")
    with django_assert_num_queries(3):  # the page, what the reviewer chose, what all have
        selectors.queue(viewer)
    with django_assert_num_queries(2):
        selectors.queue_counts(viewer)
