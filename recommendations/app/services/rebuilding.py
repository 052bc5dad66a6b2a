"""Everything that recommendations derive, derived again: from the assets and from the log."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

from django.db import transaction

from recommendations.app.models import Interaction, Item, Progress, ViewerState
from recommendations.app.services.folding import refold_viewer
from recommendations.app.services.items import facts_of, list_item, write_words
from recommendations.core import heat as heats
from recommendations.core.taste import AGAINST, UNDONE
from tidegate.accounts.models import User
from tidegate.assets.models import Asset

_BATCH: Final = 200

Step = Callable[[str], str]
"""Does the next batch behind a row and returns the last one it did; empty when there is no more."""


def rebuild(*, from_start: bool = False) -> Iterator[tuple[str, int, int]]:
    """Rebuild items, tastes and heat; yield (what, done, of) after every batch.

    Stopped anywhere, it goes on where it stopped; each batch is a transaction, and what people do
    meanwhile is folded beside it. `from_start` forgets how far an earlier run came.
    """
    for name, step, total in (
        ("items", _items, Asset.objects.count),
        ("tastes", _tastes, User.objects.count),
        ("heat", _heat, Item.objects.count),
    ):
        task = f"rebuild:{name}"
        if from_start:
            Progress.objects.filter(name=task).delete()
        yield from _walk(task, name, step, total())
    Progress.objects.filter(name__startswith="rebuild:").delete()


def _walk(task: str, name: str, step: Step, total: int) -> Iterator[tuple[str, int, int]]:
    while True:
        with transaction.atomic():
            progress, _ = Progress.objects.select_for_update().get_or_create(name=task)
            if progress.last == "done":
                return
            last = step(progress.last)
            progress.position += _BATCH if last else 0
            progress.last = last or "done"
            progress.save()
        yield name, min(progress.position, total) if last else total, total
        if not last:
            return


def _items(after: str) -> str:
    assets = Asset.objects.select_related("owner", "parent").order_by("pk")
    batch = list((assets.filter(pk__gt=after) if after else assets)[:_BATCH])
    for asset in batch:
        item = list_item(asset_id=asset.pk)
        Item.objects.filter(pk=item.pk).update(**facts_of(asset))
        write_words(asset)
    return str(batch[-1].pk) if batch else ""


def _tastes(after: str) -> str:
    people = User.objects.order_by("pk")
    batch = list(
        (people.filter(pk__gt=after) if after else people).values_list("pk", flat=True)[:_BATCH]
    )
    ViewerState.objects.filter(pk__in=batch).delete()
    for user_id in batch:
        refold_viewer(user_id=user_id)
    return str(batch[-1]) if batch else ""


def _heat(after: str) -> str:
    items = Item.objects.select_for_update().order_by("pk")
    batch = list((items.filter(pk__gt=after) if after else items)[:_BATCH])
    if not batch:
        return ""
    heat: dict[object, float | None] = {item.pk: None for item in batch}
    owners = {item.pk: item.owner_id for item in batch}
    log = Interaction.objects.filter(asset_id__in=list(heat), is_folded=True)
    in_order = log.order_by("asset_id", "folded_as", "at", "pk")
    for asset_id, deeds in groupby(in_order, key=lambda done: done.asset_id):
        given: dict[tuple[object, str], object] = {}
        for done in deeds:
            if done.user_id == owners[asset_id] or done.kind in AGAINST:
                continue
            if done.kind in UNDONE:
                taken = given.pop((done.user_id, UNDONE[done.kind]), None)
                if taken is not None:
                    heat[asset_id] = heats.cooled(heat[asset_id], UNDONE[done.kind], taken)  # type: ignore[arg-type]  # a moment
                continue
            given[done.user_id, done.kind] = done.at
            heat[asset_id] = heats.heated(heat[asset_id], done.kind, done.at)
    for item in batch:
        item.heat = heat[item.pk]
    Item.objects.bulk_update(batch, ["heat"])
    return str(batch[-1].pk)
