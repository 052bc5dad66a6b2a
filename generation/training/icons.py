"""Read icon sets into named SVG drawings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

TONES = re.compile(r"-(medium-light|medium-dark|light|medium|dark)(-skin-tone)?\b")


@dataclass(frozen=True, slots=True)
class Icon:
    """One drawing: its set, its name there, the emoji it shows (hex, '' for none) and its SVG.

    `is_toned` says that it is a skin-tone variant of another drawing of its set.
    """

    prefix: str
    name: str
    emoji: str
    svg: str
    is_toned: bool = False


def emoji_key(hexcode: str) -> str:
    """Spell an emoji's code points in one way: lower case, without the variation selector."""
    return "-".join(part for part in hexcode.lower().split("-") if part != "fe0f")


def read_icons(document: bytes) -> Iterator[Icon]:
    """Yield the icons of one Iconify set, flags and single glyphs left out."""
    data = json.loads(document)
    prefix: str = data["prefix"]
    width, height = data.get("width", 16), data.get("height", 16)
    emoji_of = {name: emoji_key(code) for code, name in data.get("chars", {}).items()}
    flags = set(data.get("categories", {}).get("Flags", []))
    for name, icon in data["icons"].items():
        if icon.get("hidden") or name in flags or name.startswith("flag-") or not name[1:]:
            continue
        left, top = icon.get("left", 0), icon.get("top", 0)
        box = f"{left} {top} {icon.get('width', width)} {icon.get('height', height)}"
        svg = (
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{box}">{icon["body"]}</svg>'
        )
        base = TONES.sub("", name)
        is_toned = "skin-tone" in name or (base != name and base in data["icons"])
        yield Icon(prefix, name, emoji_of.get(name, ""), svg, is_toned)


def read_categories(document: bytes) -> dict[str, str]:
    """Return the category of each icon of an Iconify set, '' for none."""
    data = json.loads(document)
    found = dict.fromkeys(data["icons"], "")
    for category, names in data.get("categories", {}).items():
        found.update(dict.fromkeys(names, category))
    return found
