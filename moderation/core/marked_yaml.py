"""YAML whose values still know their line and column, so that an error can say where it is."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_MERGE = "tag:yaml.org,2002:merge"
_BOOL = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """Knows only true and false as such, as YAML 1.2 does: `on` is a key, and `no` is Norway."""

    yaml_implicit_resolvers = {  # as the class above has it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOL]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(_BOOL, re.compile("^(?:true|false)$"), list("tf"))


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a document.

    Attributes:
        place: the keys down to it, joined by points; empty for the document itself.
        line, column: from 1; 0 where the document is not the text that it was read from.
        what: what is wrong.
        advice: what to do about it; may be empty.
    """

    place: str
    line: int
    column: int
    what: str
    advice: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: " if self.line else ""
        said = f"{where}{self.place or 'the document'}: {self.what.rstrip('.')}."
        return f"{said} {self.advice}".rstrip()


class InvalidDocument(ValueError):
    """A document that cannot be obeyed; `mistakes` are all that were found, in reading order."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(
            sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column, mistake.place))
        )
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True, slots=True)
class Marked:
    """A document: `value` in plain Python, and where each part of it stands."""

    value: Any
    _root: Node | None

    def mistake(
        self, path: Sequence[str | int], what: str, advice: str = "", *, is_key: bool = False
    ) -> Mistake:
        """Return what is wrong at a path: at its value, or at its key."""
        node, key, known = self._root, None, []
        for step in path:
            found = None if node is None else _child(node, step)
            if found is None:
                break
            key, node = found
            known.append(str(step))
        mark = (key if is_key and key is not None else node) if node is not None else None
        line, column = (0, 0) if mark is None else _position(mark)
        return Mistake(".".join(known), line, column, what, advice)


def read(source: str) -> Marked:
    """Read one YAML document, plain types only.

    Raises:
        InvalidDocument: it is no YAML, or says a key twice.
    """
    loader = _Loader(source)
    try:
        root = loader.get_single_node()
        if root is None:
            return Marked(None, None)
        if twice := list(_twice(root, (), set())):
            raise InvalidDocument(twice)
        return Marked(loader.construct_document(root), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = f"this is not YAML: {error.problem or error.context}"
        raise InvalidDocument(
            [Mistake("", line, column, what, "Look at what precedes.")]
        ) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, InvalidDocument):
            raise
        raise InvalidDocument([Mistake("", 1, 1, f"this is not YAML: {error}")]) from error
    finally:
        loader.dispose()


def _child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == str(step):
                return key, value
        merged = (value for key, value in node.value if key.tag == _MERGE)
        return next((found for one in merged if (found := _child(one, step))), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _position(node: Node) -> tuple[int, int]:
    mark = node.start_mark
    return (0, 0) if mark is None else (mark.line + 1, mark.column + 1)


def _twice(node: Node, path: tuple[str, ...], seen: set[int]) -> Iterable[Mistake]:
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if isinstance(key, ScalarNode) and key.tag != _MERGE and name in keys:
                line, column = _position(key)
                place = ".".join((*path, name))
                what = "this is said twice, and only one of them would count"
                yield Mistake(place, line, column, what, "Keep one.")
            keys.add(name)
            yield from _twice(value, (*path, name), seen)
    elif isinstance(node, SequenceNode):
        for number, value in enumerate(node.value):
            yield from _twice(value, (*path, str(number)), seen)
