"""First use: makes the serving environment and fetches the weights, as tasks of the supervisor.

`python -m tidegate.stack.prepare serving-environment|weights`; each prints a line per step and
does nothing when its result is already there.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tidegate.stack import serving_env, weights
from tidegate.stack.places import CHECKOUT, Places


def main(arguments: list[str]) -> int:
    """Run one preparation; the last line of output says what went wrong."""
    try:
        match arguments:
            case ["serving-environment"]:
                serving_env.ensure(_base_python(), CHECKOUT, _report)
            case ["weights"]:
                weights.ensure_weights(Places.from_environment().models, _report, root=CHECKOUT)
            case _:
                _report("usage: python -m tidegate.stack.prepare serving-environment|weights")
                return 2
    except (
        serving_env.ServingEnvironmentUnavailable,
        weights.WeightsUnavailable,
        weights.WeightsChanged,
    ) as exc:
        _report(str(exc))
        return 1
    return 0


def _base_python() -> Path:
    """Return the interpreter that our own virtual environment was made from."""
    executable = getattr(sys, "_base_executable", sys.executable)
    return Path(executable)


def _report(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
