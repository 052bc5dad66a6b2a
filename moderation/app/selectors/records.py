"""How far colleagues agreed with somebody: what their rulings are sampled by."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, F, Q

from moderation.app.configuration import quality_rules
from moderation.app.models import SecondLook
from moderation.core.quality_rules import Record
from tidegate.primitives.clock import now


def stood() -> Q:
    """Return the condition that a settled look bore its first answer out.

    Where two disagreed, the person who adjudicated says who was right.
    """
    return Q(answer=F("expected")) | Q(adjudication__outcome=F("expected"))


def record_of(user_id: UUID) -> Record:
    """Return how often somebody's rulings were looked at again, and stood.

    Known answers that they gave are part of it. Where nobody has adjudicated yet, it did not stand.
    """
    since = now() - timedelta(days=quality_rules().second_review.record_days)
    settled = SecondLook.objects.filter(state=SecondLook.State.SETTLED, settled_at__gte=since)
    first = settled.filter(first_by_id=user_id, kind=SecondLook.Kind.SAMPLE).exclude(answer="refer")
    known = settled.filter(reviewer_id=user_id, kind=SecondLook.Kind.GOLDEN).exclude(answer="refer")
    sampled = first.aggregate(n=Count("pk"), agreed=Count("pk", filter=stood()))
    golden = known.aggregate(n=Count("pk"), agreed=Count("pk", filter=Q(answer=F("expected"))))
    return Record(sampled["n"] + golden["n"], sampled["agreed"] + golden["agreed"])
