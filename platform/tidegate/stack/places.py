"""Where the stack keeps its things: everything below one folder, `var/` unless told otherwise."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Places:
    """The folders and files of one stack; two stacks with different `var` never meet."""

    var: Path
    models: Path

    @classmethod
    def from_environment(cls) -> Places:
        """Take TIDEGATE_VAR_DIR and TIDEGATE_MODELS_DIR, else `var` and `var/models` here."""
        here = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()
        var = Path(os.environ.get("TIDEGATE_VAR_DIR") or here / "var").absolute()
        models = Path(os.environ.get("TIDEGATE_MODELS_DIR") or var / "models").absolute()
        return cls(var=var, models=models)

    @property
    def state(self) -> Path:
        """What runs where, as JSON, readable by its owner only."""
        return self.var / "stack.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.var / "run" / "supervisor.lock"

    @property
    def keys(self) -> Path:
        """Secrets that live outside the database."""
        return self.var / "keys"

    def log(self, name: str) -> Path:
        """The log of one process."""
        return self.var / "log" / f"{name}.log"

    def ready_file(self, name: str) -> Path:
        """What a process touches when it is ready, if it can say so."""
        return self.var / "run" / f"{name}.ready"

    def folder(self, name: str) -> Path:
        """The data folder of one server."""
        return self.var / name

    def make(self) -> None:
        """Make the folders, so that other users may pass but only the owner reads keys."""
        for folder in (self.var, self.var / "run", self.var / "log", self.var / "audit"):
            folder.mkdir(parents=True, exist_ok=True)
        self.keys.mkdir(exist_ok=True)
        self.keys.chmod(0o700)
