"""Conditions in CEL (https://cel.dev): typed, without side effects, with a bound on what they cost.

A condition is checked when the document that holds it is read: what it names, the types of both
sides, that it is true or false in the end, and how long and how deep it is. What can still go wrong
when it is asked (a score that nobody gave) is an exception here and an outage to who asked.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

LONGEST: Final = 500
"""Characters of one condition."""
MOST_LOOPS: Final = 4
"""`exists`, `all`, `map` and so on in one condition; none inside of another."""

_FOUND: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_TEXT: Final = re.compile(
    r"""[rR]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""", re.DOTALL
)
_LOOP: Final = re.compile(r"\.\s*(?:exists|exists_one|all|map|filter)\s*\(")
_HINTS: Final = (
    ("(double, int)", "Write the number with a point: 1.0."),
    ("(int, double)", "Write the number without a point: this counts whole things."),
    ("undeclared reference", "The names that there are: {names}."),
    ("Syntax error", "See https://cel.dev for the language."),
)


class Kind(Enum):
    """What a name stands for in a condition."""

    TEXT = "string"
    NUMBER = "double"
    COUNT = "int"
    TRUTH = "bool"
    SCORES = "map(string, double)"
    HITS = "list(map(string, string))"


Variables = Mapping[str, Kind]


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a condition, where in it (both from 1), and what helps."""

    line: int
    column: int
    what: str
    advice: str

    def __str__(self) -> str:
        place = f"line {self.line}, character {self.column} of the condition"
        return f"{self.what} ({place}). {self.advice}".rstrip()


class InvalidExpression(ValueError):
    """A condition that can never be asked; `flaws` are all that were found."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__(" ".join(map(str, self.flaws)))


class ExpressionFailed(Exception):
    """A condition gave no answer about these facts; the message says why."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one item, in the form that conditions are asked about."""

    bound: Any


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition that was checked; safe between threads. Two with the same text are equal."""

    source: str
    _compiled: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.source == other.source

    def __hash__(self) -> int:
        return hash(self.source)

    def holds(self, facts: Facts) -> bool:
        """Return whether the facts, of the variables it was checked with, meet the condition.

        Raises:
            ExpressionFailed: a fact is missing or of another type, or it took too many steps.
        """
        try:
            answer = self._compiled.eval(activation=facts.bound).value()
        except RuntimeError as error:
            raise ExpressionFailed(str(error)) from error
        if answer is True or answer is False:
            return answer
        raise ExpressionFailed(str(answer))


@lru_cache(maxsize=512)
def _compiled(source: str, variables: tuple[tuple[str, Kind], ...]) -> Expression:
    _require_bounded(source)
    names = ", ".join(name for name, _ in variables)
    try:
        compiled = _environment(variables).compile(source)
    except RuntimeError as error:
        raise InvalidExpression(_flaws(str(error), names)) from error
    if compiled.return_type() != cel.Type.BOOL:
        what = f"It gives a {compiled.return_type().name().lower()}, not true or false"
        raise InvalidExpression([Flaw(1, 1, what, "Compare it with something.")])
    return Expression(source, compiled)


def compiled(source: str, variables: Variables) -> Expression:
    """Return a condition over these variables, checked.

    Raises:
        InvalidExpression: naming every place that is wrong.
    """
    return _compiled(source, tuple(variables.items()))


def given(facts: Mapping[str, object], variables: Variables) -> Facts:
    """Return facts for conditions over these variables; put once into form, asked many times."""
    return Facts(_environment(tuple(variables.items())).Activation(facts))


@lru_cache(maxsize=16)
def _environment(variables: tuple[tuple[str, Kind], ...]) -> cel.Env:
    return cel.NewEnv(variables={name: _TYPES[kind] for name, kind in variables})


_TYPES: Final = {
    Kind.TEXT: cel.Type.STRING,
    Kind.NUMBER: cel.Type.DOUBLE,
    Kind.COUNT: cel.Type.INT,
    Kind.TRUTH: cel.Type.BOOL,
    Kind.SCORES: cel.Type.Map(cel.Type.STRING, cel.Type.DOUBLE),
    Kind.HITS: cel.Type.List(cel.Type.Map(cel.Type.STRING, cel.Type.STRING)),
}


def _require_bounded(source: str) -> None:
    if len(source) > LONGEST:
        what = f"It has {len(source)} characters, more than {LONGEST}"
        raise InvalidExpression([Flaw(1, LONGEST + 1, what, "Make two rules of it.")])
    bare = _TEXT.sub(lambda match: " " * len(match.group()), source)
    starts = [match.end() for match in _LOOP.finditer(bare)]
    if len(starts) > MOST_LOOPS:
        what = f"It goes through lists {len(starts)} times, more than {MOST_LOOPS}"
        raise InvalidExpression([_flaw_at(source, starts[MOST_LOOPS], what)])
    for start in starts:
        end = _closing(bare, start)
        if inner := next((other for other in starts if start < other < end), None):
            what = "It goes through a list inside of going through a list"
            raise InvalidExpression([_flaw_at(source, inner, what)])


def _closing(source: str, start: int) -> int:
    """Return where the bracket closes that was opened just before `start`."""
    depth = 1
    for place in range(start, len(source)):
        depth += {"(": 1, ")": -1}.get(source[place], 0)
        if not depth:
            return place
    return len(source)


def _flaw_at(source: str, place: int, what: str) -> Flaw:
    before = source[:place]
    line, column = before.count("\n") + 1, place - before.rfind("\n")
    return Flaw(line, column, what, "Make two rules of it.")


def _flaws(message: str, names: str) -> list[Flaw]:
    found = [
        Flaw(int(match[1]), int(match[2]), what := match[3], _hint(what, names))
        for match in _FOUND.finditer(message)
    ]
    return found or [Flaw(1, 1, message, "")]


def _hint(what: str, names: str) -> str:
    hints = (hint for mark, hint in _HINTS if mark in what)
    return next(hints, "").format(names=names)
