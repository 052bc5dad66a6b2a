"""Fingerprints of outputs and texts, and what the hash lists say about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from django.db import connection

from moderation.app.models import HashEntry, Verdict
from moderation.core.decisions import HashHit
from moderation.core.hashes import MATCH_DISTANCE, NotAPicture, pdq
from moderation.core.wordlists import normalise
from tidegate.assets.models import Asset, Rendition
from tidegate.primitives.statements import prepared

_SHORTEST_TEXT = 24
_ACTIONS: Mapping[HashEntry.Effect, Literal["allow", "hold", "block"]] = {
    HashEntry.Effect.BLOCK: "block",
    HashEntry.Effect.HOLD: "hold",
    HashEntry.Effect.ALLOW: "allow",
}

_LISTED = "SELECT kind, value, effect, hazard FROM moderation_hash_entry WHERE value = ANY(%s)"

_NEAREST_PICTURES = """
SELECT value, effect, hazard, distance
FROM (
    SELECT value, effect, hazard,
           bit_count(('x' || value)::bit(256) # ('x' || %s)::bit(256)) AS distance
    FROM moderation_hash_entry
    WHERE kind = 'pdq'
) AS listed
WHERE distance <= %s
ORDER BY distance
LIMIT 16
"""


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text without regard to case, spacing and look-alike letters."""
    return hashlib.sha256(normalise(text).encode("utf-8", "replace")).hexdigest()


def look_of(picture: bytes) -> str:
    """Return a picture's PDQ, or empty: undecodable bytes are for the detectors to refuse."""
    try:
        hashed = pdq(picture)
    except NotAPicture:
        return ""
    return hashed.value if hashed.is_usable else ""


def listed_exactly(*, sha256s: Sequence[str] = (), texts: Sequence[str] = ()) -> list[HashHit]:
    """Return the list entries of these very bytes (hexadecimal) or texts; one query."""
    wanted = [(HashEntry.Kind.SHA256, digest) for digest in sha256s]
    wanted += [(HashEntry.Kind.TEXT, text_digest(text)) for text in texts if text.strip()]
    with prepared() as cursor:
        cursor.execute(_LISTED, [[value for _, value in wanted]])
        found = {(kind, value): (effect, hazard) for kind, value, effect, hazard in cursor}
    return [
        _hit("sha256", value, *entry)
        for kind, value in wanted
        if (entry := found.get((str(kind), value))) is not None
    ]


def listed_alike(look: str) -> list[HashHit]:
    """Return the list entries of pictures that look like this one, nearest first.

    `look` is a PDQ, 64 hexadecimal digits; empty (too plain to be told apart) finds nothing.
    """
    if not look:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST_PICTURES, [look, MATCH_DISTANCE])
        rows = cursor.fetchall()
    return [
        _hit("pdq", value, effect, hazard, distance) for value, effect, hazard, distance in rows
    ]


def fingerprints_of_asset(asset: Asset) -> list[tuple[HashEntry.Kind, str]]:
    """Return what identifies an asset's output: its bytes, its text, its look.

    The look was computed when the asset was judged. A text of a few words gets no text
    fingerprint: half the world would write the same.
    """
    found: list[tuple[HashEntry.Kind, str]] = [
        (HashEntry.Kind.SHA256, sha256) for sha256 in original_digests(asset)
    ]
    if len(asset.text.strip()) >= _SHORTEST_TEXT:
        found.append((HashEntry.Kind.TEXT, text_digest(asset.text)))
    looks = Verdict.objects.filter(asset=asset).exclude(pdq="").values_list("pdq", flat=True)
    return found + [(HashEntry.Kind.PDQ, look) for look in looks.distinct()]


def original_digests(asset: Asset) -> Iterable[str]:
    """Return the SHA-256 of the asset's original bytes."""
    return Rendition.objects.filter(asset=asset, kind=Rendition.Kind.ORIGINAL).values_list(
        "blob_id", flat=True
    )


def _hit(kind: str, value: str, effect: str, hazard: str, distance: int = 0) -> HashHit:
    return HashHit(
        kind="pdq" if kind == "pdq" else "sha256",
        action=_ACTIONS[HashEntry.Effect(effect)],
        value=value,
        distance=distance,
        hazard=hazard,
    )
