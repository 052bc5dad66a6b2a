"""Nothing drifts, and what drifted is found."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generation.app import board, reconciliation, services
from generation.app.claims import Claim
from generation.app.models import Job
from tests.integration.generation.maker import Maker
from tests.integration.generation.paying import (
    BROKEN,
    assert_no_drift,
    deliver,
    finished,
    left,
    moved,
    picture,
)
from tidegate.assets.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


@pytest.mark.parametrize(
    ("tampering", "says"),
    [
        ("DELETE FROM ledger_entry WHERE kind = 'reserve'", "entry"),
        ("UPDATE ledger_entry SET amount = 3 WHERE kind = 'charge'", "not settled"),
        ("UPDATE ledger_entry SET subject_id = id WHERE kind = 'reserve'", "no job"),
        ("UPDATE ledger_entry SET output_index = 7 WHERE kind = 'charge'", "was not delivered"),
        ("UPDATE generation_job SET cost_credits = 1", "costs 1 credits"),
        ("DELETE FROM ledger_entry WHERE kind <> 'grant'", "nothing was reserved"),
    ],
)
def test_the_command_finds_what_was_tampered_with(
    maker: Maker,
    tampering: str,
    says: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    maker.asks(prompt="the first one opens the account")
    services.cancel_job(viewer=maker.viewer, job_id=Job.objects.get().pk)
    finished(maker)
    call_command("ledger_reconcile")
    assert "the ledger adds up" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only")
        cursor.execute(tampering)
    with pytest.raises(CommandError, match="the ledger drifts"):
        call_command("ledger_reconcile", "--json")
    assert says in capsys.readouterr().out
    reconciliation.report()
    assert says in caplog.text


MOVES = ["ask", "ask three", "claim", "finish", "partly", "fail", "stop", "cancel", "postpone"]
VERDICTS = ["released", "held", "blocked", "withdrawn"]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.sampled_from([*MOVES, *VERDICTS, "tell"]), min_size=3, max_size=24))
@example(steps=["ask", "claim", "partly", "partly", "finish", "tell"])
@example(steps=["ask three", "claim", "partly", "postpone", "claim", "partly", "finish"])
def test_whatever_happens_to_jobs_nothing_drifts(maker: Maker, steps: list[str]) -> None:
    # Every story begins with the same empty queue, or one that failed could not be told again.
    with transaction.atomic():
        story = Story(maker)
        for step in steps:
            story.does(step)
            assert_no_drift()
        story.does("tell")
        assert_no_drift()
        assert min(left(maker)) >= 0
        transaction.set_rollback(True)


class Story:
    """Does one thing after the other; what does not fit the moment is left out."""

    def __init__(self, maker: Maker) -> None:
        self.maker = maker
        self.claim: Claim | None = None

    def does(self, step: str) -> None:
        if step == "tell":
            deliver(times=2)
        elif step in VERDICTS:
            self._rules(step)
        elif step.startswith("ask"):
            self.maker.asks(outputs=3 if step == "ask three" else 1)
        elif step == "claim":
            self.claim = self.claim or services.claim_job(modality="image", worker="w")
        elif step == "cancel":
            job = Job.objects.filter(requested_by=self.maker.user, ended_at=None).first()
            if job is not None:
                services.cancel_job(viewer=self.maker.viewer, job_id=job.pk)
        elif self.claim is not None:
            self._works(step, self.claim)

    def _works(self, step: str, claim: Claim) -> None:
        match step:
            case "partly":
                services.deliver_output(claim=claim, index=0, output=picture(), model_version="1")
                return
            case "finish":
                services.finish_job(claim=claim, outputs=[picture()], model_version="1")
            case "fail":
                services.fail_job(claim=claim, failure=BROKEN)
            case "stop":
                services.stop_job(claim=claim)
            case "postpone":
                services.postpone_job(claim=claim, detail="away")
                Job.objects.filter(not_before__isnull=False).update(not_before=None)
        self.claim = None

    def _rules(self, to: str) -> None:
        for asset in Asset.objects.filter(owner=self.maker.user):
            if to in Asset.MOVES[asset.visibility]:  # type: ignore[index]  # its values are texts
                moved(asset, to)
                return
