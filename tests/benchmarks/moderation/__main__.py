"""`python -m tests.benchmarks.moderation DATA`: the gate measured on labelled texts."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from tests.benchmarks.figures import print_summary
from tests.benchmarks.moderation.columns import KEYS, InvalidMap, parse
from tests.benchmarks.moderation.judging import DetectorsUnavailable
from tests.benchmarks.moderation.measuring import Options, measure
from tests.benchmarks.moderation.reading import InvalidData
from tests.benchmarks.moderation.serving import triton
from tests.benchmarks.moderation.sets import find, unseen
from tests.benchmarks.moderation.tables import print_published
from tidegate.stack.places import CHECKOUT

_HELP = """
DATA is a CSV, TSV or JSON Lines file, a folder of them, the folder of a known set, or a folder of
such folders. Sets are known by their folder's name: davidson-hate, cold-zh-dev,
multilingual-hatecheck-zh, openai-teen-safety-pack, partiprompts-benign-t2i.

Any other needs a column map, by --map KEY=VALUE,KEY=VALUE or as YAML in FILE.map.yaml or map.yaml
beside the data:

  make bench-moderation DATA=tweets.csv MAP='text=tweet,label=class,positive=0|1,language=en'

keys of a map:
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write `var/bench/moderation.json`. A missed promise is no failure."""
    parser = _parser()
    given = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    options = Options(
        limit=given.limit,
        resamples=given.resamples,
        seed=given.seed,
        words=given.words,
        with_latency=not given.no_latency,
        name="moderation" if given.head is None else "moderation-other-head",
    )
    try:
        columns = parse(given.map) if given.map else None
        sets = unseen(find(given.data, columns, is_crossed=given.cross_validate), given.unseen)
        # Whatever is wrong with the data is said before the detectors are started.
        samples = options.sample(sets)
    except (InvalidMap, InvalidData) as error:
        console.print(f"[bold red]{type(error).__name__}[/] {error}", soft_wrap=True)
        return 2
    var = Path(os.environ.get("TIDEGATE_VAR_DIR") or CHECKOUT / "var")
    try:
        with triton(var, given.head) as servers:
            result = measure(samples, servers, options, console)
    except (DetectorsUnavailable, InvalidData) as error:
        console.print(f"[bold red]{type(error).__name__}[/] {error}", soft_wrap=True)
        return 1
    print_published(console)
    result.write(var / "bench")
    print_summary(console, [result])
    for note in result.notes:
        console.print(f"[dim]{note}[/]")
    return 0


def _parser() -> argparse.ArgumentParser:
    keys = "\n".join(f"  {key:16} {meaning}" for key, meaning in KEYS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.moderation",
        description="Measure the gate's detectors and its policy on labelled texts.",
        epilog=_HELP + keys,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="file or folder, see below")
    parser.add_argument("--map", metavar="KEY=VALUE,…", help="the column map, see below")
    parser.add_argument(
        "--limit", type=int, default=3000, help="items drawn of each set; 0: all (default 3000)"
    )
    parser.add_argument(
        "--resamples", type=int, default=1000, help="bootstrap resamples (default 1000)"
    )
    parser.add_argument("--seed", type=int, default=7, help="of all drawing (default 7)")
    parser.add_argument(
        "--words", type=Path, action="append", metavar="FILE", default=[],
        help="a further word list to compare with, one term a line; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--cross-validate",
        action="store_true",
        help="also fit a head to the data by cross-validation on frozen vectors",
    )
    parser.add_argument(
        "--head", type=Path, metavar="FILE",
        help="measure this head of text_hazards and not the shipped one (see --without of"
        " moderation.training.hazards); written as moderation-other-head.json",
    )  # fmt: skip
    parser.add_argument(
        "--unseen", action="append", metavar="NAME", default=[],
        help="a set that the head was not trained on, though the shipped one was",
    )  # fmt: skip
    parser.add_argument("--no-latency", action="store_true", help="measure no times of detectors")
    return parser


if __name__ == "__main__":
    sys.exit(main())
