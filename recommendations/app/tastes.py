"""A taste as bytes, and back: what `ViewerState.document` holds."""

import json
import struct
from datetime import datetime
from typing import Final
from uuid import UUID

import numpy as np

from recommendations.core.taste import Affinity, Liked, Taste, Touch
from recommendations.core.vectors import DIMENSIONS, Vector

_VERSION: Final = 1
_HEAD: Final = struct.Struct("<Bddd")
_VECTOR_BYTES: Final = DIMENSIONS * 4


class UnknownForm(ValueError):
    """A document of a release that this one does not read. The log it came from is still there."""


def packed(taste: Taste) -> bytes:
    """Return a taste as bytes: weights, three vectors of 32-bit numbers, and JSON."""
    rest = {
        "at": taste.at.isoformat(),
        "liked": [[str(like.asset_id), like.at.isoformat()] for like in taste.liked],
        "touched": [
            [str(touch.asset_id), touch.at.isoformat(), touch.weight] for touch in taste.touched
        ],
        "affinities": {
            facet: [affinity.weight, affinity.at.isoformat()]
            for facet, affinity in taste.affinities.items()
        },
    }
    head = _HEAD.pack(_VERSION, taste.positive_weight, taste.short_weight, taste.negative_weight)
    vectors = b"".join(
        part.astype("<f4").tobytes() for part in (taste.positive, taste.short, taste.negative)
    )
    return head + vectors + json.dumps(rest, separators=(",", ":"), ensure_ascii=False).encode()


def unpacked(document: bytes | memoryview) -> Taste:
    """Read what `packed` wrote.

    Raises:
        UnknownForm: another release wrote it.
    """
    raw = bytes(document)
    if not raw or raw[0] != _VERSION:
        raise UnknownForm(f"a taste of form {raw[0] if raw else 'none'}, this reads {_VERSION}")
    _, positive_weight, short_weight, negative_weight = _HEAD.unpack_from(raw)
    vectors = [_vector(raw, _HEAD.size + number * _VECTOR_BYTES) for number in range(3)]
    rest = json.loads(raw[_HEAD.size + 3 * _VECTOR_BYTES :])
    return Taste(
        at=datetime.fromisoformat(rest["at"]),
        positive=vectors[0],
        positive_weight=positive_weight,
        short=vectors[1],
        short_weight=short_weight,
        negative=vectors[2],
        negative_weight=negative_weight,
        liked=tuple(Liked(UUID(key), datetime.fromisoformat(at)) for key, at in rest["liked"]),
        touched=tuple(
            Touch(UUID(key), datetime.fromisoformat(at), weight)
            for key, at, weight in rest["touched"]
        ),
        affinities={
            facet: Affinity(weight, datetime.fromisoformat(at))
            for facet, (weight, at) in rest["affinities"].items()
        },
    )


def _vector(raw: bytes, offset: int) -> Vector:
    return np.frombuffer(raw, dtype="<f4", offset=offset, count=DIMENSIONS).astype(np.float32)
