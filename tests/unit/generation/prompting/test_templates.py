"""Templates are read, refused with a place, and filled the same way every time."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.prompting import Filled, TemplateRefused, Wording, parse, read_wording
from generation.core.prompting.draws import draws
from generation.core.prompting.template import LONGEST_TEMPLATE, MOST_HOLES, Choice

LISTS = {"animals": ("cat", "dog", "owl")}
SIZE = {"name": "size", "type": "choice", "choices": ["big", "tiny"]}

plain = st.text(max_size=20)


def escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in "{}|\\" else one for one in text)


def wording(prompt: str, **rest: object) -> Wording:
    parts: dict[str, object] = {"negative_prompt": "", "variables": [], "lists": {}, **rest}
    read, problems = read_wording(prompt=prompt, **parts)  # type: ignore[arg-type]
    assert problems == []
    assert read is not None
    return read


def fill(read: Wording, given: Mapping[str, object], seed: int = 1) -> Filled:
    filled, problems = read.fill(given, seed=seed)
    assert problems == []
    assert filled is not None
    return filled


@given(plain)
def test_an_escaped_text_is_itself(text: str) -> None:
    assert parse(escaped(text)).render({}, {}, draws(0, "prompt")) == text


@given(st.lists(plain, min_size=2, max_size=5), st.integers(0, 2**53 - 1))
def test_a_choice_is_one_of_its_options_whatever_they_say(options: list[str], seed: int) -> None:
    template = parse("{" + "|".join(map(escaped, options)) + "}")
    assert template.render({}, {}, draws(seed, "prompt")) in options


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    position = 1
    try:
        parse(text)
    except TemplateRefused as error:
        position = error.position
    assert 1 <= position <= max(1, len(text))


@given(st.text(alphabet="{}|\\ab*_ ", max_size=40), st.integers(0, 50))
def test_nothing_comes_to_more_than_was_foreseen(text: str, seed: int) -> None:
    read, _ = read_wording(prompt=text, negative_prompt="", variables=[], lists={})
    if read is not None:
        assert len(fill(read, {}, seed).prompt) <= read.prompt.longest({}, {})


def test_what_is_given_is_never_read_as_a_template() -> None:
    read = wording("a {what}", variables=[{"name": "what", "type": "text"}])
    assert fill(read, {"what": "{a|b} {what} \\"}).prompt == "a {a|b} {what} \\"


def test_the_seed_alone_decides_and_every_site_is_drawn_by_itself() -> None:
    read = wording("{*animals} {*animals} {*animals}", lists=LISTS, negative_prompt="{a|b}")
    drawn = [fill(read, {}, seed) for seed in range(60)]
    assert drawn == [fill(read, {}, seed) for seed in range(60)]
    assert {one.prompt.split()[0] for one in drawn} == set(LISTS["animals"])
    assert len({one.prompt for one in drawn}) > 15
    assert {one.negative_prompt for one in drawn} == {"a", "b"}


def test_the_draws_are_the_same_in_every_release() -> None:
    read = wording("{a|b|c|d} {*animals} {x|{y|z}}", lists=LISTS)
    drawn = [fill(read, {}, seed).prompt for seed in (0, 1, 2**53 - 1)]
    assert drawn == ["b cat x", "c owl x", "d dog y"]


def test_choices_stand_in_choices() -> None:
    (outer,) = parse("{a|b {c|d}}").pieces
    assert isinstance(outer, Choice)
    assert [hole for option in outer.options for hole in option.holes()]


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("a { b", 3, "not closed"),
        ("a } b", 3, "nothing is open"),
        ("a {Red Heart}", 3, "write \\{ for the character"),
        ("a {}", 3, "write \\{ for the character"),
        ("50\\% off", 3, "write \\\\ for itself"),
        ("the end\\", 8, "write \\\\ for itself"),
        ("{a|{b|{c|{d|{e|f}}}}}", 13, "at most 4 deep"),
        ("{a|b}" * (MOST_HOLES + 1), 5 * MOST_HOLES + 1, f"at most {MOST_HOLES} holes"),
        ("x" * (LONGEST_TEMPLATE + 1), LONGEST_TEMPLATE + 1, "at most 4000"),
    ],
)
def test_a_wrong_template_is_refused_where_it_is_wrong(text: str, position: int, says: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        parse(text)
    assert refused.value.position == position
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"prompt": "{nope}"}, ("/prompt", "unknown_variable")),
        ({"prompt": "{*nope}"}, ("/prompt", "unknown_list")),
        ({"prompt": "a", "variables": [SIZE]}, ("/variables/0/name", "unused")),
        ({"prompt": "a", "lists": LISTS}, ("/lists/animals", "unused")),
        ({"prompt": "{size}", "variables": [SIZE, SIZE]}, ("/variables/1/name", "duplicate")),
        (
            {"prompt": "{size}", "variables": [{**SIZE, "default": "huge"}]},
            ("/variables/0/default", "unknown_choice"),
        ),
        (
            {"prompt": "{n}", "variables": [{"name": "n", "type": "number"}]},
            ("/variables/0/minimum", "required"),
        ),
        ({"prompt": "{*a}", "lists": {"a": []}}, ("/lists/a", "out_of_range")),
        ({"prompt": "a", "negative_prompt": "{"}, ("/negative_prompt", "invalid_template")),
        (
            {"prompt": "{*a}" * 100, "lists": {"a": ["x" * 200] * 3}, "variables": []},
            None,
        ),
        (
            {
                "prompt": "{t}" * 100,
                "variables": [{"name": "t", "type": "text", "maximum": 1000}],
            },
            ("/prompt", "too_long"),
        ),
    ],
)
def test_a_preset_says_where_it_is_wrong(
    parts: dict[str, object], expected: tuple[str, str] | None
) -> None:
    whole: dict[str, object] = {"negative_prompt": "", "variables": [], "lists": {}, **parts}
    read, problems = read_wording(**whole)  # type: ignore[arg-type]
    assert [(one.pointer, one.code) for one in problems] == ([expected] if expected else [])
    assert (read is None) == (expected is not None)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (SIZE, "big", "big"),
        ({"name": "size", "type": "text", "default": "a cat"}, None, "a cat"),
        ({"name": "size", "type": "text", "default": ""}, None, ""),
        ({"name": "size", "type": "integer", "minimum": 1, "maximum": 9}, 7, "7"),
        ({"name": "size", "type": "number", "minimum": 0, "maximum": 9}, 2.5, "2.5"),
        ({"name": "size", "type": "number", "minimum": 0, "maximum": 9}, 3, "3"),
        (SIZE, None, "required"),
        (SIZE, "huge", "unknown_choice"),
        ({"name": "size", "type": "text", "maximum": 3}, "four", "too_long"),
        ({"name": "size", "type": "text"}, 4, "not_a_text"),
        ({"name": "size", "type": "integer", "minimum": 1, "maximum": 9}, 10, "out_of_range"),
    ],
)
def test_a_variable_takes_what_its_type_says(
    variable: dict[str, object], value: object, expected: str
) -> None:
    filled, problems = wording("{size}", variables=[variable]).fill({"size": value}, seed=1)
    if filled is None:
        assert [(one.pointer, one.code) for one in problems] == [("/variables/size", expected)]
    else:
        assert filled.prompt == expected


def test_the_gate_reads_every_word_also_those_that_holes_cut_in_two() -> None:
    read = wording(
        "first fo{x|}rbidden {*animals} {size}",
        negative_prompt="second",
        lists=LISTS,
        variables=[{**SIZE, "title": "How large", "default": "tiny"}],
    )
    words = "\n".join(read.words())
    for word in ("first", "forbidden", "owl", "second", "How large", "big", "tiny"):
        assert word in words, word
