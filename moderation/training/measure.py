"""Figures of a head: on our own unseen texts, and across public sets it was not trained on."""

import csv
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.core.chunks import pieces
from moderation.core.cleaning import readings
from moderation.core.head import Head
from moderation.core.policy import load
from moderation.training import dataset, features
from moderation.training.dataset import HAZARDS, Example

Scores = NDArray[np.float32]

BASE = 0.1
RELIABILITY_EDGES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.9, 1.01)


def report(head: Head, data: Path | None, cache: Path) -> None:
    """Print the figures; public sets are skipped when there is no `data`."""
    for name in ("development", "choosing", "final"):
        _own(name, head, cache)
    _reliability(head, cache)
    if data is None:
        return
    moderation = data / "moderation"
    parti = _column(moderation / "partiprompts-benign-t2i/PartiPrompts.tsv", "Prompt", "\t")
    _harmless("PartiPrompts", head, parti, cache)
    document = json.loads(
        (data / "recommendations/prompts/imagereward-test.json").read_text(encoding="utf-8")
    )
    prompts = sorted({str(item["prompt"])[:300] for item in document})
    _harmless("image service prompts, unseen", head, prompts, cache)
    _hatecheck(moderation / "multilingual-hatecheck-zh", head, cache)
    for path in sorted((moderation / "openai-teen-safety-pack").glob("*.csv")):
        _graded(path, head, cache)


def scores(head: Head, texts: Sequence[str], cache: Path) -> Scores:
    """Return (texts, labels): each label's highest probability over a text's pieces."""
    cut = [[piece for reading in readings(text) for piece in pieces(reading)] for text in texts]
    rows = features.vectors([piece for part in cut for piece in part], cache)
    all_scores = head.probabilities(rows)
    ends = np.cumsum([len(part) for part in cut])
    return np.stack(
        [all_scores[end - len(part) : end].max(axis=0) for end, part in zip(ends, cut, strict=True)]
    )


def held(found: Scores) -> NDArray[np.bool_]:
    """Which texts the default policy would not release as prompts."""
    thresholds = load().surfaces["prompt"].thresholds
    limits = np.array([thresholds[hazard].hold_at for hazard in HAZARDS], dtype=np.float32)
    caught: NDArray[np.bool_] = np.logical_or.reduce(found >= limits, axis=1)
    return caught


def _own(name: str, head: Head, cache: Path) -> None:
    examples = dataset.held_out(name)
    found = scores(head, [example.text for example in examples], cache)
    caught = held(found)
    print(f"\n{name}: held by the default policy")
    for language in dict.fromkeys(example.source.rsplit(" ", 1)[1] for example in examples):
        for hazard in (*HAZARDS, ""):
            index = [
                position
                for position, example in enumerate(examples)
                if example.source == f"{name} {language}"
                and example.labels == (frozenset({hazard}) if hazard else frozenset())
            ]
            print(f"  {language} {hazard or 'harmless'}: {caught[index].sum()} of {len(index)}")
        _totals(language, examples, caught)


def _reliability(head: Head, cache: Path) -> None:
    """Print how often texts of a score were harmful: each hazard of each text where it is decided.

    On `development` and `choosing`, brought to the base of the calibration (one in ten harmful).
    """
    examples = [one for name in ("development", "choosing") for one in dataset.held_out(name)]
    found = scores(head, [example.text for example in examples], cache)
    truth = np.array([[hazard in e.labels for hazard in HAZARDS] for e in examples])
    known = truth | np.array([[hazard not in e.undecided for hazard in HAZARDS] for e in examples])
    share = np.where(truth, known, False).sum(axis=0) / known.sum(axis=0)
    weights = np.where(truth, BASE / share, (1 - BASE) / (1 - share)) * known
    print("\nreliability: score, mean score, share of harmful, pairs")
    for low, high in pairwise(RELIABILITY_EDGES):
        inside = known & (found >= low) & (found < high)
        total = weights[inside].sum()
        mean = (found * weights)[inside].sum() / total
        harmful = (truth * weights)[inside].sum() / total
        print(f"  {low:.2f}-{high:.2f}: {mean:.2f}, {harmful:.2f}, {inside.sum()}")


def _totals(language: str, examples: Sequence[Example], caught: NDArray[np.bool_]) -> None:
    own = np.array([example.source.endswith(language) for example in examples])
    bad = np.array([bool(example.labels) for example in examples])
    print(
        f"  {language} in all: recall {caught[own & bad].mean():.3f},"
        f" false holds {caught[own & ~bad].mean():.3f}"
    )


def _harmless(title: str, head: Head, texts: Sequence[str], cache: Path) -> None:
    found = scores(head, texts, cache)
    caught = held(found)
    print(f"\n{title}: {caught.sum()} of {len(texts)} held ({caught.mean():.2%})")
    for position in np.flatnonzero(caught)[:12]:
        hazard = HAZARDS[int(found[position].argmax())]
        print(f"  {hazard} {found[position].max():.2f} {texts[position][:80]}")


def _hatecheck(folder: Path, head: Head, cache: Path) -> None:
    path = folder / "hatecheck_cases_final_mandarin.csv"
    texts = _column(path, "test_case")[::3]
    truth = np.array([label == "hateful" for label in _column(path, "label_gold")[::3]])
    found = scores(head, texts, cache)
    hate = found[:, HAZARDS.index("hate")]
    caught = held(found)
    print(
        f"\nHateCheck Mandarin (every third case): AUC of hate {_auc(hate, truth):.3f},"
        f" recall {caught[truth].mean():.3f}, false holds {caught[~truth].mean():.3f}"
    )


def _graded(path: Path, head: Head, cache: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) > 1 and row[1].strip()[-1:].isdigit()]
    texts = [row[0] for row in rows]
    grades = np.array([int(row[1].strip()[-1]) for row in rows])
    found = scores(head, texts, cache)
    caught = held(found)
    shares = ", ".join(
        f"grade {grade}: {caught[grades == grade].sum()} of {(grades == grade).sum()}"
        for grade in sorted(set(grades.tolist()))
    )
    harmful = grades >= max(1, int(grades.max()) - 1)
    auc = _auc(found.max(axis=1), harmful)
    print(f"\n{path.stem}: AUC of the highest grades {auc:.3f}; held {shares}")


def _auc(values: Scores, truth: NDArray[np.bool_]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, values))


def _column(path: Path, name: str, delimiter: str = ",") -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        if delimiter == "\t":
            rows = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE)
        else:
            rows = csv.DictReader(file)
        return [row[name] for row in rows]
