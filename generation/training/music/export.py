"""Write the trained network into its serving folder, as committed: half precision and its shape.

    python -m generation.training.music.export [--to generation/serving/tidegate_music/1]

The averaged weights are written. The loss curve goes to docs/models/tidegate-music-loss.png.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file

from generation.core.music.vocabulary import TOKENS
from generation.serving.tidegate_music.composer import CONFIG, WEIGHTS
from generation.training.music.train import NAME, network
from generation.training.runs import Run

LARGEST_BYTES: Final = 4_000_000
# Stored once, as the embedding.
_TIED: Final = "lm_head.weight"
_PREFIX: Final = "module."
_WIDTH, _HEIGHT, _MARGIN = 900, 420, 56
_INK, _TRAINING, _HELD_OUT = (40, 40, 48), (70, 130, 180), (200, 90, 60)


class TooLarge(Exception):
    """The exported weights are larger than the repository should carry."""


def export(folder: Path, target: Path) -> Run:
    """Write `model.safetensors` and `config.json`; return the run they are from.

    Raises TooLarge.
    """
    run = Run(folder, NAME, 1.0)
    state = run.load()
    if state is None:
        raise SystemExit(f"there is no run in {folder}")
    weights = {
        name.removeprefix(_PREFIX): value.half().contiguous()
        for name, value in state["average"].items()
        if name.startswith(_PREFIX) and not name.endswith((_TIED, "attn.bias"))
    }
    target.mkdir(parents=True, exist_ok=True)
    save_file(weights, target / WEIGHTS)
    size = (target / WEIGHTS).stat().st_size
    if size > LARGEST_BYTES:
        raise TooLarge(f"{size} bytes")
    described: dict[str, Any] = {
        "network": network(),
        "tokens": list(TOKENS),
        "trained": {
            "tunes": run.samples,
            "steps": run.steps,
            "minutes": round(run.seconds / 60, 1),
        },
    }
    text = json.dumps(described, indent=1, ensure_ascii=False)
    (target / CONFIG).write_text(text + "\n", encoding="utf-8")
    return run


def draw_losses(folder: Path, run: Run, picture: Path) -> None:
    """Draw the loss on what was trained on and on what was kept aside."""
    held_out = Run(folder, f"{NAME}-held-out", 1.0)
    curves = [(run.losses(), _TRAINING, "trained on"), (held_out.losses(), _HELD_OUT, "kept aside")]
    most = max(samples for curve, _, _ in curves for samples, _ in curve)
    highest = max(loss for curve, _, _ in curves for _, loss in curve)
    page = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    draw = ImageDraw.Draw(page)
    floor, right = _HEIGHT - _MARGIN, _WIDTH - _MARGIN
    draw.line([(_MARGIN, _MARGIN), (_MARGIN, floor), (right, floor)], fill=_INK)
    for tick in range(int(highest) + 1):
        y = floor - tick / highest * (floor - _MARGIN)
        draw.text((_MARGIN - 20, y - 6), str(tick), fill=_INK)
        draw.line([(_MARGIN, y), (right, y)], fill=(228, 228, 232))
    for place, (curve, colour, name) in enumerate(curves):
        points = [
            (
                _MARGIN + samples / most * (right - _MARGIN),
                floor - loss / highest * (floor - _MARGIN),
            )
            for samples, loss in curve
        ]
        draw.line(points, fill=colour, width=2)
        draw.text((right - 120, _MARGIN + 16 * place), name, fill=colour)
    draw.text((right - 120, floor + 12), f"{most:,} tunes seen", fill=_INK)
    draw.text((_MARGIN, _MARGIN - 24), "cross-entropy, nats per token", fill=_INK)
    page.save(picture)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training/music"))
    parser.add_argument("--to", type=Path, default=Path("generation/serving/tidegate_music/1"))
    parser.add_argument("--picture", type=Path, default=Path("docs/models/tidegate-music-loss.png"))
    arguments = parser.parse_args()
    with torch.no_grad():
        run = export(arguments.folder, arguments.to)
    draw_losses(arguments.folder, run, arguments.picture)
    print(f"{run.samples} tunes seen in {run.seconds / 60:.0f} minutes")


if __name__ == "__main__":
    main()
