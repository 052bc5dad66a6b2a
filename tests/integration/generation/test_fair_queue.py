"""The fair queue over organisations, projects and people, with limits and racing workers."""

import random
import threading
from collections import Counter
from uuid import UUID

import pytest

from generation.app import runner, services
from generation.app.claims import Claim
from generation.app.models import Bell, Cap, Job, Lane
from generation.core.fairness import Standing, jain_index, take_turns
from tests.factories.crowd import MODALITY, Tenant, end_running, make_jobs, make_tenants
from tests.fakes.generator import draws
from tests.integration.generation.maker import at_once
from tidegate.projects.models import Project

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Valkey: nobody follows these jobs."""
    monkeypatch.setattr("generation.app.board.publish", lambda *_: None)


def claim(modality: str = MODALITY) -> Claim | None:
    return services.claim_job(modality=modality, worker=f"w{random.random()}")


def claimed(count: int) -> list[Claim]:
    found = [claim() for _ in range(count)]
    return [one for one in found if one is not None]


def same_organisation(tenant: Tenant) -> Tenant:
    """Another person with another project in the tenant's organisation."""
    (other,) = make_tenants(1)
    project = Project.objects.get(pk=other.project_id)
    Project.objects.filter(pk=project.pk).update(organisation_id=tenant.organisation_id, slug="b")
    return Tenant(tenant.organisation_id, project.pk, other.user_id)


def same_project(tenant: Tenant) -> Tenant:
    """Another person in the tenant's project."""
    (other,) = make_tenants(1)
    return Tenant(tenant.organisation_id, tenant.project_id, other.user_id)


def test_projects_of_an_organisation_take_turns_inside_its_turn() -> None:
    one, elsewhere = make_tenants(2)
    second = same_organisation(one)
    make_jobs([one], 20)
    make_jobs([second], 20)
    make_jobs([elsewhere], 20)
    served = Counter(found.project_id for found in claimed(16))
    assert served == {one.project_id: 4, second.project_id: 4, elsewhere.project_id: 8}


def test_people_of_a_project_take_turns_inside_its_turn() -> None:
    (one,) = make_tenants(1)
    busy = same_project(one)
    make_jobs([busy], 40)
    make_jobs([one], 4)
    served = Counter(found.requested_by_id for found in claimed(8))
    assert served == {one.user_id: 4, busy.user_id: 4}


def test_the_database_serves_in_the_order_of_the_arithmetic() -> None:
    dice = random.Random(4)
    tenants = make_tenants(3)
    tenants += [same_organisation(tenants[0]), same_project(tenants[1])]
    waiting: dict[Tenant, list[int]] = {}
    for tenant in tenants:
        costs = [dice.randint(1, 5) for _ in range(dice.randint(2, 9))]
        for cost in costs:
            make_jobs([tenant], 1, cost=cost)
        waiting[tenant] = costs
    first = claim()  # the lanes appear, in an order of their own where all are equal
    assert first is not None
    model = _Model(first, waiting)
    while (found := claim()) is not None:
        assert model.may_serve(found), f"{found.requested_by_id} was not next"
    assert not any(waiting.values())


class _Model:
    """The same queue, by `take_turns` alone."""

    def __init__(self, first: Claim, waiting: dict[Tenant, list[int]]) -> None:
        self.waiting = waiting
        self.times: dict[tuple[UUID, ...], float] = {}
        self.clocks: dict[tuple[UUID, ...], float] = {}
        self._serve(first)

    def may_serve(self, found: Claim) -> bool:
        """Whether it is next or as good as the next on every level; then it is served."""
        path = self._path(found)
        is_next = all(self._is_smallest(path, level) for level in range(1, 4))
        self._serve(found)
        return is_next

    def _is_smallest(self, path: list[tuple[UUID, ...]], level: int) -> bool:
        above = path[level - 1]
        rivals = {
            self._key(tenant)[level]
            for tenant, costs in self.waiting.items()
            if costs and self._key(tenant)[level - 1] == above
        }
        clock = self.clocks.get(above, 0.0)
        own = max(self.times.get(path[level], 0.0), clock)
        return all(own <= max(self.times.get(rival, 0.0), clock) for rival in rivals)

    def _serve(self, found: Claim) -> None:
        path = self._path(found)
        (tenant,) = [one for one in self.waiting if self._key(one)[3] == path[3]]
        cost = self.waiting[tenant].pop(0)
        standings = [
            Standing(self.times.get(path[level], 0.0), 1, self.clocks.get(path[level - 1], 0.0))
            for level in range(1, 4)
        ]
        for level, turn in enumerate(take_turns(standings, cost=cost), start=1):
            self.times[path[level]] = turn.finish
            self.clocks[path[level - 1]] = turn.start

    def _path(self, found: Claim) -> list[tuple[UUID, ...]]:
        return self._key(Tenant(found.organisation_id, found.project_id, found.requested_by_id))

    def _key(self, tenant: Tenant) -> list[tuple[UUID, ...]]:
        ids = (tenant.organisation_id, tenant.project_id, tenant.user_id)
        return [ids[:length] for length in range(4)]


