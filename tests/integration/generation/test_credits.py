"""What jobs cost: set aside, charged as delivered, given back by the reason."""

import pytest
from django.db import connection
from django.test import override_settings

from generation.app import board, services
from generation.app.claims import LostLease
from generation.app.models import Job
from generation.app.services import outcomes, trail
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker, at_once
from tests.integration.generation.paying import (
    BROKEN,
    PRICE,
    WELCOME,
    assert_no_drift,
    asset_of,
    claimed,
    cost_of,
    deliver,
    left,
    moved,
    picture,
)
from tidegate.accounts.viewers import system
from tidegate.audit.models import Entry as AuditEntry
from tidegate.events.models import Outbox
from tidegate.ledger import services as ledger
from tidegate.ledger.errors import InsufficientCredits
from tidegate.ledger.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


def test_a_job_reserves_its_price_and_is_charged_when_it_is_delivered(maker: Maker) -> None:
    job = maker.asks()
    assert job.cost_credits == PRICE
    assert left(maker) == (WELCOME - PRICE, PRICE)
    services.finish_job(claim=claimed(), outputs=[picture()], model_version="1")
    assert left(maker) == (WELCOME - PRICE, 0)
    assert cost_of(job) == (PRICE, 0, "")
    ended = AuditEntry.objects.get(action="job.succeeded", subject_id=str(job.pk))
    assert ended.after is not None
    assert ended.after["credits"] == {"charged": PRICE, "returned": 0}
    assert_no_drift()


def test_more_work_costs_more(maker: Maker) -> None:
    assert maker.asks(parameters={"steps": 50}).cost_credits == 9


@override_settings(TIDEGATE_WELCOME_CREDITS=PRICE)
def test_a_job_that_cannot_be_paid_leaves_nothing(maker: Maker) -> None:
    maker.asks()
    jobs, events, told = Job.objects.count(), Outbox.objects.count(), AuditEntry.objects.count()
    with pytest.raises(InsufficientCredits):
        maker.asks()
    assert (Job.objects.count(), Outbox.objects.count()) == (jobs, events)
    assert AuditEntry.objects.count() == told


def test_a_prompt_that_is_refused_at_once_reserves_nothing(maker: Maker, gate: FakeGate) -> None:
    gate.prompt_verdict = "block"
    job = maker.asks()
    assert job.state == Job.State.REFUSED
    assert not Entry.objects.exists()
    assert_no_drift()


def test_a_prompt_that_is_refused_later_is_given_back(maker: Maker, gate: FakeGate) -> None:
    gate.prompt_verdict = "unavailable"
    job = maker.asks()
    gate.prompt_verdict = "block"
    services.sweep()
    assert cost_of(job) == (0, PRICE, "prompt_refused")
    assert_no_drift()


def test_a_cancelled_job_is_given_back_once(maker: Maker) -> None:
    waiting, running = maker.asks(priority=1), maker.asks(priority=2)
    claim = claimed()
    for job in (waiting, running, waiting, running):
        services.cancel_job(viewer=maker.viewer, job_id=job.pk)
    services.stop_job(claim=claim)
    assert cost_of(waiting) == (0, PRICE, "cancelled_before_start")
    assert cost_of(running) == (0, PRICE, "cancelled_while_running")
    assert left(maker) == (WELCOME, 0)
    assert_no_drift()


def test_a_failure_is_given_back(maker: Maker) -> None:
    job = maker.asks()
    services.fail_job(claim=claimed(), failure=BROKEN)
    assert cost_of(job) == (0, PRICE, "failed")
    assert left(maker) == (WELCOME, 0)


