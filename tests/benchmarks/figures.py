"""Figures: named with their unit, compared with their target, printed and written."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """A promise and what came of it."""

    what: str
    limit: float
    measured: float
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the promise was kept."""
        if self.at_least:
            return self.measured >= self.limit
        return self.measured <= self.limit


@dataclass(slots=True)
class Result:
    """One benchmark's outcome. The unit is the end of each figure's name."""

    name: str
    figures: dict[str, float] = field(default_factory=dict)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def print(self, console: Console) -> None:
        """Print every figure as a table."""
        table = Table("figure", "value", box=None)
        table.columns[1].justify = "right"
        for name, value in self.figures.items():
            table.add_row(name, _short(value))
        console.print(table)
        for note in self.notes:
            console.print(f"[dim]{note}[/]")

    def write(self, folder: Path) -> None:
        """Write the figures as one flat JSON object."""
        folder.mkdir(parents=True, exist_ok=True)
        rounded = {name: round(value, 4) for name, value in self.figures.items()}
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(rounded, indent=1) + "\n", encoding="utf-8")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """Return the 50th percentile, the mean of the two middle ones where there are two."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def print_summary(console: Console, results: Sequence[Result]) -> None:
    """Print every target beside what was measured."""
    table = Table("benchmark", "promise", "target", "measured", "", title="Summary")
    for result in results:
        for target in result.targets:
            sign = "≥" if target.at_least else "≤"
            verdict = "[green]ok[/]" if target.is_met else "[bold red]MISS[/]"
            table.add_row(
                result.name,
                target.what,
                f"{sign} {_short(target.limit)}",
                _short(target.measured),
                verdict,
            )
    console.print(table)


def _short(value: float) -> str:
    if value == int(value) and abs(value) < 1e9:  # a whole number
        return f"{int(value):,}"
    return f"{value:,.3f}" if abs(value) < 10 else f"{value:,.1f}"
