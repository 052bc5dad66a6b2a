"""Templates: `{subject}`, `{copy.headline}`, `{story:300}`; `{{` and `}}` are braces.

A reference begins with the name of an input or of an earlier part (or `item` and `number` in a
part that is repeated) and may go on into JSON: by field names, and from 0 by places in lists.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generation.core.recipes.words import words_of

NAME = re.compile(r"^[a-z][a-z0-9_]{0,31}$")
_STEP = re.compile(r"^(?:[A-Za-z_][A-Za-z0-9_]{0,63}|\d{1,3})$")
_SPEC = re.compile(r"^(?:[1-9]\d{0,4}|sentence|lines)$")
_PIECES = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+")


class TemplateRefused(ValueError):
    """A template cannot be read; the message says where and what it may look like."""


class NothingThere(ValueError):
    """A reference leads to nothing in the value that it was followed in."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place that words come from. `spec` shortens or shapes them; see `words_of`."""

    path: tuple[str, ...]
    spec: str = ""

    @property
    def name(self) -> str:
        """The input or part that it begins at."""
        return self.path[0]

    def __str__(self) -> str:
        return ".".join(self.path)

    def follow(self, value: Any) -> Any:
        """Return what lies at the rest of the path inside the value of its name.

        Raises:
            NothingThere: there is no such field or place; the message names it.
        """
        for depth, step in enumerate(self.path[1:], start=1):
            if isinstance(value, Mapping) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                raise NothingThere(f"{'.'.join(self.path[:depth])} has no {step}")
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """Words and references in order."""

    pieces: tuple[str | Reference, ...]

    @property
    def references(self) -> tuple[Reference, ...]:
        """Every place that words come from."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Reference))

    @property
    def sole(self) -> Reference | None:
        """The reference that is all of the template: it gives its value as it is, not as words."""
        return self.references[0] if len(self.pieces) == 1 and self.references else None

    def render(self, value_of: Callable[[Reference], Any]) -> str:
        """Return the words, each reference replaced by what `value_of` gives for it."""
        return "".join(
            piece if isinstance(piece, str) else words_of(value_of(piece), piece.spec)
            for piece in self.pieces
        ).strip()

    def value(self, value_of: Callable[[Reference], Any]) -> Any:
        """Return the value itself where a reference stands alone and shapes nothing, else words."""
        if self.sole is not None and not self.sole.spec:
            return value_of(self.sole)
        return self.render(value_of)


def parse_template(text: str) -> Template:
    """Read a template.

    Raises:
        TemplateRefused: a brace without its partner, or a reference that is none.
    """
    pieces: list[str | Reference] = []
    for found in _PIECES.finditer(text):
        piece = found.group()
        if piece in {"{{", "}}"}:
            pieces.append(piece[0])
        elif piece in {"{", "}"}:
            raise TemplateRefused(
                f"character {found.start()}: a single {piece}; write {piece * 2} for a brace"
            )
        elif piece.startswith("{"):
            pieces.append(parse_reference(piece[1:-1], at=found.start()))
        else:
            pieces.append(piece)
    return Template(tuple(pieces))


def parse_reference(written: str, *, at: int = 0) -> Reference:
    """Read what stands between braces. Raises TemplateRefused."""
    path, _, spec = written.partition(":")
    steps = tuple(path.strip().split("."))
    if not NAME.match(steps[0]) or not all(_STEP.match(step) for step in steps[1:]):
        raise TemplateRefused(
            f"character {at}: {{{written}}} is no reference; write {{name}}, {{part.field}} or "
            "{name:200}"
        )
    if spec and not _SPEC.match(spec.strip()):
        raise TemplateRefused(
            f"character {at}: behind the colon of {{{written}}} comes a number of characters, "
            "`sentence` or `lines`"
        )
    return Reference(steps, spec.strip())


def references_in(value: Any) -> Iterator[Reference]:
    """Yield every reference of the templates in a parsed value, however deep."""
    if isinstance(value, Template):
        yield from value.references
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from references_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references_in(item)


def parsed(value: Any) -> Any:
    """Return a written parameter with every text in it read as a template. Raises as above."""
    if isinstance(value, str):
        template = parse_template(value)
        return template if template.references else template.render(lambda _: "")
    if isinstance(value, Mapping):
        return {name: parsed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [parsed(item) for item in value]
    return value


def filled(value: Any, value_of: Callable[[Reference], Any]) -> Any:
    """Return a parsed parameter with every template replaced by its value."""
    if isinstance(value, Template):
        return value.value(value_of)
    if isinstance(value, Mapping):
        return {name: filled(item, value_of) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, value_of) for item in value]
    return value
