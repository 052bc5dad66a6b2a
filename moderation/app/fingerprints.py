"""Fingerprints of outputs and texts, and what the hash banks say about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

from moderation.app.models import HashBank, HashEntry, Verdict
from moderation.core.banks import is_drawn, words_near
from moderation.core.decisions import HashHit
from moderation.core.hashes import MATCH_DISTANCE, NotAPicture, pdq
from moderation.core.near_texts import NEAR_DISTANCE, simhash
from moderation.core.normalisation import normalise
from tidegate.assets.models import Asset, Rendition
from tidegate.primitives.statements import prepared

_SHORTEST_TEXT = 24
_ACTIONS: Mapping[HashBank.Effect, Literal["allow", "hold", "block"]] = {
    HashBank.Effect.BLOCK: "block",
    HashBank.Effect.HOLD: "hold",
    HashBank.Effect.ALLOW: "allow",
}
_SHOWN_KINDS: Mapping[str, Literal["sha256", "pdq", "simhash"]] = {
    # Equal bytes and equal texts are equal: a decision makes no difference between them.
    HashEntry.Kind.SHA256: "sha256",
    HashEntry.Kind.TEXT: "sha256",
    HashEntry.Kind.PDQ: "pdq",
    HashEntry.Kind.SIMHASH: "simhash",
}
_NEAR_KINDS = frozenset({HashEntry.Kind.PDQ, HashEntry.Kind.SIMHASH})

_LIVE: Final = "paused_at IS NULL AND (expires_at IS NULL OR expires_at > statement_timestamp())"
# The index of the words of a kind is a partial one, so the kind is written out.
_NEAR: Final = """
    SELECT id, kind, value, hazard, bank_id,
           bit_count(('x' || value)::bit(256) # ('x' || %s::text)::bit(256)) AS distance
    FROM moderation_hash_entry
    WHERE kind = '{kind}' AND moderation_hash_words(value) && %s::integer[] AND {live}
"""
_LISTED: Final = f"""
WITH listed AS (
    SELECT id, kind, value, hazard, bank_id, 0::bigint AS distance
    FROM moderation_hash_entry
    WHERE value = ANY(%s::text[]) AND kind IN ('sha256', 'text') AND {_LIVE}
    UNION ALL {_NEAR.format(kind=HashEntry.Kind.PDQ, live=_LIVE)}
    UNION ALL {_NEAR.format(kind=HashEntry.Kind.SIMHASH, live=_LIVE)}
)
SELECT listed.id, listed.kind, listed.value, listed.hazard, listed.distance,
       bank.id, bank.name, bank.effect, bank.enabled_share
FROM listed JOIN moderation_hash_bank AS bank ON bank.id = listed.bank_id
WHERE bank.enabled_share > 0
  AND distance <= CASE listed.kind WHEN 'pdq' THEN {MATCH_DISTANCE} ELSE {NEAR_DISTANCE} END
ORDER BY distance, listed.id
"""  # noqa: S608 - our own words


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text without regard to case, spacing and look-alike letters."""
    return hashlib.sha256(normalise(text).encode("utf-8", "replace")).hexdigest()


def content_digest(text: str) -> str:
    """Return the SHA-256 of a text as it was written: what tells one content from another."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def look_of(picture: bytes) -> str:
    """Return a picture's PDQ, or empty: undecodable bytes are for the detectors to refuse."""
    try:
        hashed = pdq(picture)
    except NotAPicture:
        return ""
    return hashed.value if hashed.is_usable else ""


def listed(
    *, content: str, sha256s: Sequence[str] = (), text: str = "", look: str = ""
) -> list[HashHit]:
    """Return what the banks say about a content, nearest first; one query.

    Looked for are these very bytes (`sha256s`), this text and texts near it, and pictures that look
    like it (`look` is a PDQ; empty for what is too plain to be told apart). Of entries that are
    merely near, each bank speaks with its nearest one. `content` is the SHA-256 of the content as a
    whole: a bank that is enabled for a share of the traffic draws by it.
    """
    exact = [*sha256s]
    near = ""
    if text.strip():
        exact.append(text_digest(text))
        near = simhash(text)
    nothing = "0"
    with prepared() as cursor:
        cursor.execute(
            _LISTED, [exact, look or nothing, words_near(look), near or nothing, words_near(near)]
        )
        rows = cursor.fetchall()
    hits: list[HashHit] = []
    spoken: set[tuple[UUID, str]] = set()
    for entry, kind, value, hazard, distance, bank, name, effect, share in rows:
        if not is_drawn(bank=str(bank), content=content, share=share):
            continue
        if kind in _NEAR_KINDS:
            if (bank, kind) in spoken:
                continue
            spoken.add((bank, kind))
        hits.append(
            HashHit(
                kind=_SHOWN_KINDS[kind],
                action=_ACTIONS[HashBank.Effect(effect)],
                value=value,
                distance=distance,
                hazard=hazard,
                entry=str(entry),
                bank=name,
                content=content,
            )
        )
    return hits


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
        if near := simhash(asset.text):
            found.append((HashEntry.Kind.SIMHASH, near))
    pdqs = Verdict.objects.filter(asset=asset).exclude(pdq="").values_list("pdq", flat=True)
    return found + [(HashEntry.Kind.PDQ, pdq) for pdq in pdqs.distinct()]


def original_digests(asset: Asset) -> Iterable[str]:
    """Return the SHA-256 of the asset's original bytes."""
    return Rendition.objects.filter(asset=asset, kind=Rendition.Kind.ORIGINAL).values_list(
        "blob_id", flat=True
    )
