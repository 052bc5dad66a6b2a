"""What every training run needs: a time budget, checkpoints that survive a kill, a loss log."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

# A tensor tree as torch saves it; torch types it as Any too.
State = dict[str, Any]


def set_up(*, threads: int, seed: int) -> None:
    """Fix thread count and seed. Must come before the first tensor operation.

    OMP_WAIT_POLICY is read when the process starts, so it can only be checked here: with spinning
    threads a run beside other work was measured seven times slower.
    """
    if os.environ.get("OMP_WAIT_POLICY", "").lower() != "passive":
        raise SystemExit("start the training with OMP_WAIT_POLICY=passive in the environment")
    torch.set_num_threads(threads)
    torch.manual_seed(seed)


@dataclass(slots=True)
class Run:
    """One run on disk: `NAME.pt` with everything needed to go on and `NAME.csv` with the losses.

    `seconds` is training time over all starts; `samples` counts pictures seen.
    """

    folder: Path
    name: str
    budget_seconds: float
    seconds: float = 0.0
    samples: int = 0
    steps: int = 0
    _since: float = field(default_factory=time.monotonic)

    @property
    def checkpoint(self) -> Path:
        """Where the run's newest state lies."""
        return self.folder / f"{self.name}.pt"

    def tick(self, samples: int) -> None:
        """Count one step of `samples` pictures and the time since the last one."""
        now = time.monotonic()
        self.seconds += now - self._since
        self._since = now
        self.samples += samples
        self.steps += 1

    @property
    def progress(self) -> float:
        """How much of the budget is used, 0..1."""
        return min(self.seconds / self.budget_seconds, 1.0)

    def load(self) -> State | None:
        """Return the newest state and take over its counts, or None for a fresh run."""
        if not self.checkpoint.exists():
            return None
        state: State = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        self.seconds, self.samples, self.steps = state["seconds"], state["samples"], state["steps"]
        self._since = time.monotonic()
        return state

    def save(self, **state: object) -> None:
        """Write the state whole or not at all."""
        partial = self.checkpoint.with_suffix(".partial")
        counts = {"seconds": self.seconds, "samples": self.samples, "steps": self.steps}
        torch.save({**state, **counts}, partial)
        partial.replace(self.checkpoint)

    def log(self, loss: float) -> None:
        """Add a line `seconds,samples,loss` to the loss log and show it."""
        line = f"{self.seconds:.0f},{self.samples},{loss:.5f}"
        with (self.folder / f"{self.name}.csv").open("a", encoding="utf-8") as log:
            log.write(line + "\n")
        print(f"{self.name}: {line}", flush=True)

    def losses(self) -> list[tuple[int, float]]:
        """Return the loss log as (samples, loss)."""
        lines = (self.folder / f"{self.name}.csv").read_text(encoding="utf-8").split()
        return [
            (int(samples), float(loss)) for _, samples, loss in (row.split(",") for row in lines)
        ]

    def forget_unsaved_losses(self) -> None:
        """Drop what was logged between the last save and a kill: it will be trained again."""
        log = self.folder / f"{self.name}.csv"
        if log.exists():
            lines = log.read_text(encoding="utf-8").split()
            kept = [line for line in lines if int(line.split(",")[1]) <= self.samples]
            log.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def averaged(model: nn.Module, *, decay: float) -> AveragedModel:
    """Follow the model by an exponential average that starts fast, so it never drags old noise."""

    def blend(averages: list[Tensor], values: list[Tensor], count: Tensor | int) -> None:
        updates = int(count)
        torch._foreach_lerp_(averages, values, 1 - min(decay, (1 + updates) / (10 + updates)))

    return AveragedModel(model, multi_avg_fn=torch.no_grad()(blend))
