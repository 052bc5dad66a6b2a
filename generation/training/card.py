"""Keep the figures of the model card equal to the runs that made the committed weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BEGIN = "<!-- figures: written by generation.training.export -->"
END = "<!-- end of figures -->"
MEASURED = "<!-- evaluation: written by generation.training.export -->"
MEASURED_END = "<!-- end of evaluation -->"


class CardUnmarked(Exception):
    """The card has no place for the figures."""


@dataclass(frozen=True, slots=True)
class RunFigures:
    """What one training run used: `seconds` of training time, `samples` seen, its last loss."""

    name: str
    seconds: float
    samples: int
    loss: float


def with_figures(card: str, runs: Sequence[RunFigures]) -> str:
    """Return the card with its table of runs written anew. Raises CardUnmarked."""
    lines = ["| run | minutes | pictures seen | last loss |", "|---|---|---|---|"]
    lines += [
        f"| {run.name} | {run.seconds / 60:.0f} | {run.samples:,} | {run.loss:.3f} |"
        for run in runs
    ]
    return _between(card, BEGIN, "\n".join(lines), END)


def with_evaluation(card: str, found: Mapping[str, Any]) -> str:
    """Return the card with what `generation.training.evaluate` found. Raises CardUnmarked."""
    asked = found["setting"]
    lines = [
        (
            f"Weights {found['version']}, {found['captions']} captions, {asked['steps']} steps, "
            f"guidance {asked['guidance']:g}:"
        ),
        "",
        "| pictures | number | R@1 | R@5 | distance |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {one['name']} | {one['count']} | {one['first']:.3f} | {one['among_five']:.3f} "
        f"| {one['distance']:.3f} |"
        for one in found["outcomes"]
    ]
    lines += ["", "| English names of | number | R@1 |", "|---|---|---|"]
    lines += [
        f"| {name or 'others'} | {number} | {share:.2f} |"
        for name, (number, share) in found["groups"].items()
    ]
    lines += ["", "| sentences read, of four shapes not learnt | understood |", "|---|---|"]
    lines += [
        f"| {language} | {', '.join(f'{share:.2f}' for share in shares)} |"
        for language, shares in found["read"].items()
    ]
    sizes = found["enlargement"]
    lines += [
        "",
        (
            f"To 256×256 from the latents of drawings: PSNR {sizes['finisher']:.2f} dB with the "
            f"finisher, {sizes['lanczos']:.2f} dB with Lanczos."
        ),
    ]
    if found["missed"]:
        lines += ["", f"Not recognised, among others: {', '.join(found['missed'])}."]
    return _between(card, MEASURED, "\n".join(lines), MEASURED_END)


def _between(card: str, begin: str, text: str, end: str) -> str:
    before, found_begin, rest = card.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end:
        raise CardUnmarked(f"the card has no marks {begin} and {end}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"
