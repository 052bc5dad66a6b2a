"""Long runs of a policy: over stored decisions, and over what is released."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from moderation.app import in_force, selectors, services
from moderation.app.engine import Engine
from moderation.app.models import Case, PolicyVersion, RetroHold, RetroRun, Verdict
from moderation.app.selectors.backtests import stored_decisions
from moderation.app.services import backtest_runs, retro_steps, verdicts
from moderation.core.backtesting import Backtest
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tests.integration.moderation.policies import led, limited, shipped, text
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, InvalidMove, NotAllowed

pytestmark = pytest.mark.django_db


@pytest.fixture
def strict(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> PolicyVersion:
    """An approved policy that holds what the shipped one, which judges, releases."""
    limited(monkeypatch, approval_evidence=0)
    shipped(engine)
    return led(engine, "approved", source=text(engine, "strict", hate="0.3"))


@pytest.fixture
def admin() -> Viewer:
    return stage.staff("policy_admin")


@pytest.fixture
def released(
    engine: Engine, detectors: FakeDetectors, strict: PolicyVersion, monkeypatch: pytest.MonkeyPatch
) -> list[Asset]:
    """Five released outputs; the strict policy would hold the first, the third and the fifth."""
    from tests.fakes import detectors as fakes

    assets = []
    for number in range(5):
        monkeypatch.setattr(fakes, "DOUBTFUL", 0.4)
        words = "hatemaybe" if number % 2 == 0 else "calm"
        asset = stage.pending(content=f"{words} {number}")
        stage.consume(asset)
        assert stage.visibility(asset) == "released"
        assets.append(asset)
    return assets


def states(assets: list[Asset]) -> list[str]:
    return [stage.visibility(asset) for asset in assets]


HELD = ["held", "released", "held", "released", "held"]
RELEASED = ["released"] * 5


def previewed(version: PolicyVersion, admin: Viewer) -> RetroRun:
    run = services.preview_retro_run(version_id=version.pk, viewer=admin, reason="it got stricter")
    services.advance_retro_runs(seconds=20)
    run.refresh_from_db()
    assert run.state == "ready"
    return run


def move(run: RetroRun, to: str, admin: Viewer) -> None:
    services.move_retro_run(run_id=run.pk, to=to, viewer=admin, reason="go")


def test_a_retro_run_shows_holds_and_takes_back(
    released: list[Asset], strict: PolicyVersion, admin: Viewer, detectors: FakeDetectors
) -> None:
    asked = dict(detectors.asked)
    run = previewed(strict, admin)
    assert (run.previewed, run.would_hold, run.not_repeatable) == (5, 3, 0)
    assert run.examples[0]["asset_id"] == str(released[0].pk)
    assert "score_hold hate" in run.examples[0]["because"]
    assert states(released) == RELEASED
    for _ in range(2):
        move(run, "running", admin)
    services.advance_retro_runs(seconds=20)
    move(run, "running", admin)
    run.refresh_from_db()
    assert (run.state, run.held, run.looked_at) == ("finished", 3, 5)
    assert states(released) == HELD
    case = stage.case_of(released[0])
    assert (case.state, case.because, case.hazards) == ("open", "hold", ["hate"])
    assert case.verdict is not None
    assert case.verdict.policy_id == strict.pk
    assert stage.verdicts(released[0]) == ["release", "hold"]
    assert dict(detectors.asked) == asked
    decided = stage.case_of(released[2])
    services.decide_case(
        case_id=decided.pk, viewer=stage.staff("reviewer"), action="block", reason="hateful"
    )
    for _ in range(2):
        move(run, "undoing", admin)
    services.advance_retro_runs(seconds=20)
    move(run, "undoing", admin)
    run.refresh_from_db()
    assert (run.state, run.released_again) == ("undone", 2)
    assert states(released) == ["released", "released", "blocked", "released", "released"]
    case.refresh_from_db()
    assert (case.state, case.outcome, case.decided_by_system) == ("decided", "release", True)
    assert stage.trail(run.pk) == ["retro_run.started", *["retro_run.moved"] * 5]


def test_a_run_that_dies_anywhere_loses_nothing_and_repeats_nothing(
    released: list[Asset],
    strict: PolicyVersion,
    admin: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retro_steps, "BATCH", 2)
    run = previewed(strict, admin)
    move(run, "running", admin)
    really, calls = verdicts.announce_verdict, 0

    def dying(*given: object) -> None:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise SystemExit("killed")
        really(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(retro_steps, "announce_verdict", dying)
    deaths = 0
    while True:
        try:
            if not services.advance_retro_run(run.pk):
                break
        except SystemExit:
            deaths += 1
    run.refresh_from_db()
    assert deaths == 3
    assert (run.state, run.previewed, run.looked_at, run.held) == ("finished", 5, 5, 3)
    assert states(released) == HELD
    assert Case.objects.count() == RetroHold.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_workers_on_the_same_run_hold_each_asset_once(
    released: list[Asset],
    strict: PolicyVersion,
    admin: Viewer,
    monkeypatch: pytest.MonkeyPatch,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    monkeypatch.setattr(retro_steps, "BATCH", 2)
    run = previewed(strict, admin)
    move(run, "running", admin)
    work = [lambda: services.advance_retro_runs(seconds=20)] * 4
    done = in_threads([*work])
    services.advance_retro_runs(seconds=20)
    assert all(isinstance(one, int) for one in done), done
    run.refresh_from_db()
    assert (run.state, run.looked_at, run.held) == ("finished", 5, 3)
    assert states(released) == HELD


def test_a_paused_run_stands_still_and_goes_on_from_there(
    released: list[Asset],
    strict: PolicyVersion,
    admin: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retro_steps, "BATCH", 2)
    run = previewed(strict, admin)
    move(run, "running", admin)
    assert services.advance_retro_run(run.pk) == 2
    move(run, "paused", admin)
    assert services.advance_retro_runs(seconds=20) == 0
    assert states(released) == ["held", *["released"] * 4]
    move(run, "running", admin)
    services.advance_retro_runs(seconds=20)
    run.refresh_from_db()
    assert (run.looked_at, run.held) == (5, 3)


def test_a_case_that_was_open_stays_open_when_a_run_is_undone(
    released: list[Asset], strict: PolicyVersion, admin: Viewer
) -> None:
    from moderation.app.handlers import on_interaction
    from tests import factories

    on_interaction(*stage.reported(released[0], factories.make_user()))
    run = previewed(strict, admin)
    move(run, "running", admin)
    services.advance_retro_runs(seconds=20)
    assert stage.case_of(released[0]).because == "report"
    move(run, "undoing", admin)
    services.advance_retro_runs(seconds=20)
    assert states(released) == RELEASED
    assert stage.case_of(released[0]).state == "open"


def test_what_signals_do_not_say_is_held_by_no_run(
    released: list[Asset], strict: PolicyVersion, admin: Viewer
) -> None:
    Verdict.objects.filter(asset=released[0]).update(signals=[])
    run = previewed(strict, admin)
    assert (run.would_hold, run.not_repeatable) == (2, 1)


def test_a_run_needs_an_admin_a_reason_and_an_approved_policy(
    engine: Engine, strict: PolicyVersion, admin: Viewer
) -> None:
    with pytest.raises(NotAllowed):
        services.preview_retro_run(version_id=strict.pk, viewer=stage.staff("reviewer"), reason="x")
    with pytest.raises(InvalidInput):
        services.preview_retro_run(version_id=strict.pk, viewer=admin, reason=" ")
    first = services.preview_retro_run(version_id=strict.pk, viewer=admin, reason="x")
    again = services.preview_retro_run(version_id=strict.pk, viewer=admin, reason="y")
    assert first.pk == again.pk
    with pytest.raises(InvalidMove):
        move(first, "running", admin)
    draft = led(engine, "draft", source=text(engine, "draft"))
    run = previewed(draft, admin)
    with pytest.raises(Conflict) as refused:
        move(run, "running", admin)
    assert refused.value.code == "policy_not_approved"


def test_a_backtest_goes_on_where_it_stood_and_says_what_the_command_says(
    released: list[Asset],
    strict: PolicyVersion,
    admin: Viewer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backtest_runs, "BATCH", 2)
    since, until = now() - timedelta(days=1), now() + timedelta(seconds=1)
    run = services.start_backtest(version_id=strict.pk, since=since, until=until, viewer=admin)
    assert (
        services.start_backtest(version_id=strict.pk, since=since, until=until, viewer=admin).pk
        == run.pk
    )
    really = Backtest.to_json

    def dying(backtest: Backtest) -> dict[str, object]:
        monkeypatch.setattr(Backtest, "to_json", really)
        raise SystemExit("killed")

    monkeypatch.setattr(Backtest, "to_json", dying)
    with pytest.raises(SystemExit):
        services.advance_backtests(seconds=20)
    assert services.advance_backtests(seconds=20) == 5
    run.refresh_from_db()
    whole = Backtest(in_force.policy_of(strict.source))
    for stored in stored_decisions(since=since, until=until):
        whole.add(stored)
    days = (run.until - run.since) / timedelta(days=1)
    assert run.state == "finished"
    assert selectors.figures_of(run) == whole.figures(days=days)
    assert selectors.figures_of(run)["changed"] == 3
    assert selectors.evidence_for(strict.pk) == (0, 5)


def test_a_backtest_that_was_given_up_stays_where_it_was(
    released: list[Asset], strict: PolicyVersion, admin: Viewer
) -> None:
    since = now() - timedelta(days=1)
    run = services.start_backtest(version_id=strict.pk, since=since, until=now(), viewer=admin)
    for _ in range(2):
        services.cancel_backtest(run_id=run.pk, viewer=admin)
    assert services.advance_backtests(seconds=20) == 0
    assert Entry.objects.filter(action="backtest.cancelled").count() == 1
    with pytest.raises(InvalidInput):
        services.start_backtest(version_id=strict.pk, since=now(), until=since, viewer=admin)


def test_the_command_previews_starts_and_undoes(
    released: list[Asset], strict: PolicyVersion
) -> None:
    def said(*words: str) -> str:
        out = StringIO()
        call_command("retro_run", *words, stdout=out)
        return out.getvalue()

    preview = said("preview", strict.version[:12], "--reason", "it got stricter")
    assert "would hold 3 of 5" in preview
    key = preview.split()[0]
    assert states(released) == RELEASED
    assert "held 3" in said("start", key, "--reason", "go")
    assert states(released) == HELD
    assert "released 3 again" in said("undo", key, "--reason", "a mistake")
    assert states(released) == RELEASED
