"""What is not judged in time is held, alarmed once, listed, and given to a person."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import F
from django.test import Client

from moderation.app import handlers, services
from moderation.app.engine import Engine
from moderation.app.escalating import escalate_overdue
from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.judging import judge_asset
from moderation.app.models import Attempt, Case
from moderation.app.rechecking import judge_again
from moderation.app.selectors import overdue
from moderation.app.services.attempts import forget_attempts
from moderation.core.failures import Failure
from moderation.core.policy import parse
from tests import factories
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tidegate.assets import storage
from tidegate.assets.deadlines import judge_by
from tidegate.assets.models import Asset
from tidegate.events.errors import RetryLater
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed

pytestmark = pytest.mark.django_db

ALARM = "tidegate.asset.overdue.v1"


def late(asset: Asset) -> Asset:
    """Let the asset's deadline pass."""
    Asset.objects.filter(pk=asset.pk).update(judge_by=now() - timedelta(seconds=1))
    return asset


def tries(asset: Asset) -> list[tuple[int, str, str]]:
    """Return number, outcome and failure of the asset's attempts."""
    rows = Attempt.objects.filter(asset=asset).order_by("number")
    return list(rows.values_list("number", "outcome", "failure"))


@pytest.mark.parametrize(
    ("modality", "seconds"), [("text", 45), ("image", 45), ("speech", 90), ("video", 300)]
)
def test_every_asset_is_made_with_the_deadline_of_its_modality(modality: str, seconds: int) -> None:
    asset = stage.pending(modality=modality, content=b"x" if modality != "text" else "x")
    left = asset.judge_by - asset.created_at
    assert abs(left.total_seconds() - seconds) < 5


def test_a_deployment_may_set_the_deadline_of_a_modality(settings: object) -> None:
    at = now()
    settings.TIDEGATE_JUDGED_WITHIN_SECONDS = {"text": 7}  # type: ignore[attr-defined]
    assert judge_by("text", at) == at + timedelta(seconds=7)
    assert judge_by("video", at) == at + timedelta(seconds=300)


def test_a_row_of_the_release_before_gets_a_deadline_from_the_database(engine: Engine) -> None:
    asset = stage.pending()
    Asset.objects.filter(pk=asset.pk).update(judge_by=Asset._meta.get_field("judge_by").db_default)
    asset.refresh_from_db()
    assert timedelta(seconds=30) < asset.judge_by - now() < timedelta(seconds=46)


def test_an_asset_whose_event_never_came_is_held_alarmed_and_with_people(engine: Engine) -> None:
    asset = late(stage.pending())
    assert escalate_overdue() == 1
    case = stage.case_of(asset)
    assert stage.visibility(asset) == "held"
    assert (case.because, case.severity, case.state) == ("overdue", 100, "open")
    assert stage.announced(asset).count(ALARM) == 1
    assert stage.trail(case.pk) == ["case.opened", "asset.overdue"]
    codes = [reason["code"] for reason in Asset.objects.get(pk=asset.pk).public_reasons]
    assert codes == ["being_checked"]


def test_the_alarm_is_given_once_however_often_the_sweeper_runs(engine: Engine) -> None:
    asset = late(stage.pending())
    assert [escalate_overdue() for _ in range(3)] == [1, 0, 0]
    assert stage.announced(asset).count(ALARM) == 1


def test_an_event_waits_for_detectors_no_longer_than_its_asset_may(
    engine: Engine, detectors: FakeDetectors
) -> None:
    """Also where nobody escalates: the deployment's patience is longer than the deadline here."""
    detectors.everything_down()
    asset = stage.pending()
    with pytest.raises(RetryLater):
        stage.consume(asset)
    Asset.objects.filter(pk=asset.pk).update(
        created_at=now() - timedelta(seconds=46), judge_by=now() - timedelta(seconds=1)
    )
    stage.consume(asset)
    assert stage.visibility(asset) == "held"
    assert stage.verdicts(asset) == ["unavailable"]


def test_what_is_not_overdue_is_left_alone(engine: Engine) -> None:
    asset = stage.pending()
    assert escalate_overdue() == 0
    assert services.escalate_asset(asset_id=asset.pk) is None
    assert stage.visibility(asset) == "pending"


@pytest.mark.parametrize("content", ["Still water.", "hatemaybe", "hatemark"])
def test_what_was_judged_is_never_overdue(engine: Engine, content: str) -> None:
    asset = stage.pending(content=content)
    stage.consume(asset)
    late(asset)
    before = stage.visibility(asset)
    assert escalate_overdue() == 0
    assert stage.visibility(asset) == before
    assert ALARM not in stage.announced(asset)


