from __future__ import annotations

import pytest

from moderation.core.expressions import (
    LONGEST,
    Expression,
    ExpressionFailed,
    InvalidExpression,
    Kind,
    compiled,
    given,
)

NAMES = {
    "signals": Kind.SCORES,
    "words": Kind.HITS,
    "author.strike_points": Kind.COUNT,
    "author.age_days": Kind.NUMBER,
    "surface": Kind.TEXT,
}
FACTS: dict[str, object] = {
    "signals": {"hate": 0.7},
    "words": [{"term": "x", "severity": "severe"}],
    "author.strike_points": 3,
    "author.age_days": 2.5,
    "surface": "text",
}


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("signals.hate >= 0.7", True),
        ("signals['hate'] > 0.7", False),
        ("author.strike_points > 2 && author.age_days < 3.0", True),
        ("words.exists(word, word.severity == 'severe')", True),
        ("'violence' in signals && signals.violence > 0.5", False),
        ("surface in ['text', 'image']", True),
        # The answer does not hang on what is missing.
        ("signals.violence > 0.5 || true", True),
        # Brackets and dots of a text are no going through a list.
        ("surface != '.all(.all(.all(.all(.all('", True),
    ],
)
def test_a_condition_is_true_or_false_of_facts(source: str, *, answer: bool) -> None:
    assert compiled(source, NAMES).holds(given(FACTS, NAMES)) is answer


@pytest.mark.parametrize(
    ("source", "line", "column", "what", "advice"),
    [
        ("signal.hate > 0.5", 1, 7, "undeclared reference to 'signal.hate'", "author.age_days"),
        ("true &&\n author.strikes > 2", 2, 8, "author.strikes", "author.strike_points"),
        ("signals.hate > 1", 1, 14, "(double, int)", "Write the number with a point"),
        ("author.strike_points > 1.5", 1, 22, "(int, double)", "without a point"),
        ("signals.hate", 1, 1, "gives a double, not true or false", "Compare it"),
        ("signals.hate > ", 1, 16, "Syntax error", "cel.dev"),
        ("'" + "a" * LONGEST + "' == surface", 1, LONGEST + 1, "more than 500", "two rules"),
        (
            "words.all(a, words.all(b, a.term == b.term))",
            1,
            24,
            "a list inside of going through",
            "two rules",
        ),
        (
            " && ".join(["words.all(a, a.term == 'x')"] * 5),
            1,
            135,
            "5 times, more than 4",
            "two rules",
        ),
        ("(" * 400, 1, 1, "recursion limit", ""),
    ],
    ids=[
        "unknown name",
        "unknown part of a name",
        "a whole number beside a score",
        "a fraction beside a count",
        "no condition",
        "half a condition",
        "too long",
        "a loop in a loop",
        "too many loops",
        "too deep",
    ],
)
def test_a_condition_that_can_never_be_asked_is_refused_with_its_place(
    source: str, line: int, column: int, what: str, advice: str
) -> None:
    with pytest.raises(InvalidExpression) as refused:
        compiled(source, NAMES)

    flaw = refused.value.flaws[0]
    assert (flaw.line, flaw.column) == (line, column)
    assert what in flaw.what
    assert advice in flaw.advice


def test_every_flaw_of_a_condition_is_named() -> None:
    with pytest.raises(InvalidExpression) as refused:
        compiled("one > 1 && other > 1", NAMES)

    assert [flaw.column for flaw in refused.value.flaws] == [1, 12]


@pytest.mark.parametrize(
    ("source", "facts", "why"),
    [
        ("signals.violence > 0.5", FACTS, "violence"),
        ("author.strike_points / 0 == 1", FACTS, "divide by zero"),
        ("signals.hate > 0.5", {}, "signals"),
        ("signals.hate > 0.5", {"signals": {"hate": "much"}}, "Unexpected value type"),
        ("words.all(a, a.term == 'x')", {"words": [{"term": "x"}] * 20_000}, "budget"),
    ],
    ids=["no such score", "division", "no facts", "another type", "too many steps"],
)
def test_a_condition_without_an_answer_says_why(
    source: str, facts: dict[str, object], why: str
) -> None:
    with pytest.raises(ExpressionFailed, match=why):
        compiled(source, NAMES).holds(given(facts, NAMES))


def test_two_conditions_with_the_same_text_are_equal() -> None:
    one = compiled("true", NAMES)
    assert one == compiled("true", {"surface": Kind.TEXT})
    assert len({one, compiled("true", NAMES)}) == 1
    assert isinstance(one, Expression)
