"""`python -m tests.benchmarks.generation [PART…]`: the figures of the generation service."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module

from rich.console import Console

from tests.benchmarks.figures import Result, print_summary
from tests.benchmarks.stand import Stand

NEED_THE_STACK = ("overhead", "batching")
NEED_THE_DATABASE = ("fairness", "claim")
PARTS = (*NEED_THE_STACK, *NEED_THE_DATABASE)


def main() -> int:
    """Run the named parts, or all, and write `generation.json`. A missed target is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.generation")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of: {', '.join(PARTS)}")
    parser.add_argument(
        "--keep", action="store_true", help="use the stack that runs, and leave it running"
    )
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no part is called {', '.join(sorted(unknown))}")
    wanted = [part for part in PARTS if not options.parts or part in options.parts]
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    whole = Result("generation")
    environment = dict(os.environ)  # before this process joins a stack
    apart = [part for part in wanted if part in NEED_THE_DATABASE]
    if apart != wanted:
        wanted = [part for part in wanted if part in NEED_THE_STACK]
    with _stand(wanted, keep=options.keep) as stand:
        for part in wanted:
            console.rule(f"[bold]{part}")
            # Only now: these modules need Django, which needs the stack's addresses.
            measure: Callable[[Stand], Result] = import_module(
                f"tests.benchmarks.measures.{part}"
            ).measure
            result = measure(stand)
            result.print(console)
            whole.figures |= result.figures
            whole.targets += result.targets
        whole.write(stand.folder)
    print_summary(console, [whole])
    if apart and apart != wanted:
        # A process joins one database. Theirs is no stack's: what else works in the same tables was
        # measured too, and a claim took ten times as long there in one run.
        command = [sys.executable, "-m", "tests.benchmarks.generation", *apart]
        subprocess.run(command, env=environment, check=True)
        file = stand.folder / f"{whole.name}.json"
        whole.figures |= json.loads(file.read_text(encoding="utf-8"))
        whole.write(stand.folder)
    return 0


def _stand(parts: list[str], *, keep: bool) -> AbstractContextManager[Stand]:
    """Return a whole stack where a part needs it, else a database and nothing more."""
    if set(parts) & set(NEED_THE_STACK):
        return Stand.running(keep=keep)
    return Stand.of_database()


if __name__ == "__main__":
    sys.exit(main())