def test_what_is_held_for_an_outage_is_escalated_at_its_deadline(
    impatient: Engine, detectors: FakeDetectors
) -> None:
    detectors.everything_down()
    asset = stage.pending()
    stage.consume(asset)
    assert escalate_overdue() == 0
    late(asset)
    assert escalate_overdue() == 1
    case = stage.case_of(asset)
    assert (case.because, case.severity) == ("overdue", 100)
    assert Case.objects.filter(asset=asset).count() == 1


@pytest.mark.parametrize(
    ("content", "visibility", "state", "because"),
    [
        ("Still water.", "released", "decided", "overdue"),
        ("hatemaybe", "held", "open", "hold"),
        ("hatemark", "blocked", "decided", "overdue"),
    ],
)
@pytest.mark.parametrize("way", ["event", "again"])
def test_an_escalated_asset_is_judged_when_its_event_or_the_detectors_come(  # noqa: PLR0917 - a table
    engine: Engine, content: str, visibility: str, state: str, because: str, way: str
) -> None:
    asset = late(stage.pending(content=content))
    escalate_overdue()
    if way == "event":
        stage.consume(asset)
    else:
        assert judge_again() == 1
    case = stage.case_of(asset)
    assert stage.visibility(asset) == visibility
    assert (case.state, case.because) == (state, because)
    stage.consume(asset)
    assert judge_again() == 0
    assert len(stage.verdicts(asset)) == 1


