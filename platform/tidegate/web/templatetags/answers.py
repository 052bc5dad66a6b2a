"""Answers in JSON as people read them: each field under its name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template

from tidegate.assets.models import Asset

register = template.Library()

DEEPEST = 4
"""Lists in lists further down than this are shown as they are written."""


@dataclass(frozen=True, slots=True)
class Said:
    """One field: words, or further fields and items."""

    name: str
    words: str = ""
    inside: tuple["Said", ...] = ()


@register.filter
def answer(asset: Asset) -> tuple[Said, ...]:
    """Return the fields of a text that is a JSON object; of any other text nothing."""
    if asset.modality != "text" or not asset.text.lstrip().startswith("{"):
        return ()
    try:
        told = json.loads(asset.text)
    except ValueError:
        return ()
    return _said("", told, 0).inside if isinstance(told, dict) else ()


def _said(name: str, value: Any, depth: int) -> Said:
    title = name.replace("_", " ").capitalize()
    if depth < DEEPEST and isinstance(value, Mapping):
        return Said(title, inside=tuple(_said(str(k), v, depth + 1) for k, v in value.items()))
    if depth < DEEPEST and isinstance(value, list):
        return Said(title, inside=tuple(_said("", item, depth + 1) for item in value))
    return Said(title, words=value if isinstance(value, str) else json.dumps(value))
