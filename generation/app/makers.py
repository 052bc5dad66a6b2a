"""Who makes things, for whoever restricts people: stopped, barred, admitted again.

A trigger (`bars` of the services) looks at every job that is inserted, under a lock of its author
that `lock` takes alone: a request is either stored before the lock, and cancelled with the others,
or refused. So the way of a request pays no round trip for it, and there is nothing to race with.
"""

from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from generation.app.compositions.services.trail import end_composition
from generation.app.models import Bar, Composition, Job
from generation.app.services.requests import call_off_job
from generation.app.services.trail import WORKER
from tidegate.contracts import ports
from tidegate.ledger import services as ledger

_OPEN: Final = (Job.State.QUEUED, Job.State.RUNNING)


class BarredMakers:
    """Implements `tidegate.contracts.ports.Makers`."""

    def lock(self, *, author_id: UUID, organisation_id: UUID | None) -> frozenset[UUID]:
        """Lock compositions, then the author, then jobs, then payers: the order of everybody."""
        # A composition's next part is stored under its lock, and takes the author's for it.
        self._lock_compositions(author_id, organisation_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('generation.maker:' || %s, 0))",
                [str(author_id)],
            )
        concerned = self._lock_compositions(author_id, organisation_id)
        jobs = Job.objects.filter(_of(author_id, organisation_id), state__in=_OPEN)
        concerned |= set(
            jobs.order_by("pk").select_for_update().values_list("organisation_id", flat=True)
        )
        for payer in sorted(concerned):
            ledger.lock_payer(payer)
        return frozenset(concerned)

    def stop(self, *, author_id: UUID, organisation_id: UUID | None, reason: str) -> int:
        """Cancel queued jobs, ask running ones to stop, end compositions."""
        whose = _of(author_id, organisation_id)
        jobs = list(
            Job.objects.filter(whose, state__in=_OPEN, cancel_requested_at=None)
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        for job_id in jobs:
            call_off_job(job_id=job_id, actor=WORKER, reason=reason)
        for composition in Composition.objects.filter(whose, state=Composition.State.RUNNING):
            end_composition(composition, Composition.State.CANCELLED, actor=WORKER)
        return len(jobs)

    def bar(self, bar: ports.Bar) -> None:
        """Store the bar; the trigger does the rest."""
        Bar.objects.get_or_create(
            restriction_id=bar.restriction_id,
            defaults={
                "user_id": bar.author_id,
                "organisation_id": bar.organisation_id,
                "code": bar.code,
                "until": bar.until,
            },
        )

    def admit(self, *, restriction_id: UUID) -> None:
        """Remove the bar; the restriction's own row and the trail keep that it was."""
        Bar.objects.filter(pk=restriction_id).delete()

    @staticmethod
    def _lock_compositions(author_id: UUID, organisation_id: UUID | None) -> set[UUID]:
        running = Composition.objects.filter(
            _of(author_id, organisation_id), state=Composition.State.RUNNING
        )
        return set(
            running.order_by("pk")
            .select_for_update(no_key=True)
            .values_list("organisation_id", flat=True)
        )


def _of(author_id: UUID, organisation_id: UUID | None) -> Q:
    whose = Q(requested_by_id=author_id)
    return whose if organisation_id is None else whose & Q(organisation_id=organisation_id)