def test_what_is_overdue_gets_no_more_time_when_its_event_finds_an_outage(
    impatient: Engine, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = "otherwise: {then: retry, seconds: 120}"
    source = impatient.policy.source.replace(usual, "otherwise: {then: hold, seconds: 3600}")
    gate = impatient.under(parse(source, lists_digest=impatient.policy.lists_digest))
    monkeypatch.setattr(handlers, "engine", lambda: gate)
    asset = late(stage.pending())
    asset.refresh_from_db()
    before = asset.judge_by
    escalate_overdue()
    detectors.everything_down()
    stage.consume(asset)
    asset.refresh_from_db()
    assert asset.judge_by == before
    assert (stage.case_of(asset).because, stage.verdicts(asset)) == ("overdue", ["unavailable"])


@pytest.mark.parametrize(("outcome", "visibility"), [("release", "released"), ("block", "blocked")])
def test_a_person_decides_what_nothing_ever_judged_and_a_late_verdict_changes_nothing(
    engine: Engine, outcome: str, visibility: str
) -> None:
    asset = late(stage.pending(content="hatemaybe"))
    escalate_overdue()
    services.decide_case(
        case_id=stage.case_of(asset).pk,
        action=outcome,
        viewer=stage.staff("reviewer"),
        reason="I have read it.",
    )
    assert stage.visibility(asset) == visibility
    stage.consume(asset)
    assert stage.visibility(asset) == visibility
    assert escalate_overdue() == 0


def test_a_case_somebody_has_claimed_stays_theirs_when_the_event_comes(engine: Engine) -> None:
    asset = late(stage.pending())
    escalate_overdue()
    services.claim_case(case_id=stage.case_of(asset).pk, viewer=stage.staff("reviewer"))
    stage.consume(asset)
    assert stage.visibility(asset) == "held"
    assert stage.case_of(asset).state == "claimed"


def test_overdue_ones_are_listed_until_they_are_decided(engine: Engine) -> None:
    viewer = stage.staff("reviewer")
    fresh, first, second = stage.pending(), late(stage.pending()), late(stage.pending())
    Asset.objects.filter(pk=first.pk).update(judge_by=F("judge_by") - timedelta(hours=1))
    services.escalate_asset(asset_id=second.pk)
    found = overdue(viewer)
    assert (found.count, found.escalated) == (2, 1)
    assert [one.asset_id for one in found.assets] == [first.pk, second.pk]
    assert [one.case_id is None for one in found.assets] == [True, False]
    assert found.oldest_judge_by == found.assets[0].judge_by
    escalate_overdue()
    judge_again()
    assert overdue(viewer).count == 0
    assert stage.visibility(fresh) == "pending"


def test_only_staff_read_the_list() -> None:
    with pytest.raises(NotAllowed):
        overdue(stage.staff())


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_and_the_consumer_at_once_leave_one_alarm_and_one_verdict(
    engine: Engine, in_threads: Callable[[list[Callable[[], object]]], list[object]]
) -> None:
    asset = late(stage.pending())
    event, envelope = stage.created(asset)
    judgement = prepare_asset(event, envelope)
    in_threads(
        [
            escalate_overdue,
            escalate_overdue,
            lambda: on_asset_created(event, envelope, judgement),
            judge_again,
        ]
    )
    judge_again()
    assert stage.visibility(asset) == "released"
    assert stage.verdicts(asset) == ["release"]
    assert stage.announced(asset).count(ALARM) <= 1


# Attempts


def test_each_try_leaves_a_row_with_what_answered(engine: Engine, detectors: FakeDetectors) -> None:
    asset = stage.pending()
    detectors.down = {"prompt_attack"}
    for _ in range(2):
        with pytest.raises(RetryLater):
            prepare_asset(*stage.created(asset))
    detectors.down = set()
    stage.consume(asset)
    assert tries(asset) == [
        (1, "unavailable", "detector_timeout"),
        (2, "unavailable", "detector_timeout"),
        (3, "release", ""),
    ]
    first, _, last = Attempt.objects.filter(asset=asset).order_by("number")
    assert set(first.detectors) == {"text_hazards", "personal_data", "spam_rate"}
    assert first.detectors["text_hazards"] == "text_hazards@fake"
    assert "deadline_exceeded" in first.detail
    assert set(last.detectors) == {*first.detectors, "prompt_attack"}
    assert last.started_at <= last.ended_at


def test_a_judge_that_breaks_is_stamped_and_heard_of(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moderation.app import handlers

    asset = stage.pending()

    def breaks(asset: Asset, gate: Engine) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(handlers, "judge_asset", breaks)
    with pytest.raises(RuntimeError, match="a bug"):
        prepare_asset(*stage.created(asset))
    assert tries(asset) == [(1, "error", "unforeseen")]


def test_what_never_can_be_judged_goes_to_people_at_the_first_try(engine: Engine) -> None:
    """A form of a film that is of no known kind heals by no waiting."""
    asset = stage.pending(modality="video", content=b"film")
    asset.renditions.update(media_type="model/stl")
    stage.consume(asset)
    assert tries(asset) == [(1, "unavailable", "content_unjudgeable")]
    assert stage.case_of(asset).because == "unavailable"
    judge_again()
    judge_again()
    assert [outcome for _, outcome, _ in tries(asset)] == ["unavailable"] * 2
    assert stage.case_of(asset).is_given_up


def test_one_whose_judge_breaks_does_not_keep_the_others_waiting(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moderation.app import rechecking

    broken, good = late(stage.pending()), late(stage.pending())
    escalate_overdue()

    def breaks(asset: Asset, gate: Engine) -> object:
        if asset.pk == broken.pk:
            raise RuntimeError("a bug")
        return judge_asset(asset, gate)

    monkeypatch.setattr(rechecking, "judge_asset", breaks)
    assert judge_again() == 1
    assert stage.visibility(good) == "released"
    assert stage.visibility(broken) == "held"
    assert tries(broken) == [(1, "error", "unforeseen")]


def test_a_storage_that_is_away_is_another_failure_than_a_detector(
    impatient: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = stage.pending(modality="image", content=b"png")

    def gone(sha256: str) -> bytes:
        raise FileNotFoundError(sha256)

    monkeypatch.setattr(storage, "read", gone)
    stage.consume(asset)
    assert tries(asset) == [(1, "unavailable", Failure.STORAGE_UNREADABLE)]


def test_attempts_are_kept_for_a_while_only(engine: Engine) -> None:
    old, new = stage.pending(), stage.pending()
    stage.consume(old)
    stage.consume(new)
    Attempt.objects.filter(asset=old).update(
        started_at=now() - timedelta(days=40), ended_at=now() - timedelta(days=40)
    )
    assert forget_attempts() == 1
    assert (tries(old), tries(new)) == ([], [(1, "release", "")])


def test_the_command_tells_a_monitor_by_its_exit_code(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("overdue")
    assert json.loads(capsys.readouterr().out)["count"] == 0
    asset = late(stage.pending())
    with pytest.raises(SystemExit) as ended:
        call_command("overdue")
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["asset_id"] for one in told["assets"]] == [str(asset.pk)]


def test_staff_read_the_list_over_http_and_others_do_not(engine: Engine, client: Client) -> None:
    asset = late(stage.pending())
    escalate_overdue()
    reviewer = factories.make_user(staff=["reviewer"])
    client.force_login(reviewer)
    answer = client.get("/api/v1/overdue")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert (body["count"], body["escalated"]) == (1, 1)
    assert body["items"][0]["asset_id"] == str(asset.pk)
    client.force_login(factories.make_user())
    assert client.get("/api/v1/overdue").status_code == 403
