"""How far an output has come: how many people have seen it."""

from uuid import UUID

from recommendations.app.models import Interaction

MOST_COUNTED = 10_000
"""Beyond that many it makes no difference to anybody."""


def seen_by(asset_id: UUID) -> int:
    """Return how many different people opened or played it, at most `MOST_COUNTED`."""
    seen = Interaction.objects.filter(
        asset_id=asset_id, kind__in=[Interaction.Kind.VIEW, Interaction.Kind.PLAY]
    )
    return seen.order_by().values("user_id").distinct()[:MOST_COUNTED].count()
