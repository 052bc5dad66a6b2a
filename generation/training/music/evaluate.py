"""Measure what the exported network writes, and put the figures into the model card.

    python -m generation.training.music.evaluate [--tunes 60]

Every figure is over tunes of random plans: how many can be read back from their ABC, how many bars
are as long as the metre says, how many notes are in the key, and how many bars in a row, in any
key, stand like that in a tune that was trained on. Their manners are compared with those of the
printed tunes that were kept aside.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generation.core.music.harmony import harmonised, symbols
from generation.core.music.notation import Heading, written
from generation.core.music.pace import MOST_SHORT_NOTES
from generation.core.music.reading import UnreadableTune, all_notes, read
from generation.core.music.tune import METRES, Tune, bar_time
from generation.core.music.wishes import BARS, MOODS, Wish, plan
from generation.serving.tidegate_music.composer import CONFIG, Network
from generation.training.card import BEGIN, END, CardUnmarked
from generation.training.music import corpus
from generation.training.music.manners import compared
from generation.training.music.train import NAME
from generation.training.runs import Run, set_up

_PROMPTS: Final = ("a tune", "一首曲子")
_MOST_BARS: Final = 8
_NOTABLE: Final = 4


@dataclass(frozen=True, slots=True)
class Measured:
    """One tune: shares from 0 to 1; `copied_bars` is the longest run known from the training."""

    is_readable: bool
    right_bars: float
    notes_in_key: float
    copied_bars: int


def measured(tune: Tune, abc: str, known: Sequence[frozenset[str]]) -> Measured:
    """Measure a tune and its notation; `known` holds the phrases of each length, from one bar."""
    try:
        is_readable = read(abc, rhythm=tune.rhythm, energy=tune.energy) == tune
    except UnreadableTune:
        is_readable = False
    notes = [note for note in all_notes(tune) if note.step is not None]
    copied = 0
    for bars, phrases in enumerate(known, start=1):
        if phrases.isdisjoint(corpus.phrases(tune, bars)):
            break
        copied = bars
    return Measured(
        is_readable,
        _right_bars(tune),
        sum(note.shift == 0 for note in notes) / len(notes),
        copied,
    )


def _right_bars(tune: Tune) -> float:
    full = METRES[tune.metre][0]
    right = [
        bar_time(bar) == (full - tune.pickup if index == len(part.bars) - 1 else full)
        for part in tune.parts
        for index, bar in enumerate(part.bars)
    ]
    return sum(right) / len(right)


def tunes(network: Network, count: int) -> list[tuple[Tune, str]]:
    """Write tunes of random plans, with their notation."""
    draw = random.Random(1)
    found = []
    for seed in range(count):
        wish = Wish(mood=draw.choice(MOODS), bars=draw.choice(BARS[:2]))
        chosen = plan(draw.choice(_PROMPTS), wish, seed=seed)
        tune = network.compose(chosen.form, seed=seed, after_bar=lambda _: None)
        heading = Heading("A tune", chosen.tempo)
        found.append((tune, written(tune, heading, symbols(harmonised(tune)))))
    return found


def table(results: Sequence[Measured], held_out_loss: float, trained: dict[str, float]) -> str:
    """The figures as the card shows them."""
    copied = sorted(result.copied_bars for result in results)
    rows = {
        "tunes seen in training": f"{trained['tunes']:,.0f}",
        "minutes of training": f"{trained['minutes']:.0f}",
        "loss on the tunes kept aside, nats per token": f"{held_out_loss:.3f}",
        "perplexity on the tunes kept aside": f"{math.exp(held_out_loss):.2f}",
        "tunes measured": str(len(results)),
        "can be read back": f"{_mean(result.is_readable for result in results):.0%}",
        "bars of the right length": f"{_mean(result.right_bars for result in results):.0%}",
        "notes in the key": f"{_mean(result.notes_in_key for result in results):.1%}",
        "longest run of known bars, median": f"{statistics.median(copied):g}",
        "longest run of known bars, most": str(copied[-1]),
        "tunes with four or more known bars in a row": f"{_share_of_copies(copied):.0%}",
    }
    lines = [f"| {name} | {value} |" for name, value in rows.items()]
    return "\n".join(["| figure | value |", "|---|---|", *lines])


def _share_of_copies(copied: Sequence[int]) -> float:
    return _mean(bars >= _NOTABLE for bars in copied)


def _mean(values: Iterable[float]) -> float:
    return statistics.fmean(values)


def with_table(card: str, rows: str) -> str:
    """Return the card with its figures written anew. Raises CardUnmarked."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CardUnmarked("the card has no place for the figures")
    return f"{before}{BEGIN}\n\n{rows}\n\n{END}{after}"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tunes", type=int, default=60)
    parser.add_argument("--folder", type=Path, default=Path("var/training/music"))
    parser.add_argument("--served", type=Path, default=Path("generation/serving/tidegate_music/1"))
    parser.add_argument("--card", type=Path, default=Path("docs/models/tidegate-music.md"))
    parser.add_argument("--corpus", type=Path, default=None, help="music21's corpus folder")
    arguments = parser.parse_args()
    set_up(threads=1, seed=1)
    found = corpus.load(arguments.corpus or corpus.corpus_folder())
    known = [
        frozenset(
            phrase for source in found.training for phrase in corpus.phrases(source.tune, bars)
        )
        for bars in range(1, _MOST_BARS + 1)
    ]
    network = Network.load(arguments.served)
    made = tunes(network, arguments.tunes)
    results = [measured(tune, abc, known) for tune, abc in made]
    printed = [
        source.tune
        for source in found.held_out
        if (source.tune.rhythm, source.tune.metre) in MOST_SHORT_NOTES
    ]
    held_out = Run(arguments.folder, f"{NAME}-held-out", 1.0).losses()[-1][1]
    trained = json.loads((arguments.served / CONFIG).read_text("utf-8"))["trained"]
    manners = compared([tune for tune, _ in made], printed)
    head = ["", "| mean of a tune | written | printed, kept aside |", "|---|---|---|"]
    rows = "\n".join([table(results, held_out, trained), *head, *manners])
    card = arguments.card.read_text(encoding="utf-8")
    arguments.card.write_text(with_table(card, rows), encoding="utf-8")
    print(rows)


if __name__ == "__main__":
    main()
