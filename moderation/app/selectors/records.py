"""Records of people: how far colleagues agreed with a reviewer, and how an author's works fared."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, F, Q

from moderation.app.configuration import quality_rules
from moderation.app.models import Appeal, SecondLook
from moderation.app.roles import require_reader
from moderation.app.selectors.views import AuthorRecord
from moderation.core.quality_rules import Record
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Visibility
from tidegate.assets.selectors import visible_to
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


def author_record(viewer: Viewer, author_id: UUID, *, besides: UUID | None = None) -> AuthorRecord:
    """Return somebody's record, as far as the viewer may see what they made.

    `besides` is left out: an output whose decision the viewer is not to learn.

    Raises:
        NotAllowed: the viewer is no review staff.
    """
    require_reader(viewer)
    made = visible_to(viewer).filter(owner_id=author_id).order_by()
    if besides is not None:
        made = made.exclude(pk=besides)
    counts = made.aggregate(
        made=Count("pk"),
        **{
            state.value: Count("pk", filter=Q(visibility=state))
            for state in (Visibility.RELEASED, Visibility.HELD, Visibility.BLOCKED)
        },
    )
    appeals = Appeal.objects.filter(appellant_id=author_id, party=Appeal.Party.AUTHOR)
    if besides is not None:
        appeals = appeals.exclude(asset_id=besides)
    if viewer.organisation_id is not None:
        appeals = appeals.filter(asset__organisation_id=viewer.organisation_id)
    answers = appeals.aggregate(
        appeals=Count("pk"), won=Count("pk", filter=Q(state=Appeal.State.OVERTURNED))
    )
    since = User.objects.values_list("created_at", flat=True).get(pk=author_id)
    return AuthorRecord(**counts, **answers, member_since=since)
