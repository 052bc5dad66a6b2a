"""`python -m tests.benchmarks.recommendations`: quality, traffic, latency, takedowns."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.benchmarks.figures import Result, print_summary
from tests.benchmarks.stand import Stand


def main() -> int:
    """Measure, print, write `var/bench/recommendations_*.json`. A missed promise is no failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.recommendations")
    parser.add_argument("--data", type=Path, help="a folder with the ratings.csv of MovieLens")
    parser.add_argument("--prompts", type=Path, help="a folder with the prompts of ImageReward")
    parser.add_argument("--assets", type=int, default=100_000)
    parser.add_argument("--viewers", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--only", choices=("films", "world", "serving"), help="one of the parts")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    results: list[Result] = []

    def add(result: Result, folder: Path) -> None:
        result.print(console)
        result.write(folder)
        results.append(result)

    with Stand.of_database() as stand:
        if options.only in {None, "films"}:
            if options.data is None:
                console.print("Without --data FOLDER nothing is measured on ratings.")
            else:
                from tests.benchmarks.recommendations import films

                add(films.measure(options.data), stand.folder)
        if options.only in {None, "world"}:
            if options.prompts is None:
                console.print("Without --prompts FOLDER no traffic is simulated.")
            else:
                from tests.benchmarks.recommendations import simulator

                made = stand.folder / "world"
                add(simulator.measure(options.prompts, made), stand.folder)
        if options.only in {None, "serving"}:
            from tests.benchmarks.recommendations import serving

            add(
                serving.measure(
                    assets=options.assets, viewers=options.viewers, requests=options.requests
                ),
                stand.folder,
            )
    print_summary(console, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
