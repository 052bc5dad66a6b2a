"""From sets to figures: judge, measure, cross-validate, time, and hold against the promises."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from rich.console import Console

from moderation.core import wordlists
from moderation.core.normalisation import normalise
from moderation.core.wordlists import WordLists
from tests.benchmarks.figures import Result, Target
from tests.benchmarks.moderation import latency
from tests.benchmarks.moderation.crossed import out_of_fold
from tests.benchmarks.moderation.judging import Judged, examiner, judge
from tests.benchmarks.moderation.reading import InvalidData
from tests.benchmarks.moderation.rows import Resampling, Row, row, rows_of, truth_of
from tests.benchmarks.moderation.serving import Embeds, Servers
from tests.benchmarks.moderation.sets import LabelledSet, Sample, sample
from tests.benchmarks.moderation.tables import print_set

POLICY_P95_MS = 1.0
_EMBEDDED_AT_ONCE = 160

Samples = Sequence[tuple[LabelledSet, Sample]]


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure: items of each set (0: all), bootstrap, seed, further words, times or not.

    `name` is that of the written file.
    """

    limit: int = 3000
    resamples: int = 1000
    seed: int = 7
    words: Sequence[Path] = ()
    with_latency: bool = True
    name: str = "moderation"

    def sample(self, sets: Sequence[LabelledSet]) -> Samples:
        """Read and draw from each set.

        Raises:
            InvalidData: when a file cannot be read under its map.
        """
        return [(one, sample(one, limit=self.limit, seed=self.seed)) for one in sets]


def measure(samples: Samples, servers: Servers, options: Options, console: Console) -> Result:
    """Return the figures of all sets, printing each set's table as soon as it is measured.

    Raises:
        DetectorsUnavailable: when they do not answer for more than one item in a hundred.
        InvalidData: when a word list cannot be read, or a set is too small to cross-validate.
    """
    gate = examiner(servers.detectors)
    how = Resampling(options.resamples, options.seed)
    listed = _listed(options.words) if options.words else None
    result = Result(options.name)
    result.notes.append(
        f"Intervals: 95 % bootstrap percentiles of {how.resamples:,} resamples, seed {how.seed};"
        f" policy {gate.policy.version[:12]}."
    )
    everything = [item for _, found in samples for item in found.items]
    if options.with_latency:  # first: what is judged twice is remembered beside the detectors
        result.figures |= latency.of_texts(gate, everything, options.seed)
        if servers.generator is not None:
            result.figures |= latency.of_pictures(gate, options.seed)
            result.figures |= latency.of_recordings(gate, servers.generator, options.seed)
    judged: list[Judged] = []
    for one, found in samples:
        own, missing = judge(gate, found.items)
        judged += own
        rows = rows_of(own, gate.policy, how, listed)
        if one.is_crossed:
            rows.insert(1, crossed(one.name, own, servers.embed, how))
        print_set(console, one, found, rows)
        own_figures = figures_of(rows)
        own_figures["unjudged_count"] = missing
        own_figures["cross_set_flag"] = float(one.is_cross_set)
        result.figures |= {f"{one.name}_{name}": value for name, value in own_figures.items()}
        result.targets += promises_of(one, own_figures)
    result.figures |= latency.of_policy(gate.policy, judged, options.seed)
    p95 = result.figures["latency_policy_p95_ms"]
    result.targets.append(Target("policy evaluation p95 (ms)", POLICY_P95_MS, p95))
    return result


def figures_of(rows: Sequence[Row]) -> dict[str, float]:
    """Name each figure by items, judge, bound and measure; measures are shares of 1."""
    figures: dict[str, float] = {}
    for one in rows:
        prefix = "_".join(part.replace(" ", "_") for part in (one.part, one.judge) if part)
        figures |= {f"{prefix}_items_count": one.items, f"{prefix}_harmful_count": one.harmful}
        for name, estimate in one.measures.items():
            figures[f"{prefix}_{name}"] = estimate.value
            figures[f"{prefix}_low_{name}"] = estimate.low
            figures[f"{prefix}_high_{name}"] = estimate.high
        if one.ceiling is not None:
            figures[f"{prefix}_ceiling_f1"] = one.ceiling[0]
    return figures


def promises_of(one: LabelledSet, figures: Mapping[str, float]) -> list[Target]:
    """Hold a set's figures against what is promised of them; a rate of false alarms is at most.

    The shipped detectors promise nothing on a set that they were trained on; a head that was
    cross-validated never saw what it is measured on.
    """
    targets = []
    for promised, limit in one.promises.items():
        name = promised if promised in figures else f"gate_{promised}"
        if name in figures and (one.is_cross_set or name.startswith("crossed_")):
            is_at_most = name.endswith("fpr")
            what = f"{one.name}: {name}"
            targets.append(Target(what, limit, figures[name], at_least=not is_at_most))
    return targets


def crossed(name: str, judged: Sequence[Judged], embed: Embeds, how: Resampling) -> Row:
    """Return what a head fitted to the set itself ranks, each item by a head that never saw it.

    Raises:
        InvalidData: when there are too few items of a kind.
    """
    texts = [one.item.text for one in judged]
    vectors = [
        vector
        for start in range(0, len(texts), _EMBEDDED_AT_ONCE)
        for vector in embed(texts[start : start + _EMBEDDED_AT_ONCE])
    ]
    truth = truth_of(judged)
    try:
        logits = out_of_fold(np.array(vectors, dtype=np.float64), truth, seed=how.seed)
    except ValueError as error:
        raise InvalidData(f"{name}: {error}; raise --limit or leave it out") from error
    return row("", "crossed", truth=truth, scores=logits, flagged={}, how=how)


def _listed(paths: Sequence[Path]) -> WordLists:
    """Read plain lists, one term a line, as words that hold.

    Raises:
        InvalidData: when one cannot be read.
    """
    terms: list[str] = []
    for path in paths:
        try:
            terms += path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidData(
                f"{path}: {error}; --words takes UTF-8 text, a term a line"
            ) from error
    known = [term.strip() for term in terms if normalise(term)]
    document = {"name": "listed", "terms": {"profanity": {"strong": known}}}
    with TemporaryDirectory() as folder:
        Path(folder, "listed.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        return wordlists.load(Path(folder))
