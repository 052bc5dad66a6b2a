"""The concepts' drawings as the model learns to draw them: as they are, mirrored, in colours.

    OMP_WAIT_POLICY=passive python -m generation.training.views [--folder var/training]

Writes `drawings.npy` (K, 256, 256, 4) uint8 RGBA and `views.pt` (every view's latents) below
FOLDER. What is there is not done again.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from generation.serving.tidegate_image.colours import COLOURS
from generation.training import autoencoder, data, sources
from generation.training.concepts import Concept, concepts_of
from generation.training.drawing import draw_clear
from generation.training.icons import read_icons
from generation.training.latents import encode
from generation.training.recolouring import recoloured
from generation.training.runs import set_up

SIZE = 256
COLOURS_EACH = 4


@dataclass(frozen=True, slots=True)
class View:
    """One way to see a concept: mirrored or not, in its own colours (0) or those of COLOURS."""

    concept: int
    is_mirrored: bool
    colour: int


@dataclass(frozen=True, slots=True)
class Views:
    """All views: their latents (V, C, 8, 8), normalised, and the drawings they are made of."""

    views: tuple[View, ...]
    latents: Tensor
    drawings: npt.NDArray[np.uint8]

    def picture(self, number: int) -> Tensor:
        """Return a view as a picture on white, (3, 256, 256) of -1..1."""
        return picture_of(self.drawings, self.views[number])


def views_of(concepts: tuple[Concept, ...]) -> tuple[View, ...]:
    """Return every view: first each concept, then each mirrored, then some in other colours."""
    random = Random(21)
    count = len(concepts)
    found = [View(number, mirrored, 0) for mirrored in (False, True) for number in range(count)]
    for number, concept in enumerate(concepts):
        if not concept.is_coloured:
            some = random.sample(range(1, len(COLOURS) + 1), COLOURS_EACH)
            found += [View(number, False, colour) for colour in some]
    return tuple(found)


def picture_of(drawings: npt.NDArray[np.uint8], view: View) -> Tensor:
    """Put one view of a drawing on white: (3, 256, 256) of -1..1."""
    drawing = torch.from_numpy(drawings[view.concept].copy()).permute(2, 0, 1).float() / 255
    if view.colour:
        drawing = recoloured(drawing, COLOURS[view.colour - 1])
    if view.is_mirrored:
        drawing = drawing.flip(-1)
    paint, cover = drawing[:3], drawing[3:]
    return (paint * cover + 1 - cover) * 2 - 1


def load(folder: Path) -> Views:
    """Open what `main` built. Raises FileNotFoundError when it is not there."""
    concepts = concepts_of(data.load(folder))
    latents = torch.load(folder / "views.pt", weights_only=True)
    drawings = np.load(folder / "drawings.npy", mmap_mode="r")
    return Views(views_of(concepts), latents, drawings)


def build_drawings(folder: Path) -> None:
    """Draw the concepts at 256x256, see-through where there is nothing."""
    target = folder / "drawings.npy"
    if target.exists():
        return
    package = sources.fetch(sources.ICONS, folder / "raw")
    member = sources.read_member(package, f"json/{sources.DEFAULT_STYLE}.json")
    icons = {icon.name: icon.svg for icon in read_icons(member)}
    concepts = concepts_of(data.load(folder))
    margin = data.MARGIN * SIZE // data.SIZE
    drawn = [draw_clear(icons[concept.name], size=SIZE, margin=margin) for concept in concepts]
    np.save(target, np.stack(drawn))


def build_latents(folder: Path, *, batch: int = 64) -> None:
    """Encode every view with the trained autoencoder."""
    target = folder / "views.pt"
    if target.exists():
        return
    views = views_of(concepts_of(data.load(folder)))
    drawings = np.load(folder / "drawings.npy", mmap_mode="r")
    model, statistics = autoencoder.load_trained(folder), encode(folder)
    parts = []
    for start in range(0, len(views), batch):
        large = torch.stack([picture_of(drawings, view) for view in views[start : start + batch]])
        small = functional.avg_pool2d(large, SIZE // data.SIZE)
        patches = functional.pixel_unshuffle(small, autoencoder.PATCH)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            parts.append(model.encode(patches).latent_dist.mode().float())
    raw = torch.cat(parts).contiguous()
    mean, deviation = statistics.mean.view(1, -1, 1, 1), statistics.deviation.view(1, -1, 1, 1)
    torch.save((raw - mean) / deviation, target)


def main() -> None:
    """Build what is missing of the views."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    folder: Path = parser.parse_args().folder
    set_up(threads=1, seed=5)
    build_drawings(folder)
    build_latents(folder)


if __name__ == "__main__":
    main()
