"""Fingerprints of outputs and texts, and what the hash banks say about them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from moderation.app.models import HashBank, HashEntry, Verdict
from moderation.core import film_hashes
from moderation.core.banks import words_near
from moderation.core.decisions import HashHit
from moderation.core.draws import is_drawn
from moderation.core.hashes import MATCH_DISTANCE, NotAPicture, Pdq, pdq
from moderation.core.near_texts import NEAR_DISTANCE, simhash
from moderation.core.normalisation import normalise
from tidegate.assets.models import Asset, Rendition
from tidegate.primitives.statements import prepared, run, together

_SHORTEST_TEXT = 24
_ACTIONS: Mapping[HashBank.Effect, Literal["allow", "hold", "block"]] = {
    HashBank.Effect.BLOCK: "block",
    HashBank.Effect.HOLD: "hold",
    HashBank.Effect.ALLOW: "allow",
}
_SHOWN_KINDS: Mapping[str, Literal["sha256", "pdq", "simhash", "vpdq"]] = {
    # Equal bytes and equal texts are equal: a decision makes no difference between them.
    HashEntry.Kind.SHA256: "sha256",
    HashEntry.Kind.TEXT: "sha256",
    HashEntry.Kind.PDQ: "pdq",
    HashEntry.Kind.SIMHASH: "simhash",
    HashEntry.Kind.VPDQ: "vpdq",
}
_NEAR_KINDS = frozenset({HashEntry.Kind.PDQ, HashEntry.Kind.SIMHASH, HashEntry.Kind.VPDQ})

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

# One picture of a film against all that are listed; each is asked for on its own, because the words
# of all of them together would be those of half the table.
_FRAMES_NEAR: Final = f"""
SELECT frame.entry_id, frame.value,
       bit_count(('x' || frame.value)::bit(256) # ('x' || %s::text)::bit(256)) AS distance
FROM moderation_hash_frame AS frame
WHERE moderation_hash_words(frame.value) && %s::integer[]
  AND bit_count(('x' || frame.value)::bit(256) # ('x' || %s::text)::bit(256)) <= {MATCH_DISTANCE}
"""  # noqa: S608 - our own words
_LISTED_FILMS: Final = f"""
SELECT entry.id, entry.value, entry.hazard, bank.id, bank.name, bank.effect, bank.enabled_share,
       (SELECT count(*) FROM moderation_hash_frame WHERE entry_id = entry.id)
FROM moderation_hash_entry AS entry JOIN moderation_hash_bank AS bank ON bank.id = entry.bank_id
WHERE entry.id = ANY(%s::uuid[]) AND bank.enabled_share > 0 AND {_LIVE}
"""  # noqa: S608 - our own words


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What identifies a content; `frames` are a film's, whose `value` is their digest."""

    kind: HashEntry.Kind
    value: str
    frames: tuple[film_hashes.Frame, ...] = ()


def film_fingerprint(text: str) -> Fingerprint:
    """Return the fingerprint of a film from its hash as text.

    Raises:
        InvalidFilmHash: it is none.
    """
    frames = film_hashes.read(text)
    return Fingerprint(
        HashEntry.Kind.VPDQ, film_hashes.digest(frames), film_hashes.comparable(frames)
    )


def text_digest(text: str) -> str:
    """Return the SHA-256 of a text without regard to case, spacing and look-alike letters."""
    return hashlib.sha256(normalise(text).encode("utf-8", "replace")).hexdigest()


def content_digest(text: str) -> str:
    """Return the SHA-256 of a text as it was written: what tells one content from another."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def look_of(picture: bytes) -> str:
    """Return a picture's PDQ, or empty: undecodable bytes are for the detectors to refuse."""
    hashed = hash_of(picture)
    return hashed.value if hashed is not None and hashed.is_usable else ""


def hash_of(picture: bytes) -> Pdq | None:
    """Return a picture's PDQ with its quality, or None for bytes that are no picture."""
    try:
        return pdq(picture)
    except NotAPicture:
        return None


@dataclass(frozen=True, slots=True)
class Sought:
    """What the banks are asked about one content.

    Looked for are these very bytes (`sha256s`), this text and texts near it, and pictures that look
    like it (`look` is a PDQ; empty for what is too plain to be told apart). `content` is the
    SHA-256 of the content as a whole: a bank that is enabled for a share of the traffic draws by
    it.
    """

    content: str
    sha256s: Sequence[str] = ()
    text: str = ""
    look: str = ""


def listed(
    *, content: str, sha256s: Sequence[str] = (), text: str = "", look: str = ""
) -> list[HashHit]:
    """Return what the banks say about a content, nearest first; one query. See `Sought`."""
    with prepared() as cursor:
        cursor.execute(_LISTED, _asked(Sought(content, sha256s, text, look)))
        return _said(cursor.fetchall(), content)


def all_listed(sought: Sequence[Sought]) -> list[list[HashHit]]:
    """Return what `listed` says of each, in order; the queries go out together."""
    if len(sought) == 1:
        one = sought[0]
        return [listed(content=one.content, sha256s=one.sha256s, text=one.text, look=one.look)]
    said: list[list[HashHit]] = [[] for _ in sought]

    def take(number: int, cursor: CursorWrapper) -> None:
        said[number] = _said(cursor.fetchall(), sought[number].content)

    with transaction.atomic(), together():
        for number, one in enumerate(sought):
            run(_LISTED, _asked(one), partial(take, number))
    return said


def listed_films(*, content: str, frames: Iterable[film_hashes.Frame]) -> list[HashHit]:
    """Return which listed films a film is, or is a part of, or has as a part; nearest first.

    One query for each picture and one for the entries: a film takes seconds to look at anyway.
    """
    ours = film_hashes.comparable(frames)
    queried: dict[UUID, set[str]] = {}
    found: dict[UUID, dict[str, int]] = {}
    with prepared() as cursor:
        for frame in ours:
            cursor.execute(_FRAMES_NEAR, [frame.value, words_near(frame.value), frame.value])
            for entry, value, distance in cursor.fetchall():
                queried.setdefault(entry, set()).add(frame.value)
                near = found.setdefault(entry, {})
                near[value] = min(distance, near.get(value, distance))
        if not found:
            return []
        cursor.execute(_LISTED_FILMS, [list(found)])
        rows = cursor.fetchall()
    films = [
        _Found(
            str(entry),
            HashEntry.Kind.VPDQ,
            value,
            hazard,
            round(sum(found[entry].values()) / len(found[entry])),
            bank,
            name,
            effect,
            share,
        )
        for entry, value, hazard, bank, name, effect, share, count in rows
        if film_hashes.is_same_film(
            query=len(ours),
            query_found=queried[entry],
            listed=count,
            listed_found=found[entry],
        )
    ]
    return _spoken(sorted(films, key=lambda film: (film.distance, film.entry)), content)


@dataclass(frozen=True, slots=True)
class _Found:
    entry: str
    kind: str
    value: str
    hazard: str
    distance: int
    bank: UUID
    bank_name: str
    effect: str
    share: float


def _asked(sought: Sought) -> list[str | list[str]]:
    """Return the parameters of `_LISTED`."""
    exact = [*sought.sha256s]
    near, nothing = "", "0"
    if sought.text.strip():
        exact.append(text_digest(sought.text))
        near = simhash(sought.text)
    return [
        exact,
        sought.look or nothing,
        _as_array(words_near(sought.look)),
        near or nothing,
        _as_array(words_near(near)),
    ]


def _as_array(words: Sequence[int]) -> str:
    """Return an array as PostgreSQL reads it: of hundreds, a driver looks at each by itself."""
    return f"{{{','.join(map(str, words))}}}"


def _said(rows: Iterable[tuple[Any, ...]], content: str) -> list[HashHit]:
    return _spoken(
        [
            _Found(str(entry), kind, value, hazard, distance, bank, name, effect, share)
            for entry, kind, value, hazard, distance, bank, name, effect, share in rows
        ],
        content,
    )


def _spoken(found: Iterable[_Found], content: str) -> list[HashHit]:
    """Return what banks say that have a say about the content.

    Of entries that are merely near, each bank speaks with its nearest one.
    """
    hits: list[HashHit] = []
    spoken: set[tuple[UUID, str]] = set()
    for one in found:
        if not is_drawn(str(one.bank), content, share=one.share):
            continue
        if one.kind in _NEAR_KINDS:
            if (one.bank, one.kind) in spoken:
                continue
            spoken.add((one.bank, one.kind))
        hits.append(
            HashHit(
                kind=_SHOWN_KINDS[one.kind],
                action=_ACTIONS[HashBank.Effect(one.effect)],
                value=one.value,
                distance=one.distance,
                hazard=one.hazard,
                entry=one.entry,
                bank=one.bank_name,
                content=content,
            )
        )
    return hits


def fingerprints_of_asset(asset: Asset) -> list[Fingerprint]:
    """Return what identifies an asset's output: its bytes, its text, its look.

    The look was computed when the asset was judged. A text of a few words gets no text
    fingerprint: half the world would write the same. A film is known by all its pictures and not
    by one of them, which other films may share.
    """
    found = [Fingerprint(HashEntry.Kind.SHA256, sha256) for sha256 in original_digests(asset)]
    if len(asset.text.strip()) >= _SHORTEST_TEXT:
        found.append(Fingerprint(HashEntry.Kind.TEXT, text_digest(asset.text)))
        if near := simhash(asset.text):
            found.append(Fingerprint(HashEntry.Kind.SIMHASH, near))
    looks = Verdict.objects.filter(asset=asset).values_list("pdq", "film_hash")
    for look, film_hash in dict.fromkeys(looks):
        if film_hash:
            found.append(film_fingerprint(film_hash))
        elif look:
            found.append(Fingerprint(HashEntry.Kind.PDQ, look))
    return found


def original_digests(asset: Asset) -> list[str]:
    """Return the SHA-256 of the asset's original bytes."""
    return digests_of_originals([asset])[asset.pk]


def digests_of_originals(assets: Sequence[Asset]) -> dict[UUID, list[str]]:
    """Return the SHA-256 of each asset's original bytes; one query."""
    found: dict[UUID, list[str]] = {asset.pk: [] for asset in assets}
    originals = Rendition.objects.filter(asset__in=found, kind=Rendition.Kind.ORIGINAL)
    for asset_id, digest in originals.values_list("asset_id", "blob_id"):
        found[asset_id].append(digest)
    return found
