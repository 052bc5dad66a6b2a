"""Writes of prompt screenings that did not simply pass."""

from uuid import UUID

from django.db import transaction
from django.db.models import F

from moderation.app.fingerprints import text_digest
from moderation.app.judgement import Judgement
from moderation.app.models import PromptScreening


@transaction.atomic
def record_screening(
    *,
    correlation_id: UUID,
    prompt: str,
    modality: str,
    judgement: Judgement,
    content_sha256: str | None = None,
) -> PromptScreening:
    """Keep why a prompt was held, blocked or could not be judged.

    Of a picture, `prompt` are the words that stand in it and `content_sha256` is its digest.

    The same answer for the same request only counts up: a prompt that waits for a detector is
    asked about every few seconds.
    """
    screening, is_new = PromptScreening.objects.get_or_create(
        correlation_id=correlation_id,
        text_sha256=content_sha256 or text_digest(prompt),
        verdict=judgement.verdict,
        defaults={
            "prompt": prompt.replace("\0", ""),
            "modality": modality,
            "reasons": list(judgement.reasons),
            "signals": list(judgement.signals),
            "policy_version": judgement.policy_version,
        },
    )
    if not is_new:
        PromptScreening.objects.filter(pk=screening.pk).update(times=F("times") + 1)
    return screening