def test_a_newcomer_is_served_next_however_much_waits() -> None:
    busy, newcomer = make_tenants(2)
    make_jobs([busy], 50)
    claimed(10)
    make_jobs([newcomer], 1)
    assert newcomer.organisation_id in {found.organisation_id for found in claimed(2)}


def test_an_organisation_at_its_limit_waits_and_everybody_else_is_served() -> None:
    full, other = make_tenants(2)
    Cap.objects.create(scope="organisation", subject_id=full.organisation_id, most_running=2)
    make_jobs([full], 6)
    make_jobs([other], 6)
    served = Counter(found.organisation_id for found in claimed(20))
    assert served == {full.organisation_id: 2, other.organisation_id: 6}
    assert claim() is None
    end_running()
    assert len(claimed(6)) == 2


def test_a_person_at_their_limit_leaves_the_place_to_a_colleague() -> None:
    (one,) = make_tenants(1)
    colleague = same_project(one)
    Cap.objects.create(scope="person", most_running=1)
    make_jobs([one], 5)
    make_jobs([colleague], 5)
    served = Counter(found.requested_by_id for found in claimed(5))
    assert served == {one.user_id: 1, colleague.user_id: 1}


def test_the_limit_of_one_modality_or_one_subject_wins_over_the_general_one() -> None:
    one, two = make_tenants(2)
    Cap.objects.create(scope="person", most_running=1)
    Cap.objects.create(scope="person", most_running=2, modality=MODALITY)
    Cap.objects.create(scope="person", most_running=3, subject_id=two.user_id)
    make_jobs([one, two], 12)
    served = Counter(found.requested_by_id for found in claimed(12))
    assert served == {one.user_id: 2, two.user_id: 3}


def test_when_a_job_at_a_limit_ends_somebody_is_called_for_its_place(issued: list[str]) -> None:
    tenants = make_tenants(1)
    Cap.objects.create(scope="person", most_running=1)
    make_jobs(tenants, 2)
    assert runner.run_next(modality=MODALITY, generator=draws())
    assert issued == [MODALITY]


def test_many_workers_claim_every_job_once_and_no_limit_is_passed() -> None:
    tenants = make_tenants(5)
    Cap.objects.create(scope="organisation", most_running=2)
    make_jobs(tenants, 60)
    lock = threading.Lock()
    running: Counter[UUID] = Counter()
    most: Counter[UUID] = Counter()
    served: list[UUID] = []

    def work(number: int) -> None:
        idle = 0
        while idle < 20:
            found = services.claim_job(modality=MODALITY, worker=f"{number}/{len(served)}")
            if found is None:
                idle += 1
                threading.Event().wait(0.01)
                continue
            idle = 0
            with lock:
                served.append(found.job_id)
                running[found.organisation_id] += 1
                most[found.organisation_id] = max(
                    most[found.organisation_id], running[found.organisation_id]
                )
            threading.Event().wait(0.002)
            with lock:
                running[found.organisation_id] -= 1
            Job.objects.filter(pk=found.job_id).update(
                state="succeeded", lease_owner="", lease_expires_at=None, ended_at="2026-01-01T00Z"
            )

    at_once(work, threads=8)
    assert len(served) == len(set(served)) == 60
    assert max(most.values()) <= 2
    counts = Counter(Job.objects.values_list("organisation_id", flat=True))
    assert jain_index(list(counts.values())) == 1.0


def test_a_job_that_comes_while_its_lane_goes_to_rest_is_found_without_a_sweep() -> None:
    tenants = make_tenants(3)
    written = threading.Barrier(3)
    is_written = threading.Event()

    def work(number: int) -> list[UUID]:
        if number < 3:
            for _ in range(20):
                make_jobs([tenants[number]], 1)
            if written.wait() == 0:
                is_written.set()
            return []
        found: list[UUID] = []
        while True:
            was_written = is_written.is_set()
            one = services.claim_job(modality=MODALITY, worker=f"{number}/{len(found)}")
            if one is not None:
                found.append(one.job_id)
            elif was_written:
                return found

    served = [job_id for found in at_once(work, threads=7) for job_id in found]
    assert len(served) == len(set(served)) == 60


def test_an_empty_queue_is_at_rest_and_keeps_its_standings() -> None:
    tenants = make_tenants(4)
    make_jobs(tenants, 8)
    assert len(claimed(9)) == 8
    assert not Lane.objects.filter(is_waiting=True).exists()
    assert not Bell.objects.exists()
    assert Lane.objects.filter(level=1, virtual_time__gt=0).count() == 4
    make_jobs(tenants[:1], 1)
    assert Bell.objects.count() == 1
    assert claim() is not None


def test_priority_orders_ones_own_jobs_only() -> None:
    (one,) = make_tenants(1)
    colleague = same_project(one)
    make_jobs([one], 2, priority=-5)
    make_jobs([colleague], 4, priority=10)
    served = [found.requested_by_id for found in claimed(4)]
    assert Counter(served) == {one.user_id: 2, colleague.user_id: 2}
