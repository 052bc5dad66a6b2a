"""Actions that release an output with a mark: for whom it is, or what stands beside it."""

from collections.abc import Mapping
from typing import Any

from moderation.app.configuration import house_rules
from moderation.app.models import Case
from moderation.app.services.actions.base import RULED, Carrying, CaseAction, one_of, only
from tidegate.assets.marks import mark_asset
from tidegate.primitives.errors import InvalidInput


class _Marking(CaseAction):
    """Released with marks; taking it back puts the earlier ones in their place."""

    targets = ("output",)
    ruling = Case.Ruling.RELEASE
    sends = (*RULED, "tidegate.asset.marked.v1")

    def take_back(self, carrying: Carrying, before: Mapping[str, Any]) -> None:
        _mark(carrying, rating=before["rating"], labels=before["labels"])


class Rate(_Marking):
    """Released, with an age rating."""

    name = "rate"

    def read(self, details: Mapping[str, Any]) -> dict[str, Any]:
        one_of(details, "rating", house_rules().ratings)
        return only(details, "rating")

    def carry_out(self, carrying: Carrying) -> dict[str, Any]:
        return _mark(carrying, rating=carrying.details["rating"], labels=carrying.asset.labels)


class Label(_Marking):
    """Released, with labels beside it; some cover it until somebody wants to look."""

    name = "label"

    def read(self, details: Mapping[str, Any]) -> dict[str, Any]:
        given, known = only(details, "labels").get("labels"), house_rules().labels
        if not isinstance(given, list) or not given:
            raise InvalidInput(
                f"Say which labels: {', '.join(known)}.",
                code="detail_missing",
                pointer="/details/labels",
            )
        for at, label in enumerate(given):
            if label not in known:
                raise InvalidInput(
                    f"There is no such label; there are {', '.join(known)}.",
                    code="unknown_detail",
                    pointer=f"/details/labels/{at}",
                )
        return {"labels": [code for code in known if code in given]}

    def carry_out(self, carrying: Carrying) -> dict[str, Any]:
        return _mark(carrying, rating=carrying.asset.rating, labels=carrying.details["labels"])


def _mark(carrying: Carrying, *, rating: str, labels: list[str]) -> dict[str, Any]:
    asset = carrying.asset
    before = {"rating": asset.rating, "labels": list(asset.labels)}
    mark_asset(asset, rating=rating, labels=labels, actor=carrying.actor, reason=carrying.reason)
    return before
