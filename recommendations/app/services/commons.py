"""What all works of the catalogue have in common, measured now and then."""

import logging
from typing import Final

from django.db import connection, transaction
from pgvector import Vector

from recommendations.app.models import CommonDirection
from recommendations.app.ranker import forget_model
from recommendations.core.vectors import FEWEST_IN_COMMON, unit, vector

logger = logging.getLogger(__name__)

SAMPLE: Final = 5_000
"""The newest so many: they are what is recommended most."""

_MEAN = """
SELECT avg(newest.embedding)::text, count(*) FROM (
    SELECT meaning.embedding FROM recommendations_item i
    JOIN recommendations_item_vector meaning ON meaning.item_id = i.asset_id
    WHERE i.is_listed ORDER BY i.released_at DESC LIMIT %s
) AS newest
"""


@transaction.atomic
def measure_commons() -> CommonDirection | None:
    """Measure it on the newest listed items; None, and nothing kept, while they are too few.

    What was measured before goes: nothing is told from it any more.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEAN, [SAMPLE])
        mean, count = cursor.fetchone()
    CommonDirection.objects.all().delete()
    transaction.on_commit(forget_model)
    if count < FEWEST_IN_COMMON:
        return None
    direction = unit(vector(Vector.from_text(mean).to_list()))
    if direction is None:
        return None
    logger.info("what %d items have in common was measured", count)
    return CommonDirection.objects.create(direction=direction.tolist(), items=count)
