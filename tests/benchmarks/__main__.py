"""`python -m tests.benchmarks [NAME…]`: start a stack, measure, print, write the figures."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module

from rich.console import Console

from tests.benchmarks.figures import Result, print_summary
from tests.benchmarks.stand import Stand

# Events come last but one: the database is busy with them for minutes afterwards.
NAMES = (
    "images",
    "release",
    "accept",
    "moderations",
    "feed",
    "interactions",
    "console",
    "audit",
    "events",
    "memory",
)


def main() -> int:
    """Run the named benchmarks, or all. A missed target is printed and is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(NAMES)}")
    parser.add_argument(
        "--keep", action="store_true", help="use the stack that runs, and leave it running"
    )
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    results: list[Result] = []
    with Stand.running(keep=options.keep) as stand:
        for name in NAMES:
            if options.names and name not in options.names:
                continue
            console.rule(f"[bold]{name}")
            # Only now: these modules need Django, which needs the stack's addresses.
            measure: Callable[[Stand], Result] = import_module(
                f"tests.benchmarks.measures.{name}"
            ).measure
            result = measure(stand)
            result.print(console)
            result.write(stand.folder)
            results.append(result)
    print_summary(console, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
