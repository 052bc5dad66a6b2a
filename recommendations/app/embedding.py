"""What an asset is about, as a vector from the embedder behind Triton."""

from functools import cache
from uuid import UUID

from django.conf import settings

from recommendations.core.triton import Embedder
from tidegate.assets.models import Asset

DEADLINE_SECONDS = 2.0
_TEXT_LIMIT = 1_000


def vectors_of(texts: list[str]) -> list[list[float]]:
    """Return one vector per text.

    Raises:
        EmbedderUnavailable: not all of them within the deadline.
    """
    return _embedder(settings.TRITON_GRPC_URL).embed(texts, DEADLINE_SECONDS)


def texts_of(asset_ids: list[UUID]) -> dict[UUID, str]:
    """Return what is embedded of each asset that exists: title, prompt, and the text's start."""
    rows = Asset.objects.filter(pk__in=asset_ids).values_list("pk", "title", "prompt", "text")
    return {
        asset_id: about(title=title, prompt=prompt, text=text)
        for asset_id, title, prompt, text in rows
    }


def about(*, title: str, prompt: str, text: str) -> str:
    """Join what describes an asset; a title that only repeats the prompt adds nothing."""
    parts = [title if title and not prompt.startswith(title.rstrip("….")) else "", prompt]
    parts.append(text[:_TEXT_LIMIT])
    return "\n".join(part.strip() for part in parts if part.strip()) or "untitled"


@cache
def _embedder(url: str) -> Embedder:
    return Embedder(url)
