"""Measure what the exported model draws, and write it down for the model card.

    OMP_WAIT_POLICY=passive python -m generation.training.evaluate [--count 300]

The judge (`generation.training.judge`) places every drawing among captions of 300 concepts: R@1 is
how often the concept's own caption is nearest. The same is measured of drawings that other artists
made of the concepts and that neither model nor judge ever saw: what the judge can do at most. The
Fréchet distance is over the judge's features. Reading is measured without drawing: how often the
memory finds the concept in sentences that it did not learn. Writes `evaluation.json` below FOLDER.
Seeds are fixed; `--count` asks for fewer concepts, still among all captions.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generation.serving.tidegate_image.bundle import LOOSELY, Bundle
from generation.serving.tidegate_image.memory import Choice
from generation.training import questions, sources
from generation.training.court import Court
from generation.training.enlargement import enlargement
from generation.training.icons import read_categories
from generation.training.measures import by_group
from generation.training.runs import set_up

SEED = 11
BATCH = 25
MISSED = 12


@dataclass(frozen=True, slots=True)
class Setting:
    """How pictures are asked for: as the service does by default, unless told otherwise."""

    steps: int = 20
    guidance: float = 3.0
    choice: Choice = LOOSELY


def draw(bundle: Bundle, prompts: Sequence[str], setting: Setting) -> Tensor:
    """Draw one picture for each prompt: (N, 3, 256, 256) uint8."""
    drawn = []
    for start in range(0, len(prompts), BATCH):
        drawn += bundle.draw(
            prompts[start : start + BATCH],
            steps=setting.steps,
            guidance=setting.guidance,
            seed=SEED + start,
            after_step=lambda _: None,
            choice=setting.choice,
        )
    stacked = np.stack([np.asarray(picture) for picture in drawn])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def evaluate(folder: Path, bundle: Bundle, setting: Setting, *, count: int) -> dict[str, object]:
    """Return every figure of the card, as JSON-ready values."""
    court = Court(folder)
    step = max(len(court.asked) // count, 1)
    some = list(range(0, len(court.asked), step))[:count]
    named = [court.concepts[court.asked[at].concept] for at in some]
    others, owners = court.held_out()
    everyone = list(range(len(court.asked)))
    found = [
        court.hear("drawings held out, English", others, court.english, owners).outcome,
        court.hear("drawings held out, Chinese", others, court.chinese, owners).outcome,
        court.hear("drawings learnt", court.shown(), court.english, everyone).outcome,
    ]
    asked = {
        "English names": ([c.english for c in named], court.english),
        "Chinese names": ([c.chinese for c in named], court.chinese),
        "English sentences": (
            [questions.ENGLISH_NEW.format(c.english) for c in named],
            court.english,
        ),
        "Chinese sentences": (
            [questions.CHINESE_NEW.format(c.chinese) for c in named],
            court.chinese,
        ),
    }
    categories = _categories(folder)
    groups: dict[str, tuple[int, float]] = {}
    missed: list[str] = []
    for name, (prompts, captions) in asked.items():
        verdict = court.hear(name, draw(bundle, prompts, setting), captions, some)
        print(verdict.outcome, flush=True)
        found.append(verdict.outcome)
        if captions is court.english and not groups:
            groups = by_group(verdict.hits, [categories[concept.name] for concept in named])
            pairs = zip(named, verdict.hits, strict=True)
            missed = [concept.english for concept, is_hit in pairs if not is_hit][:MISSED]
    everything = [court.concepts[question.concept] for question in court.asked]
    read = {
        "English": (questions.ENGLISH_READ, [c.english for c in everything]),
        "Chinese": (questions.CHINESE_READ, [c.chinese for c in everything]),
    }
    return {
        "setting": asdict(setting),
        "version": bundle.version,
        "captions": len(court.asked),
        "outcomes": [asdict(one) for one in found],
        "enlargement": enlargement(folder, bundle),
        "groups": groups,
        "missed": missed,
        "read": {name: _read(bundle, court, *asked) for name, asked in read.items()},
    }


def _read(bundle: Bundle, court: Court, frames: Sequence[str], names: Sequence[str]) -> list[float]:
    """Return for each frame how often the memory finds the concept asked for likeliest."""
    own = torch.tensor([question.concept for question in court.asked])
    found = []
    for frame in frames:
        with torch.inference_mode():
            concepts, _ = bundle.memory.read(bundle.listen([frame.format(name) for name in names]))
        found.append((concepts.argmax(-1) == own).float().mean().item())
    return found


def _categories(folder: Path) -> dict[str, str]:
    package = sources.fetch(sources.ICONS, folder / "raw")
    return read_categories(sources.read_member(package, f"json/{sources.DEFAULT_STYLE}.json"))


def main() -> None:
    """Evaluate from the command line."""
    usual = Setting()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--model", type=Path, default=Path("generation/serving/tidegate_image/1"))
    parser.add_argument("--count", type=int, default=questions.ASKED)
    parser.add_argument("--steps", type=int, default=usual.steps)
    parser.add_argument("--guidance", type=float, default=usual.guidance)
    parser.add_argument("--near", type=float, default=usual.choice.near)
    parser.add_argument("--loose", type=float, default=usual.choice.loose)
    chosen = parser.parse_args()
    set_up(threads=1, seed=0)
    choice = Choice(near=chosen.near, loose=chosen.loose)
    setting = Setting(chosen.steps, chosen.guidance, choice)
    figures = evaluate(chosen.folder, Bundle.load(chosen.model), setting, count=chosen.count)
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    (chosen.folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
