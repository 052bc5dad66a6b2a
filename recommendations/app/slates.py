"""Places and features as bytes, and back: what `StoredSlate` holds."""

import struct
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import numpy as np

from recommendations.core.candidates import Place, Source
from recommendations.core.ranking import FEATURES, Matrix

_SOURCES: Final = tuple(Source)
_PLACE: Final = struct.Struct("!16s16sBf")
_NOBODY: Final = bytes(16)


def packed_places(places: Sequence[Place]) -> bytes:
    """Return places as bytes."""
    return b"".join(
        _PLACE.pack(
            place.asset_id.bytes,
            place.anchor_id.bytes if place.anchor_id else _NOBODY,
            _SOURCES.index(place.source),
            place.propensity,
        )
        for place in places
    )


def unpacked_places(raw: bytes | memoryview) -> tuple[Place, ...]:
    """Read what `packed_places` wrote."""
    return tuple(
        Place(
            asset_id=UUID(bytes=asset_id),
            source=_SOURCES[source],
            anchor_id=None if anchor_id == _NOBODY else UUID(bytes=anchor_id),
            propensity=propensity,
        )
        for asset_id, anchor_id, source, propensity in _PLACE.iter_unpack(bytes(raw))
    )


def packed_features(features: Matrix) -> bytes:
    """Return (places, features) as 16-bit numbers: three digits are more than was measured."""
    return features.astype("<f2").tobytes()


def unpacked_features(raw: bytes | memoryview) -> Matrix:
    """Read what `packed_features` wrote; empty when it was of a release with other features."""
    found = np.frombuffer(bytes(raw), dtype="<f2")
    if len(found) % len(FEATURES):
        return np.zeros((0, len(FEATURES)))
    return found.reshape(-1, len(FEATURES)).astype(np.float64)
