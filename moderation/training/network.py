"""Fitting the hidden layer and the outputs of a head; the same inputs give the same numbers."""

import numpy as np
from numpy.typing import NDArray

from moderation.core.head import Head

HIDDEN = 64
ROUNDS = 12
BATCH = 256
RATE = 3e-3
DECAY = 1e-2
SCALE = 8.0
LOST_INPUTS = 0.1
LOST_HIDDEN = 0.3

Rows = NDArray[np.float32]


def fit(
    rows: Rows, truth: NDArray[np.bool_], weights: Rows, labels: tuple[str, ...], *, seed: int
) -> Head:
    """Return the head that minimises the weighted log loss, with dropout and weight decay.

    Args:
        rows: (examples, features).
        truth: (examples, labels).
        weights: (examples, labels); nothing where a label is undecided.
        labels: names of the outputs.
        seed: of the first weights, the order and what is dropped.
    """
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)  # sums in another order are other sums
    mean = rows.mean(axis=0)
    inputs = torch.from_numpy((rows - mean) * np.float32(SCALE))
    targets = torch.from_numpy(truth.astype(np.float32))
    importance = torch.from_numpy(weights.astype(np.float32))
    hidden = torch.nn.Linear(rows.shape[1], HIDDEN)
    output = torch.nn.Linear(HIDDEN, len(labels))
    model = torch.nn.Sequential(
        torch.nn.Dropout(LOST_INPUTS),
        hidden,
        torch.nn.ReLU(),
        torch.nn.Dropout(LOST_HIDDEN),
        output,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
    steps = ROUNDS * -(-len(rows) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    loss_of = torch.nn.BCEWithLogitsLoss(reduction="none")
    for _ in range(ROUNDS):
        for chosen in torch.randperm(len(rows)).split(BATCH):
            losses = loss_of(model(inputs[chosen]), targets[chosen]) * importance[chosen]
            optimizer.zero_grad()
            losses.sum(dim=1).mean().backward()
            optimizer.step()
            schedule.step()
    first = hidden.weight.detach().numpy() * np.float32(SCALE)
    return Head(
        labels,
        first,
        hidden.bias.detach().numpy() - first @ mean,
        output.weight.detach().numpy().copy(),
        output.bias.detach().numpy().copy(),
    )
