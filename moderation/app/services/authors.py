"""What makes rulings about one person happen one after another."""

from uuid import UUID

from django.db import connection


def lock_author(author_id: UUID) -> None:
    """Let nobody else change this person's strikes and restrictions until the transaction ends.

    It comes before every other lock: two blocks of one author would else each miss the other's
    points, or wait for each other's outputs.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('moderation.author:' || %s, 0))",
            [str(author_id)],
        )
