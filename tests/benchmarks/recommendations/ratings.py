"""Ratings of films as events: who turned to what, in the order of time.

Reads `ratings.csv` of MovieLens (userId, movieId, rating, timestamp). Every rating is an event,
whatever its stars. Films with fewer than ten ratings are left out, as in the published protocol.
"""

import csv
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

FEWEST: Final = 10

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Events:
    """Events in the order of time: who, what, when (seconds); users and items are numbered."""

    users: Ints
    items: Ints
    times: Ints
    user_count: int
    item_count: int


@dataclass(frozen=True, slots=True)
class Split:
    """Each user's events cut at a share of them, by time: rows to learn from, items to find."""

    train: Ints
    test: dict[int, frozenset[int]]


def read(folder: Path, *, shuffles_ties: int | None = None) -> Events:
    """Return the events of a folder.

    Ratings that carry the same second are in the order of the file, which is that of the films'
    numbers. `shuffles_ties` puts them into a random order instead, by this seed.
    """
    with (folder / "ratings.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            (int(row["userId"]), int(row["movieId"]), int(row["timestamp"]))
            for row in csv.DictReader(file)
        ]
    counts = Counter(item for _, item, _ in rows)
    rows = [row for row in rows if counts[row[1]] >= FEWEST]
    if shuffles_ties is not None:
        np.random.default_rng(shuffles_ties).shuffle(rows)
    rows.sort(key=lambda row: row[2])
    users = {user: number for number, user in enumerate(sorted({row[0] for row in rows}))}
    items = {item: number for number, item in enumerate(sorted({row[1] for row in rows}))}
    return Events(
        users=np.array([users[row[0]] for row in rows]),
        items=np.array([items[row[1]] for row in rows]),
        times=np.array([row[2] for row in rows]),
        user_count=len(users),
        item_count=len(items),
    )


def cut(events: Events, *, begin: float, end: float) -> Split:
    """Cut every user's events: what is before `begin` is learnt from, until `end` is found."""
    per_user: dict[int, list[int]] = defaultdict(list)
    for row, user in enumerate(events.users):
        per_user[int(user)].append(row)
    train: list[int] = []
    test: dict[int, frozenset[int]] = {}
    for user, rows in per_user.items():
        first, last = int(len(rows) * begin), int(len(rows) * end)
        train += rows[:first]
        if first and last > first:
            test[user] = frozenset(int(item) for item in events.items[rows[first:last]])
    return Split(np.array(sorted(train)), test)
