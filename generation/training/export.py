"""Write the trained model into its serving folder, as committed: packed, with one config.

    python -m generation.training.export [--to generation/serving/tidegate_image/1]
    OMP_WAIT_POLICY=passive python -m generation.training.evaluate
    python -m generation.training.export --card --font FONT

The last command draws docs/models/tidegate-image-{samples,diffusion-loss,decoder-loss}.png with the
exported weights, and writes the figures into docs/models/tidegate-image.md. With `--memory` the
memory alone is written, beside the exported weights it was taught for; what the card says of runs
that are not in FOLDER then stays.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from safetensors.torch import save_file
from torch import nn

from generation.serving.tidegate_image.bundle import Bundle, save_config
from generation.serving.tidegate_image.packing import pack
from generation.training import autoencoder, diffusion, reader, sheets
from generation.training.card import RunFigures, with_evaluation, with_figures
from generation.training.codes import read_examples
from generation.training.decoder import load_finisher
from generation.training.evaluate import Setting
from generation.training.latents import encode
from generation.training.preview import MORE_PROMPTS, PROMPTS
from generation.training.runs import Run

LARGEST_BYTES = 15_000_000
LAST_LOSSES = 10
RUNS = ("autoencoder", "decoder", "diffusion", "judge")
CARD_SEED = 3
CARD_SIZE = 112


class StaleEvaluation(Exception):
    """What was measured was measured of other weights."""


class TooLarge(Exception):
    """The exported weights are larger than the repository should carry."""


def export(folder: Path, target: Path) -> None:
    """Write the weights and `config.json`. Raises TooLarge."""
    run = Run(folder, "diffusion", 1.0)
    run.load()
    latents = encode(folder)
    decoder = autoencoder.load_trained(folder)
    denoiser, memory = diffusion.load_trained(folder), reader.load(folder)
    target.mkdir(parents=True, exist_ok=True)
    _save(decoder, target / "vae.safetensors")
    _save(denoiser, target / "unet.safetensors")
    _save(memory, target / "memory.safetensors")
    _save(load_finisher(folder), target / "finisher.safetensors")
    save_config(
        target,
        autoencoder=_plain(decoder.config),
        shape=asdict(denoiser.shape),
        memory=asdict(memory.shape),
        latents_mean=latents.mean.tolist(),
        latents_deviation=latents.deviation.tolist(),
        trained={
            "samples": run.samples,
            "steps": run.steps,
            "hours": round(run.seconds / 3600, 2),
            "pictures": len(read_examples(folder).latents),
        },
    )
    size = sum(file.stat().st_size for file in target.glob("*.safetensors"))
    if size > LARGEST_BYTES:
        raise TooLarge(f"the weights take {size} bytes, at most {LARGEST_BYTES} are allowed")


def export_memory(folder: Path, target: Path) -> None:
    """Write the memory alone; its shape is in the `config.json` that is there."""
    memory = reader.load(folder)
    described = json.loads((target / "config.json").read_text("utf-8"))
    _save(memory, target / "memory.safetensors")
    save_config(target, **{**described, "memory": asdict(memory.shape)})


def draw_card(folder: Path, target: Path, docs: Path, font: Path | None) -> None:
    """Draw the card's labelled grid from the exported files themselves, and the loss curves.

    Also writes the figures of the runs, if they are all in `folder`, and those of an evaluation of
    these very weights.
    """
    docs.mkdir(parents=True, exist_ok=True)
    bundle, usual = Bundle.load(target), Setting()
    prompts = PROMPTS + MORE_PROMPTS
    drawn = bundle.draw(
        prompts,
        steps=usual.steps,
        guidance=usual.guidance,
        seed=CARD_SEED,
        after_step=lambda _: None,
    )
    small = np.stack([np.asarray(picture.resize((CARD_SIZE,) * 2)) for picture in drawn])
    labelled = sheets.labelled(small, prompts, columns=10, font=font)
    sheets.save_whole(labelled, docs / "tidegate-image-samples.png")
    card = docs / "tidegate-image.md"
    text = card.read_text("utf-8")
    if all(Run(folder, name, 1.0).checkpoint.exists() for name in RUNS):
        _draw_curves(folder, docs)
        text = with_figures(text, [figures_of(folder, name) for name in RUNS])
    measured = json.loads((folder / "evaluation.json").read_text("utf-8"))
    if measured["version"] != bundle.version:
        raise StaleEvaluation("evaluate these weights first: generation.training.evaluate")
    card.write_text(with_evaluation(text, measured), "utf-8")


def _draw_curves(folder: Path, docs: Path) -> None:
    runs = [Run(folder, name, 1.0) for name in ("diffusion", "decoder")]
    titles = ("denoiser: v-prediction loss", "decoder and finisher: L1 of pixels and edges")
    for run, title in zip(runs, titles, strict=True):
        curve = sheets.curve(run.losses(), title=f"{title} over samples seen")
        sheets.save_whole(curve, docs / f"tidegate-image-{run.name}-loss.png")


def figures_of(folder: Path, name: str) -> RunFigures:
    """Return what the named run used up to its newest checkpoint, which is what was exported."""
    run = Run(folder, name, 1.0)
    run.load()
    losses = [loss for samples, loss in run.losses() if samples <= run.samples]
    recent = losses[-LAST_LOSSES:]
    return RunFigures(name, run.seconds, run.samples, sum(recent) / len(recent))


def _save(model: nn.Module, path: Path) -> None:
    save_file(pack(model.state_dict()), path)
    path.chmod(0o644)


def _plain(config: object) -> dict[str, object]:
    """Diffusers' frozen config as JSON-ready values, without its private keys."""
    values = json.loads(json.dumps(dict(config), default=str))  # type: ignore[call-overload]
    return {name: value for name, value in values.items() if not name.startswith("_")}


def main() -> None:
    """Export from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("var/training"))
    parser.add_argument("--to", type=Path, default=Path("generation/serving/tidegate_image/1"))
    parser.add_argument("--docs", type=Path, default=Path("docs/models"))
    parser.add_argument("--memory", action="store_true", help="write the memory alone")
    parser.add_argument("--card", action="store_true", help="draw the card of what was exported")
    parser.add_argument("--font", type=Path, help="a font with Chinese, for the card's labels")
    chosen = parser.parse_args()
    if chosen.card:
        draw_card(chosen.folder, chosen.to, chosen.docs, chosen.font)
    elif chosen.memory:
        export_memory(chosen.folder, chosen.to)
    else:
        export(chosen.folder, chosen.to)


if __name__ == "__main__":
    main()
