"""The sweeper of compositions: goes on where an event was lost or a process died."""

import logging
from dataclasses import dataclass

from django.db.models import F

from generation.app.compositions.services.steps import advance
from generation.app.compositions.services.trail import call_off
from generation.app.models import Composition, Job
from tidegate.primitives.clock import now

logger = logging.getLogger("generation.compositions")

BATCH = 50


@dataclass(frozen=True, slots=True)
class SweptCompositions:
    """How many compositions were looked at, and how many jobs of ended ones were called off."""

    looked_at: int
    called_off: int


def sweep_compositions() -> SweptCompositions:
    """Advance those that nobody looked at for longest, and end jobs that nobody needs.

    One composition that cannot be advanced is logged and does not keep the others.
    """
    running = list(
        Composition.objects.filter(state=Composition.State.RUNNING)
        .order_by(F("swept_at").asc(nulls_first=True), "pk")
        .values_list("pk", flat=True)[:BATCH]
    )
    for composition_id in running:
        Composition.objects.filter(pk=composition_id).update(swept_at=now())
        try:
            advance(composition_id)
        except Exception:
            logger.exception("composition %s cannot be advanced", composition_id)
    wholes = Job.objects.filter(
        whole_id__isnull=False,
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
        cancel_requested_at=None,
    ).values("whole_id")
    ended = Composition.objects.filter(pk__in=wholes).exclude(state=Composition.State.RUNNING)
    return SweptCompositions(len(running), sum(call_off(one) for one in ended[:BATCH]))
