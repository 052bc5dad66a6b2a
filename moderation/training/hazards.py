"""Train and measure the head of the text_hazards model.

    python -m moderation.training.hazards --data PATH [--out FOLDER] [--without SOURCE]
                                            [--measure-only]

runs in the serving environment. PATH holds the public sets (see dataset.py); without it the head
is trained on our own exemplars alone. Writes head.safetensors and prints the figures of the model
card. The same inputs give the same file. A head trained --without a source of PATH can be measured
on that source: `make bench-moderation` takes it with --head.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from moderation.core.chunks import units
from moderation.core.cleaning import readings
from moderation.core.head import Head
from moderation.training import dataset, features, measure, network, speech
from moderation.training.dataset import HAZARDS, Example

SEED = 7
POSITIVE_WEIGHT = 3.0
CHINESE_POSITIVE_WEIGHT = 7.5
"""Of our own Chinese texts. They are few, and one threshold holds for every language: at equal
weights a threshold that releases nine of ten English near misses finds 0.78 of the Chinese harmful
texts of `development`, so 0.86 of them, at 5 % false holds."""
FOLDS = 3
HARMFUL_SHARE = 0.1
MODEL_FOLDER = Path(__file__).parents[1] / "serving" / "text_hazards" / "1"
CACHE = Path("var/training/hazards/vectors.npz")
TENSORS = ("hidden_weight", "hidden_bias", "weight", "bias")
"""The fields of a head that are tensors of its file, in their order."""

Rows = NDArray[np.float32]


def main() -> None:
    """Train unless told not to, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, help="folder of the public sets")
    parser.add_argument("--out", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--measure-only", action="store_true")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=dataset.PUBLIC_SOURCES,
        help="leave a public source out (may be given again); needs another --out",
    )
    arguments = parser.parse_args()
    if arguments.without and arguments.out == MODEL_FOLDER:
        parser.error("--without makes a head for measuring: give it a folder of its own with --out")
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "head.safetensors"
    if not arguments.measure_only:
        examples = [
            *dataset.exemplars(SEED),
            *speech.spoken(SEED),
            *speech.patterned(SEED),
            *speech.answers(),
        ]
        if arguments.data:
            public = dataset.public(arguments.data, SEED)
            examples += [one for one in public if one.source not in arguments.without]
        print(f"{len(examples)} examples")
        rows = features.vectors([readings(one.text)[0] for one in examples], arguments.cache)
        write(train(examples, rows), path)
    measure.report(read(path), arguments.data, arguments.cache)


def train(examples: Sequence[Example], rows: Rows) -> Head:
    """Fit the head on all examples, then calibrate each label of it.

    Calibration is Platt's on predictions for examples that a fit had not seen, with all variants of
    one text on the same side: a temperature (1 / slope) and an offset per hazard.
    """
    groups = {group: index for index, group in enumerate(dict.fromkeys(e.group for e in examples))}
    folds = np.array([groups[example.group] % FOLDS for example in examples])
    truth = np.array([[hazard in e.labels for hazard in HAZARDS] for e in examples])
    known = truth | np.array([[hazard not in e.undecided for hazard in HAZARDS] for e in examples])
    importance = np.array([[e.weight] for e in examples]) * known
    positive = np.array([[_positive_weight(example)] for example in examples])
    weights = (importance * np.where(truth, positive, 1.0)).astype(np.float32)
    unseen = np.empty(truth.shape)
    for fold in range(FOLDS):
        inside = folds != fold
        head = network.fit(rows[inside], truth[inside], weights[inside], HAZARDS, seed=SEED)
        unseen[~inside] = head.logits(rows[~inside])
        print(f"  fold {fold + 1} of {FOLDS}", flush=True)
    head = network.fit(rows, truth, weights, HAZARDS, seed=SEED)
    slopes, offsets = np.empty(len(HAZARDS)), np.empty(len(HAZARDS))
    for index, hazard in enumerate(HAZARDS):
        mask = known[:, index]
        slopes[index], offsets[index] = _calibration(
            unseen[mask, index], truth[mask, index], importance[mask, index]
        )
        print(
            f"  {hazard}: {int(truth[:, index].sum())} positive,"
            f" temperature {1 / slopes[index]:.2f}, offset {offsets[index]:+.2f}"
        )
    return replace(
        head,
        weight=(head.weight * slopes[:, np.newaxis]).astype(np.float32),
        bias=(head.bias * slopes + offsets).astype(np.float32),
    )


def write(head: Head, path: Path) -> None:
    """Write a head as safetensors; its labels stand in the metadata."""
    tensors = {name: getattr(head, name) for name in TENSORS}
    save_file(tensors, path, metadata={"labels": json.dumps(list(head.labels))})
    path.chmod(0o644)  # safetensors makes files for the owner alone


def read(path: Path) -> Head:
    """Read what `write` wrote."""
    with safe_open(path, framework="numpy") as file:
        labels = tuple(json.loads(file.metadata()["labels"]))
        return Head(labels, *(file.get_tensor(name) for name in TENSORS))


def _positive_weight(example: Example) -> float:
    is_own_chinese = example.source != "posts" and units(example.text) > len(example.text)
    return CHINESE_POSITIVE_WEIGHT if is_own_chinese else POSITIVE_WEIGHT


def _calibration(
    logits: NDArray[np.float64], truth: NDArray[np.bool_], importance: NDArray[np.float64]
) -> tuple[float, float]:
    """Return slope and offset that make the logits probabilities.

    Of what? Of harm among texts of which one in ten is harmful: real traffic is nearly all
    harmless, the training texts are not, and a probability means nothing without its base.
    """
    from sklearn.linear_model import LogisticRegression

    share = importance[truth].sum() / importance.sum()
    balance = importance * np.where(truth, HARMFUL_SHARE / share, (1 - HARMFUL_SHARE) / (1 - share))
    model = LogisticRegression(C=1e3)
    model.fit(logits[:, np.newaxis], truth, sample_weight=balance)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


if __name__ == "__main__":
    main()
