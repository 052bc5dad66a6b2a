"""The printed tables: one for each set, one of its groups, and what others publish."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from tests.benchmarks.moderation.curves import Estimate
from tests.benchmarks.moderation.rows import Row
from tests.benchmarks.moderation.sets import LabelledSet, Sample

PUBLISHED = Path(__file__).with_name("published.yaml")
_COLUMNS = {
    "auprc": "AUPRC",
    "auroc": "AUROC",
    "recall_at_1pct_fpr": "R@1%FPR",
    "hold_f1": "hold F1",
    "hold_precision": "P",
    "hold_recall": "R",
    "hold_fpr": "FPR",
    "block_recall": "block R",
    "block_fpr": "FPR",
}
_GROUP = "group "


def print_set(console: Console, one: LabelledSet, found: Sample, rows: Sequence[Row]) -> None:
    """Print a set's rows; intervals stand under their value."""
    known = "cross-set" if one.is_cross_set else "NOT cross-set: not to be quoted"
    sampled = f"{len(found.items):,} of {found.whole:,} items"
    left_out = f", {found.left_out} rows without text or label" if found.left_out else ""
    console.rule(f"[bold]{one.name}[/] ({known}; {sampled}{left_out})")
    table = Table("items", "judge", "n", "harmful", *_COLUMNS.values(), box=None)
    for each in rows:
        if not each.part.startswith(_GROUP):
            counts = f"{each.items:,}", f"{each.harmful:,}"
            cells = [_cell(each.measures.get(name)) for name in _COLUMNS]
            table.add_row(each.part or "all", each.judge, *counts, *cells)
    console.print(table)
    grouped = [each for each in rows if each.part.startswith(_GROUP)]
    if grouped:
        _print_groups(console, grouped)
    for each in rows:
        if each.ceiling is not None and each.judge in {"gate", "detector"} and each not in grouped:
            f1, threshold = each.ceiling
            unit = "logits above hold" if each.judge == "gate" else "probability"
            console.print(
                f"[dim]{each.part or 'all'}, {each.judge}: best F1 with FPR ≤ 10 % by any threshold"
                f" {f1:.3f} at {threshold:+.3f} {unit}; chosen on these items, so a ceiling[/]"
            )


def print_published(console: Console) -> None:
    """Print what others publish, plainly as figures of other sets."""
    title = "Published by others on OTHER sets: not comparable row by row"
    table = Table("model", "set", "measure", "value", "source", title=title, box=None)
    document: list[dict[str, Any]] = yaml.safe_load(PUBLISHED.read_text(encoding="utf-8"))
    for one in document:
        value = f"{one['value']:.3f}" + (f", FPR {one['fpr']:.3f}" if "fpr" in one else "")
        source = one["source"] + (" (unverified)" if one.get("unverified") else "")
        table.add_row(one["model"], one["set"], one["measure"], value, source)
    console.print(table)


def _print_groups(console: Console, rows: Sequence[Row]) -> None:
    names = ("auroc", "hold_recall", "hold_fpr", "block_recall", "block_fpr")
    heads = ("AUROC", "hold R", "hold FPR", "block R", "block FPR")
    table = Table("group (gate)", "n", "harmful", *heads, box=None)
    for each in rows:
        cells = [_cell(each.measures.get(name)) for name in names]
        group = each.part.removeprefix(_GROUP)
        table.add_row(group, f"{each.items:,}", f"{each.harmful:,}", *cells)
    console.print(table)


def _cell(one: Estimate | None) -> str:
    return "" if one is None else f"{one.value:.3f}\n[dim]{one.low:.2f}-{one.high:.2f}[/]"
