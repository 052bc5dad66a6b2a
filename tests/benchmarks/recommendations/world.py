"""A small world whose truth is known: who likes what, planted in real prompts.

A taste is three concepts, and a concept is a set of words that mean much the same. Neither the
product nor what it is measured beside knows of concepts; they see prompts and what people do.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
from scipy import sparse

from recommendations.core.families import family_of
from recommendations.core.tags import tags_of
from tidegate.stack.places import CHECKOUT

CONCEPTS: Final = (
    "cat cats kitten feline kitty",
    "dog dogs puppy wolf hound",
    "dragon dragons wyvern dinosaur reptile",
    "robot robots android mech cyborg robotic",
    "galaxy planet astronaut nebula spaceship cosmic",
    "castle fortress citadel palace tower",
    "ocean sea beach waves underwater ship",
    "mountain mountains valley cliffs peak",
    "forest jungle woods trees",
    "city street skyline urban skyscraper",
    "food cake burger pizza fruit sushi coffee",
    "car vehicle truck motorcycle porsche ferrari",
    "knight warrior samurai soldier armor",
    "witch wizard sorceress mage magician",
    "horror zombie skull demon creepy ghost",
    "flower flowers roses blossom garden floral",
    "bird owl crow raven eagle parrot",
    "horse unicorn centaur pony",
    "anime manga ghibli chibi",
    "watercolor watercolour ink gouache",
    "monet renaissance baroque impressionist rembrandt",
    "photo photograph photography dslr",
    "pixel isometric voxel lowpoly",
    "house cottage cabin mansion room",
    "rabbit bunny mouse hamster rat",
    "fish shark whale octopus jellyfish",
    "snow ice winter frozen arctic",
    "desert dune sand egypt pyramid",
    "sword gun rifle axe",
    "guitar piano music band singer",
    "steampunk clockwork victorian",
    "cyberpunk neon futuristic",
    "fairy elf elves goblin mermaid",
)
_TASTE: Final = 3
_WORD: Final = re.compile(r"[a-z]+")
_FITS, _FITS_TWICE, _ELSE = 0.35, 0.55, 0.015

Chances = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    """Prompts as the product sees them, and what nobody sees: `has`, (items, concepts)."""

    ids: list[UUID]
    vectors: npt.NDArray[np.float32]
    words: sparse.csr_matrix
    tags: list[tuple[str, ...]]
    families: list[str]
    has: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def liking(self, taste: npt.NDArray[np.intp]) -> Chances:
        """Return how likely somebody with these concepts is to like each item."""
        fits = self.has[:, taste].sum(axis=1)
        chances: Chances = np.choose(np.minimum(fits, 2), [_ELSE, _FITS, _FITS_TWICE])
        return chances


def tastes(count: int, chance: np.random.Generator) -> list[npt.NDArray[np.intp]]:
    """Draw three concepts for each person."""
    return [chance.choice(len(CONCEPTS), size=_TASTE, replace=False) for _ in range(count)]


def read(folder: Path, kept: Path) -> World:
    """Read the prompts that have a concept, each once; the vectors are made at the first reading.

    Args:
        folder: with `imagereward-refl_data.json`, a list of objects with `text`.
        kept: where what the encoder made is kept.
    """
    known = json.loads((folder / "imagereward-refl_data.json").read_text("utf-8"))
    groups = [frozenset(words.split()) for words in CONCEPTS]
    texts: dict[str, str] = {}
    has: list[list[bool]] = []
    for row in known:
        text = row["text"].strip()
        family = family_of(prompt=text, asset_id="")
        words = set(_WORD.findall(text.casefold()))
        found = [bool(words & group) for group in groups]
        if any(found) and family not in texts:
            texts[family] = text
            has.append(found)
    made = _made(list(texts.values()), kept)
    count = len(texts)
    return World(
        ids=[UUID(int=number + 1) for number in range(count)],
        vectors=made["vectors"],
        words=sparse.csr_matrix(
            (made["data"], made["indices"], made["indptr"]), shape=(count, int(made["width"]))
        ),
        tags=[tags_of(text) for text in texts.values()],
        families=list(texts),
        has=np.array(has),
    )


def _made(texts: list[str], kept: Path) -> dict[str, npt.NDArray[np.float32]]:
    kept.mkdir(parents=True, exist_ok=True)
    prompts, out = kept / "prompts.json", kept / "prompts.npz"
    given = json.dumps(texts)
    if not out.exists() or prompts.read_text("utf-8") != given:
        prompts.write_text(given, "utf-8")
        models = Path(os.environ.get("TIDEGATE_MODELS_DIR", CHECKOUT / "var" / "models"))
        subprocess.run(  # our own module, in the environment that has the encoder
            [
                CHECKOUT / ".venv-serving" / "bin" / "python",
                "-m",
                "tests.benchmarks.recommendations.texts",
                models / "multilingual-e5-small",
                prompts,
                out,
            ],
            check=True,
            cwd=CHECKOUT,
        )
    with np.load(out) as parts:
        return dict(parts)