def test_what_dies_between_the_charge_and_the_delivery_charges_once(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process ends here."""

    def dies(*_: object, **__: object) -> None:
        raise Killed

    job, claim = maker.asks(), claimed()
    with monkeypatch.context() as patched:
        patched.setattr(outcomes, "create_asset", dies)
        with pytest.raises(Killed):
            services.finish_job(claim=claim, outputs=[picture()], model_version="1")
    assert left(maker) == (WELCOME - PRICE, PRICE)
    with monkeypatch.context() as patched:
        patched.setattr(trail, "record", dies)
        with pytest.raises(Killed):
            services.finish_job(claim=claim, outputs=[picture()], model_version="1")
    assert left(maker) == (WELCOME - PRICE, PRICE)
    services.finish_job(claim=claim, outputs=[picture()], model_version="1")
    with pytest.raises(LostLease):
        services.finish_job(claim=claim, outputs=[picture()], model_version="1")
    assert cost_of(job)[:2] == (PRICE, 0)
    assert_no_drift()


@pytest.mark.django_db(transaction=True)
@override_settings(TIDEGATE_WELCOME_CREDITS=40 * PRICE)
def test_many_who_ask_at_once_get_what_can_be_paid(maker: Maker) -> None:
    def ask(number: int) -> int:
        accepted = 0
        for _ in range(10):
            try:
                maker.asks(prompt=f"number {number}")
                accepted += 1
            except InsufficientCredits:
                continue
        return accepted

    assert sum(at_once(ask, threads=8)) == 40
    assert left(maker) == (0, 40 * PRICE)
    assert Job.objects.count() == 40
    assert_no_drift()


@pytest.mark.django_db(transaction=True)
def test_asking_cancelling_delivering_and_granting_at_once_lock_nobody_out(maker: Maker) -> None:
    def work(number: int) -> None:
        for turn in range(6):
            job = maker.asks(prompt=f"{number} {turn}", outputs=2)
            if number % 3 == 0:
                services.cancel_job(viewer=maker.viewer, job_id=job.pk)
            elif number % 3 == 1:
                claim = services.claim_job(modality="image", worker=f"w{number}")
                if claim is not None:
                    outputs = [picture(number), picture(turn)]
                    services.finish_job(claim=claim, outputs=outputs, model_version="1")
            else:
                ledger.grant(
                    viewer=system("tests"),
                    organisation_id=maker.organisation_id,
                    amount=10,
                    note="a gift",
                )

    at_once(work, threads=9)
    assert Job.objects.count() == 54
    assert_no_drift()


def test_a_worker_that_lost_its_lease_charges_nothing(maker: Maker) -> None:
    job = maker.asks()
    old = claimed()
    Job.objects.filter(pk=job.pk).update(lease_owner="another")
    with pytest.raises(LostLease):
        services.finish_job(claim=old, outputs=[picture()], model_version="1")
    assert left(maker) == (WELCOME - PRICE, PRICE)


def test_a_job_from_before_the_ledger_ends_as_ever(maker: Maker) -> None:
    job = maker.asks()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ledger_entry DISABLE TRIGGER ledger_entry_append_only")
        cursor.execute("DELETE FROM ledger_entry")
        cursor.execute("ALTER TABLE ledger_entry ENABLE TRIGGER ledger_entry_append_only")
    services.finish_job(claim=claimed(), outputs=[picture()], model_version="1")
    moved(asset_of(job), "blocked")
    deliver()
    assert not Entry.objects.exists()
    assert_no_drift()


def test_several_outputs_are_charged_one_by_one(maker: Maker) -> None:
    job = maker.asks(outputs=3)
    assert (job.cost_credits, left(maker)) == (3 * PRICE, (WELCOME - 3 * PRICE, 3 * PRICE))
    claim = claimed()
    for _ in range(2):
        services.deliver_output(claim=claim, index=0, output=picture(), model_version="1")
    assert left(maker) == (WELCOME - 3 * PRICE, 2 * PRICE)
    services.miss_output(claim=claim, index=1, failure=BROKEN, is_last=False)
    services.finish_job(claim=claim, outputs=[picture(2)], model_version="1", first_index=2)
    assert cost_of(job) == (2 * PRICE, PRICE, "not_delivered")
    assert left(maker) == (WELCOME - 2 * PRICE, 0)
    moved(asset_of(job), "blocked")
    deliver(times=2)
    assert cost_of(job) == (PRICE, 2 * PRICE, "blocked_by_policy")
    assert_no_drift()
