"""A tune's ABC as a drawn score: SVG without scripts, styles or links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

import verovio

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_WHITE: Final = "#ffffff"
_DRAWN: Final = frozenset({"ellipse", "path", "polygon", "polyline", "rect"})
_KEPT: Final = _DRAWN | {"svg", "g", "defs", "use", "text", "tspan", "title", "symbol"}
_OPTIONS: Final = {
    "inputFrom": "abc",
    "pageWidth": 2100,
    "pageHeight": 60_000,
    "adjustPageHeight": True,
    "scale": 50,
    "header": "none",
    "footer": "none",
    "breaks": "auto",
    # Names of elements from a fixed seed: the same tune is the same bytes.
    "xmlIdSeed": 1,
}
_SIZE: Final = re.compile(r"^0 0 (\d+(?:\.\d+)?) (\d+(?:\.\d+)?)$")


class Undrawn(RuntimeError):
    """The engraver could not read the tune or drew something unexpected."""


@dataclass(frozen=True, slots=True)
class Score:
    """An SVG document and its size in pixels."""

    svg: bytes
    width: int
    height: int


def drawn(abc: str) -> Score:
    """Engrave a tune on one page.

    Raises:
        Undrawn: it cannot be read or drawn.
    """
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    if not toolkit.loadData(abc) or toolkit.getPageCount() != 1:
        raise Undrawn("the engraver cannot read the tune")
    root = ET.fromstring(toolkit.renderToSVG(1))  # noqa: S314  the engraver's own
    _clean(root)
    root.attrib.pop("overflow", None)
    width, height = _size_of(root)
    paper = {"width": "100%", "height": "100%", "fill": _WHITE, "stroke": "none"}
    root.insert(0, ET.Element(f"{{{_SVG}}}rect", paper))
    root.attrib |= {"width": str(width), "height": str(height), "viewBox": f"0 0 {width} {height}"}
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return Score(ET.tostring(root, encoding="utf-8", xml_declaration=True), width, height)


def _clean(element: ET.Element) -> None:
    """Keep shapes and words only, and say by attributes what the style sheet said."""
    for child in list(element):
        # Marks for an editor, which the style sheet hides.
        is_hidden = "placeholder" in child.attrib.get("class", "").split()
        if is_hidden or _name(child.tag) not in _KEPT:
            element.remove(child)
        else:
            _clean(child)
    for attribute, value in list(element.attrib.items()):
        name = _name(attribute)
        is_link_away = name == "href" and not value.startswith("#")
        if name.startswith("on") or name == "style" or is_link_away:
            del element.attrib[attribute]
    if _name(element.tag) in _DRAWN:
        element.attrib.setdefault("stroke", "currentColor")


def _size_of(root: ET.Element) -> tuple[int, int]:
    if "width" in root.attrib:
        sizes = [float(root.attrib[name].removesuffix("px")) for name in ("width", "height")]
    else:
        match = _SIZE.match(root.attrib.get("viewBox", ""))
        if match is None:
            raise Undrawn("the score has no size")
        sizes = [float(value) for value in match.groups()]
    return round(sizes[0]), round(sizes[1])


def _name(tag: str) -> str:
    return tag.rpartition("}")[2].lower()
