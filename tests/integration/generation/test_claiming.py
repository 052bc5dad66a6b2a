"""The fair queue under leases, with workers that race."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from generation.app import services
from generation.app.claims import MAXIMUM_INTERRUPTIONS, Beat, Claim, Failure, LostLease, Output
from generation.app.models import Job, Lane
from generation.app.services.claiming import glance
from tests.fakes.generator import PNG
from tests.integration.generation.maker import Maker, at_once
from tidegate.assets.models import Asset
from tidegate.primitives.clock import now

pytestmark = pytest.mark.django_db(transaction=True)

OUTPUT = Output("image/png", PNG, width=256, height=256)


def claim(worker: str = "w", modality: str = "image") -> Claim:
    found = services.claim_job(modality=modality, worker=worker)
    assert found is not None
    return found


def let_the_lease_run_out(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_eight_workers_claim_eight_different_jobs(maker: Maker) -> None:
    wanted = {maker.asks().pk for _ in range(8)}
    claims = at_once(
        lambda number: services.claim_job(modality="image", worker=f"w{number}"), threads=8
    )
    assert {found.job_id for found in claims if found is not None} == wanted


def test_more_workers_than_jobs_leave_some_without(maker: Maker) -> None:
    for _ in range(3):
        maker.asks()
    claims = at_once(
        lambda number: services.claim_job(modality="image", worker=f"w{number}"), threads=8
    )
    assert len([found for found in claims if found is not None]) == 3


def test_organisations_take_turns_however_much_one_of_them_asks(maker: Maker) -> None:
    makers = [maker, Maker(), Maker()]
    for _ in range(20):
        maker.asks()
    for other in makers[1:]:
        for _ in range(4):
            other.asks()
    served = [claim(f"w{number}").organisation_id for number in range(12)]
    assert Counter(served) == {one.organisation_id: 4 for one in makers}


def test_twice_the_weight_is_twice_the_service(maker: Maker) -> None:
    other = Maker()
    for _ in range(20):
        maker.asks()
        other.asks()
    claim()  # the lanes appear
    Lane.objects.filter(level=1, organisation_id=other.organisation_id).update(weight=2)
    served = Counter(claim(f"w{number}").organisation_id for number in range(18))
    assert served == {maker.organisation_id: 6, other.organisation_id: 12}


def test_who_comes_back_after_a_pause_has_saved_no_turns(maker: Maker) -> None:
    other = Maker()
    other.asks()
    claim()
    for _ in range(20):
        maker.asks()
    for number in range(10):
        claim(f"w{number}")
    for _ in range(10):
        other.asks()
    served = Counter(claim(f"v{number}").organisation_id for number in range(8))
    assert served[maker.organisation_id] >= 3  # equal, but for who has the first turn


def test_priority_orders_inside_one_organisation_and_age_breaks_ties(maker: Maker) -> None:
    first, urgent, second = maker.asks(), maker.asks(priority=5), maker.asks()
    assert [claim(f"w{n}").job_id for n in range(3)] == [urgent.pk, first.pk, second.pk]


def test_a_priority_passes_nobody_elses_turn(maker: Maker) -> None:
    other = Maker()
    for _ in range(2):
        maker.asks(priority=10)
        other.asks(priority=-10)
    served = Counter(claim(f"w{number}").organisation_id for number in range(2))
    assert served == {maker.organisation_id: 1, other.organisation_id: 1}


def test_a_heartbeat_prolongs_the_lease_and_notes_progress(maker: Maker) -> None:
    job = maker.asks()
    held = claim()
    Job.objects.filter(pk=job.pk).update(lease_expires_at=Now() + timedelta(seconds=1))
    assert services.heartbeat(held, progress={"step": 2, "steps": 9}) is Beat.GO_ON
    job.refresh_from_db()
    assert job.lease_expires_at is not None
    assert job.heartbeat_at is not None
    assert job.lease_expires_at - job.heartbeat_at == timedelta(seconds=15)
    assert job.progress == {"step": 2, "steps": 9}


def test_a_silent_workers_job_is_queued_again_and_its_output_is_dropped(
    maker: Maker, issued: list[str]
) -> None:
    job = maker.asks()
    silent = claim("silent")
    let_the_lease_run_out(job)
    issued.clear()
    swept = services.sweep()
    assert (swept.interrupted, swept.tickets, issued) == (1, 1, ["image"])
    second = claim("second")
    assert (second.job_id, second.attempt, second.seed) == (job.pk, 2, silent.seed)
    assert glance(silent) is Beat.LOST
    assert services.heartbeat(silent) is Beat.LOST
    for write in (
        lambda: services.finish_job(claim=silent, outputs=[OUTPUT], model_version="v"),
        lambda: services.fail_job(claim=silent, failure=Failure("x", "x", "generation", False)),
        lambda: services.stop_job(claim=silent),
        lambda: services.postpone_job(claim=silent, detail="x"),
        lambda: services.release_text(claim=silent, text="x", offset=0),
        lambda: services.withhold_text(claim=silent, because="x"),
    ):
        with pytest.raises(LostLease):
            write()
    services.finish_job(claim=second, outputs=[OUTPUT], model_version="v")
    assert Asset.objects.filter(job_id=job.pk).count() == 1


def test_a_job_whose_workers_always_die_fails_in_the_end(maker: Maker) -> None:
    job = maker.asks()
    for number in range(MAXIMUM_INTERRUPTIONS + 1):
        claim(f"w{number}")
        let_the_lease_run_out(job)
        services.sweep()
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, "interrupted_too_often")
    assert job.does_retry_help


def test_several_sweepers_at_once_put_each_job_right_once(maker: Maker) -> None:
    jobs = [maker.asks() for _ in range(6)]
    for number, job in enumerate(jobs):
        claim(f"w{number}")
        let_the_lease_run_out(job)
    swept = at_once(lambda _: services.sweep().interrupted, threads=4)
    assert sum(swept) == 6
    assert set(Job.objects.values_list("interruptions", flat=True)) == {1}


def test_a_job_without_a_generator_waits_longer_each_time_and_is_no_interruption(
    maker: Maker,
) -> None:
    job = maker.asks()
    for number, seconds in enumerate([1, 2, 4, 8, 16, 30, 30]):
        Job.objects.update(not_before=None)
        held = claim(f"w{number}")
        before = now()
        services.postpone_job(claim=held, detail="nobody answers")
        after = now()
        job.refresh_from_db()
        assert job.not_before is not None
        assert before <= job.not_before - timedelta(seconds=seconds) <= after
    assert (job.interruptions, job.postponements) == (0, 7)
    assert services.claim_job(modality="image", worker="w") is None


@pytest.mark.parametrize(
    ("was", "code"),
    [
        ({}, "expired"),
        ({"postponements": 3}, "generator_unavailable"),
        ({"screened_at": None}, "screening_unavailable"),
    ],
)
def test_what_waited_too_long_ends_and_says_why(
    maker: Maker, was: dict[str, object], code: str
) -> None:
    job = maker.asks()
    Job.objects.filter(pk=job.pk).update(expires_at=Now() - timedelta(seconds=1), **was)
    assert services.sweep().expired == 1
    job.refresh_from_db()
    assert (job.state, job.error_code) == (Job.State.FAILED, code)


def test_a_lost_queue_is_refilled_once_and_never_flooded(maker: Maker, issued: list[str]) -> None:
    for _ in range(5):
        maker.asks()
    assert issued == ["image"] * 5
    assert services.sweep().tickets == 0
    issued.clear()
    assert services.sweep().tickets == 5
    assert services.sweep().tickets == 0


def test_a_cancelled_job_of_a_dead_worker_ends_cancelled(maker: Maker) -> None:
    job = maker.asks()
    held = claim()
    services.cancel_job(viewer=maker.viewer, job_id=job.pk)
    assert glance(held) is Beat.CANCEL
    let_the_lease_run_out(job)
    services.sweep()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_finish_and_cancel_at_once_end_the_job_in_exactly_one_way(maker: Maker) -> None:
    for _ in range(5):
        job = maker.asks()
        held = claim(str(job.pk))

        def end(number: int, held: Claim = held, job: Job = job) -> None:
            if number:
                services.cancel_job(viewer=maker.viewer, job_id=job.pk)
            else:
                services.finish_job(claim=held, outputs=[OUTPUT], model_version="v")

        at_once(end, threads=2)
        job.refresh_from_db()
        assert job.state == Job.State.SUCCEEDED
        assert Asset.objects.filter(job_id=job.pk).count() == 1


def test_claiming_and_cancelling_at_once_never_runs_a_cancelled_job(maker: Maker) -> None:
    for _ in range(8):
        job = maker.asks()

        def race(number: int, job: Job = job) -> Claim | None:
            if number:
                services.cancel_job(viewer=maker.viewer, job_id=job.pk)
                return None
            return services.claim_job(modality="image", worker=str(job.pk))

        held, _ = at_once(race, threads=2)
        job.refresh_from_db()
        if held is None:
            assert job.state == Job.State.CANCELLED
        else:
            assert job.state == Job.State.RUNNING
            assert glance(held) is Beat.CANCEL
            services.stop_job(claim=held)


def test_a_claim_costs_few_queries(maker: Maker, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        maker.asks()
    claim()
    with django_assert_max_num_queries(12):
        claim("v")
