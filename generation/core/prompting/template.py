r"""Templates: prompts with holes.

    a {size} {red|blue|{dark |}green} {*animals} on a \{brace\}

`{size}` is a variable, `{*animals}` an entry of a named list, and `{red|blue}` a choice, in which
holes may stand again. `\{`, `\}`, `\|` and `\\` are the characters themselves. What is put into
a hole is never read as a template: whoever fills a variable with `{a|b}` gets those five letters.

Each choice and each list is drawn by itself; its `site` is its place in the template, counted from
0 in the order of reading, so that the same draws always go to the same holes.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

LONGEST_TEMPLATE: Final = 4_000
MOST_HOLES: Final = 100
DEEPEST: Final = 4
_NAME: Final = re.compile(r"\*?[a-z][a-z0-9_]{0,31}")
_SPECIAL: Final = frozenset("{}|\\")
_SHOWN: Final = 16

Draw = Callable[[int, int], int]
"""Given a site and how many there are to choose from (at least one), says which, from 0."""


class TemplateRefused(ValueError):
    """A template cannot be read; `position` is the character that is wrong, counted from 1."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"character {position}: {message}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Variable:
    """A hole for what the caller gives; `position` as in TemplateRefused."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A hole for an entry of a named list."""

    name: str
    position: int
    site: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A hole for one of several templates."""

    options: tuple["Template", ...]
    site: int


@dataclass(frozen=True, slots=True)
class Template:
    """Texts and holes, in order."""

    pieces: tuple["str | Variable | Wildcard | Choice", ...]

    def holes(self) -> Iterator[Variable | Wildcard | Choice]:
        """Yield every hole, outer ones before those inside them."""
        for piece in self.pieces:
            if isinstance(piece, str):
                continue
            yield piece
            if isinstance(piece, Choice):
                for option in piece.options:
                    yield from option.holes()

    def texts(self) -> Iterator[str]:
        """Yield every text, also those of which only one can be chosen."""
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece
            elif isinstance(piece, Choice):
                for option in piece.options:
                    yield from option.texts()

    def longest(self, values: Mapping[str, int], lists: Mapping[str, Sequence[str]]) -> int:
        """Return the most characters it can come to; `values` says how long each variable is."""
        total = 0
        for piece in self.pieces:
            if isinstance(piece, str):
                total += len(piece)
            elif isinstance(piece, Variable):
                total += values[piece.name]
            elif isinstance(piece, Wildcard):
                total += max(map(len, lists[piece.name]))
            else:
                total += max(option.longest(values, lists) for option in piece.options)
        return total

    def render(
        self, values: Mapping[str, str], lists: Mapping[str, Sequence[str]], draw: Draw
    ) -> str:
        """Return the text with every hole filled."""
        return "".join(self._filled(values, lists, draw))

    def _filled(
        self, values: Mapping[str, str], lists: Mapping[str, Sequence[str]], draw: Draw
    ) -> Iterator[str]:
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece
            elif isinstance(piece, Variable):
                yield values[piece.name]
            elif isinstance(piece, Wildcard):
                entries = lists[piece.name]
                yield entries[draw(piece.site, len(entries))]
            else:
                option = piece.options[draw(piece.site, len(piece.options))]
                yield option.render(values, lists, draw)


def parse(text: str) -> Template:
    """Read a template.

    Raises:
        TemplateRefused: it is too long, has too many holes, or something in it is not closed.
    """
    if len(text) > LONGEST_TEMPLATE:
        raise TemplateRefused(f"at most {LONGEST_TEMPLATE} characters", LONGEST_TEMPLATE + 1)
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._sites = 0
        self._holes = 0

    def whole(self) -> Template:
        template = self._template(depth=0)
        if self._at < len(self._text):
            # Only a closing brace ends the reading early at the outermost level.
            raise self._wrong("nothing is open that this brace could close; write \\}", self._at)
        return template

    def _template(self, *, depth: int) -> Template:
        """Read up to the end, or inside a hole up to its `|` or `}`."""
        pieces: list[str | Variable | Wildcard | Choice] = []
        plain: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "}" or (character == "|" and depth):
                break
            if character != "{":
                plain.append(self._character())
                continue
            if plain:
                pieces.append("".join(plain))
                plain = []
            pieces.append(self._hole(depth=depth + 1))
        if plain:
            pieces.append("".join(plain))
        return Template(tuple(pieces))

    def _character(self) -> str:
        character = self._text[self._at]
        if character == "\\":
            escaped = self._text[self._at + 1 : self._at + 2]
            if escaped not in _SPECIAL:
                raise self._wrong(
                    "a backslash stands before {, }, | or another backslash; write \\\\ for itself",
                    self._at,
                )
            self._at += 1
            character = escaped
        self._at += 1
        return character

    def _hole(self, *, depth: int) -> Variable | Wildcard | Choice:
        opened = self._at
        self._holes += 1
        if self._holes > MOST_HOLES:
            raise self._wrong(f"a template has at most {MOST_HOLES} holes", opened)
        if depth > DEEPEST:
            raise self._wrong(f"choices stand at most {DEEPEST} deep in each other", opened)
        named = _NAME.match(self._text, opened + 1)
        if named is not None and self._text[named.end() : named.end() + 1] == "}":
            self._at = named.end() + 1
            return self._named(named.group(), opened + 1)
        site = self._next_site()
        self._at = opened + 1
        options = [self._template(depth=depth)]
        while self._text[self._at : self._at + 1] == "|":
            self._at += 1
            options.append(self._template(depth=depth))
        if self._text[self._at : self._at + 1] != "}":
            raise self._wrong("this brace is not closed; write \\{ for the character", opened)
        self._at += 1
        if len(options) == 1:
            raise self._wrong(
                "between braces stands a variable's name (a-z, 0-9, _), *LIST, or words with | "
                "between them; write \\{ for the character",
                opened,
            )
        return Choice(tuple(options), site)

    def _named(self, name: str, at: int) -> Variable | Wildcard:
        if name.startswith("*"):
            return Wildcard(name[1:], at + 1, self._next_site())
        return Variable(name, at + 1)

    def _next_site(self) -> int:
        self._sites += 1
        return self._sites - 1

    def _wrong(self, message: str, at: int) -> TemplateRefused:
        shown = self._text[at : at + _SHOWN]
        more = "…" if at + _SHOWN < len(self._text) else ""
        return TemplateRefused(f"{message} (at “{shown}{more}”)", at + 1)
