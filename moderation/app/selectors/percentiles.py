"""Percentiles in the database, so that no row has to leave it."""

from datetime import timedelta
from typing import Any

from django.db.models import Aggregate, DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.expressions import CombinedExpression


class Percentile(Aggregate):
    """The continuous percentile (0..1) of an expression; NULL over no rows."""

    function = "PERCENTILE_CONT"
    name = "percentile"
    template = "%(function)s(%(share)s) WITHIN GROUP (ORDER BY %(expressions)s)"

    def __init__(self, expression: Any, share: float, **extra: Any) -> None:
        super().__init__(expression, share=float(share), **extra)


def lasted(start: str, end: str) -> "ExpressionWrapper[CombinedExpression]":
    """Return the time between two columns."""
    return ExpressionWrapper(F(end) - F(start), output_field=DurationField())


def percentile(rows: QuerySet[Any], start: str, end: str, share: float = 0.5) -> timedelta | None:
    """Return a percentile of the time between two columns; None where no row has an end."""
    ended = rows.filter(**{f"{end}__isnull": False}).order_by()
    found = ended.aggregate(
        value=Percentile(lasted(start, end), share, output_field=DurationField())
    )
    value: timedelta | None = found["value"]
    return value
