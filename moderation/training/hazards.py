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
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from moderation.core.head import LinearHead
from moderation.training import dataset, features, measure
from moderation.training.dataset import HAZARDS, Example

SEED = 7
STRENGTH = 1.0
SCALE = 8.0
POSITIVE_WEIGHT = 3.0
FOLDS = 5
HARMFUL_SHARE = 0.1
MODEL_FOLDER = Path(__file__).parents[1] / "serving" / "text_hazards" / "1"
CACHE = Path("var/training/hazards/vectors.npz")

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
        examples = dataset.exemplars(SEED)
        if arguments.data:
            public = dataset.public(arguments.data, SEED)
            examples += [one for one in public if one.source not in arguments.without]
        print(f"{len(examples)} examples")
        rows = features.vectors([example.text for example in examples], arguments.cache)
        write(train(examples, rows), path)
    measure.report(read(path), arguments.data, arguments.cache)


def train(examples: Sequence[Example], rows: Rows) -> LinearHead:
    """Fit one calibrated logistic regression per hazard.

    Calibration is Platt's on predictions for examples that the fit had not seen, with all framed
    variants of one text on the same side.
    """
    mean = rows.mean(axis=0)
    groups = {group: index for index, group in enumerate(dict.fromkeys(e.group for e in examples))}
    folds = np.array([groups[example.group] % FOLDS for example in examples])
    weights, biases = [], []
    for hazard in HAZARDS:
        known = np.array([hazard in e.labels or hazard not in e.undecided for e in examples])
        truth = np.array([hazard in e.labels for e in examples])[known]
        inputs = ((rows - mean) * SCALE)[known]
        importance = np.array([e.weight for e in examples])[known]
        unseen = np.empty(len(truth))
        for fold in range(FOLDS):
            inside = folds[known] != fold
            weight, bias = _fit(inputs[inside], truth[inside], importance[inside])
            unseen[~inside] = inputs[~inside] @ weight + bias
        slope, offset = _calibration(unseen, truth, importance)
        weight, bias = _fit(inputs, truth, importance)
        weight = weight * SCALE * slope
        weights.append(weight)
        biases.append(bias * slope + offset - float(mean @ weight))
        print(f"  {hazard}: {int(truth.sum())} positive, slope {slope:.2f}, offset {offset:+.2f}")
    return LinearHead(HAZARDS, np.array(weights, np.float32), np.array(biases, np.float32))


def write(head: LinearHead, path: Path) -> None:
    """Write a head as safetensors; its labels stand in the metadata."""
    tensors = {"weight": head.weight, "bias": head.bias}
    save_file(tensors, path, metadata={"labels": json.dumps(list(head.labels))})
    path.chmod(0o644)  # safetensors makes files for the owner alone


def read(path: Path) -> LinearHead:
    """Read what `write` wrote."""
    with safe_open(path, framework="numpy") as file:
        labels = tuple(json.loads(file.metadata()["labels"]))
        return LinearHead(labels, file.get_tensor("weight"), file.get_tensor("bias"))


def _fit(
    inputs: Rows, truth: NDArray[np.bool_], importance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=STRENGTH, max_iter=2000)
    model.fit(inputs, truth, sample_weight=importance * np.where(truth, POSITIVE_WEIGHT, 1.0))
    return model.coef_[0], float(model.intercept_[0])


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
