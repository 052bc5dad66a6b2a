"""Sentence vectors, kept on disk so that a second training run starts at once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.core.encoder import SentenceEncoder

BATCH = 32
SAVE_EVERY = 60 * BATCH
ENCODER = Path("var/models/multilingual-e5-small")


def vectors(
    texts: Sequence[str], cache: Path, encoder_folder: Path = ENCODER
) -> NDArray[np.float32]:
    """Return one L2-normalised vector per text (rows of 384), computing only unknown ones."""
    known = _read(cache)
    missing = [text for text in dict.fromkeys(texts) if _name(text) not in known]
    if missing:
        encoder = SentenceEncoder(encoder_folder)
        for start in range(0, len(missing), BATCH):
            part = missing[start : start + BATCH]
            rows = encoder.vectors(part)
            known |= {_name(text): row for text, row in zip(part, rows, strict=True)}
            if (start + BATCH) % SAVE_EVERY == 0:
                _write(cache, known)
                print(f"  {start + len(part)} of {len(missing)} new vectors", flush=True)
        _write(cache, known)
    return np.stack([known[_name(text)] for text in texts])


def _name(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _read(cache: Path) -> dict[str, NDArray[np.float32]]:
    if not cache.exists():
        return {}
    with np.load(cache) as stored:
        return dict(zip(stored["names"].tolist(), stored["rows"], strict=True))


def _write(cache: Path, known: dict[str, NDArray[np.float32]]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    unfinished = cache.with_suffix(".tmp.npz")
    np.savez(unfinished, names=np.array(list(known)), rows=np.stack(list(known.values())))
    unfinished.replace(cache)
