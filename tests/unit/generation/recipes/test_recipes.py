from typing import Any

import pytest

from generation.core.catalogue import catalogue
from generation.core.recipes import (
    RecipeRefused,
    check_inputs,
    prices_of,
    read_recipe,
    recipes,
    wrong_with_models,
)
from generation.core.recipes.templates import TemplateRefused, parse_template
from generation.core.recipes.words import first_sentence, shortened, words_of

LESSON = {
    "type": "object",
    "required": ["title", "slides"],
    "properties": {
        "title": {"type": "string"},
        "slides": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["heading", "words"],
                "properties": {"heading": {"type": "string"}, "words": {"type": "string"}},
            },
        },
    },
}


def written(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": "test",
        "title": "Test",
        "description": "For tests.",
        "languages": ["en"],
        "heading": "About {topic}",
        "inputs": {
            "type": "object",
            "additionalProperties": False,
            "required": ["topic"],
            "properties": {
                "topic": {"type": "string", "maxLength": 80},
                "photo": {"type": ["string", "null"], "format": "uuid", "default": None},
            },
        },
        "parts": [{"title": part["name"], **part} for part in parts],
        **more,
    }


TEXT = {"name": "lesson", "model": "smollm2-135m", "prompt": "On {topic}.", "schema": LESSON}
SLIDE = {
    "name": "slide",
    "model": "tidegate-image",
    "prompt": "{item.heading}",
    "repeat": {"over": "lesson.slides", "most": 3},
}
VOICE = {
    "name": "voice",
    "model": "kokoro-82m",
    "prompt": "{number}. {item.words:90}",
    "repeat": {"over": "lesson.slides", "most": 3},
}


@pytest.mark.parametrize("recipe", recipes().values(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_fits_the_models_that_it_names(recipe: Any) -> None:
    assert wrong_with_models(recipe, catalogue()) == []


@pytest.mark.parametrize("recipe", recipes().values(), ids=lambda recipe: recipe.name)
def test_a_shipped_recipe_speaks_chinese_in_every_word_that_a_form_shows(recipe: Any) -> None:
    chinese = recipe.translated("zh-hans")
    assert (chinese.title, chinese.description) != (recipe.title, recipe.description)
    for name, shape in chinese.inputs["properties"].items():
        assert shape["title"] != recipe.inputs["properties"][name]["title"], name
    for part in chinese.parts:
        assert part.title != recipe.part(part.name).title, part.name


def test_parts_come_after_what_they_refer_to_and_the_version_is_the_contents() -> None:
    recipe = read_recipe(written(SLIDE, TEXT))
    assert [part.name for part in recipe.parts] == ["lesson", "slide"]
    assert recipe.version == read_recipe(written(SLIDE, TEXT)).version
    assert recipe.version != read_recipe(written(TEXT, SLIDE)).version


def test_a_brace_is_written_twice() -> None:
    template = parse_template('{{"about": "{topic}"}}')
    assert template.render(lambda _: "cats") == '{"about": "cats"}'


@pytest.mark.parametrize(
    "text", ["{", "a } b", "{}", "{a b}", "{A}", "{a:}x{", "{a:long}", "{a:0}"]
)
def test_a_template_that_cannot_be_read_says_where(text: str) -> None:
    with pytest.raises(TemplateRefused, match="character"):
        parse_template(text)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ([{**TEXT, "prompt": "{nobody}"}], "no such input and no such part"),
        ([{**TEXT, "prompt": "{lesson}"}], "circle"),
        ([TEXT, TEXT], "share a name"),
        ([{**TEXT, "name": "topic", "prompt": "x"}], "taken"),
        ([{**TEXT, "prompt": "{number}"}], "repeat"),
        ([TEXT, {**VOICE, "prompt": "{lesson.author}"}], "author"),
        ([TEXT, SLIDE, {**TEXT, "name": "sum", "prompt": "{slide}"}], "same list"),
        ([TEXT, {**SLIDE, "repeat": {"over": "lesson.title", "most": 2}}], "no list"),
        ([{**TEXT, "optional": True}, SLIDE], "optional"),
        ([{**TEXT, "optional": True}], "optional"),
        ([{**TEXT, "schema": {"type": "nonsense"}}], "schema"),
        ([{**TEXT, "colour": "red"}], "colour"),
    ],
)
def test_a_recipe_that_does_not_hold_together_is_refused(
    parts: list[dict[str, Any]], why: str
) -> None:
    with pytest.raises(RecipeRefused, match=why):
        read_recipe(written(*parts))


@pytest.mark.parametrize(
    ("part", "why"),
    [
        ({**TEXT, "model": "gone"}, "no model gone"),
        ({**TEXT, "parameters": {"volume": 3}}, "no parameter volume"),
        ({**SLIDE, "repeat": None, "prompt": "x", "schema": LESSON}, "writes no text"),
    ],
)
def test_a_recipe_that_asks_a_model_for_what_it_cannot_do_is_told(
    part: dict[str, Any], why: str
) -> None:
    recipe = read_recipe(written({k: v for k, v in part.items() if v is not None}))
    assert why in " ".join(wrong_with_models(recipe, catalogue()))


def test_a_picture_is_given_whole_and_never_among_words() -> None:
    picture = {"name": "picture", "model": "tidegate-image", "prompt": "{topic}"}
    varied = {
        "name": "varied",
        "model": "tidegate-variation",
        "parameters": {"image": "{picture}"},
    }
    assert wrong_with_models(read_recipe(written(picture, varied)), catalogue()) == []
    told = {"name": "told", "model": "kokoro-82m", "prompt": "See {picture}"}
    problems = wrong_with_models(read_recipe(written(picture, told)), catalogue())
    assert "whole value" in " ".join(problems)


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ({"topic": " cats "}, set()),
        ({}, {"/inputs/topic required"}),
        ({"topic": "  "}, {"/inputs/topic empty"}),
        ({"topic": "x" * 81}, {"/inputs/topic too_long"}),
        ({"topic": "x", "colour": 1}, {"/inputs/colour unknown_parameter"}),
        ({"topic": "x", "photo": "cat.png"}, {"/inputs/photo invalid_uuid"}),
        ({"topic": "a\0b"}, {"/inputs/topic control_character"}),
    ],
)
def test_inputs_are_checked_with_a_pointer_for_each_problem(
    given: dict[str, Any], codes: set[str]
) -> None:
    values, problems = check_inputs(read_recipe(written(TEXT)), given)
    assert {f"{item.pointer} {item.code}" for item in problems} == codes
    if not codes:
        assert values == {"topic": "cats", "photo": None}


def test_the_price_counts_what_is_not_known_as_long_as_it_may_be() -> None:
    prices = prices_of(read_recipe(written(TEXT, SLIDE, VOICE)), {"topic": "cats"}, catalogue())
    assert [(one.name, one.times, one.is_exact) for one in prices] == [
        ("lesson", 1, True),
        ("slide", 3, False),
        ("voice", 3, False),
    ]
    assert [one.at_most for one in prices] == [1, 12, 6]


@pytest.mark.parametrize(
    ("value", "spec", "words"),
    [
        (["one", "two"], "", "one, two"),
        (["one", "two"], "lines", "one\ntwo"),
        ("One. Two.", "sentence", "One."),
        (2.0, "", "2"),
        (None, "", ""),
        ({"a": "ä"}, "", '{"a": "ä"}'),
    ],
)
def test_a_value_becomes_words(value: object, spec: str, words: str) -> None:
    assert words_of(value, spec) == words


@pytest.mark.parametrize(
    ("text", "most", "left"),
    [
        ("One two. Three four five.", 12, "One two."),
        ("One two three four", 12, "One two"),
        ("One two three four", 13, "One two three"),
        ("一二三。四五六。七八九", 8, "一二三。四五六。"),
        ("一二三四五六", 4, "一二三四"),
        ("short", 80, "short"),
    ],
)
def test_a_text_is_cut_between_sentences_or_words(text: str, most: int, left: str) -> None:
    assert shortened(text, most) == left


def test_the_first_sentence_ends_with_its_mark() -> None:
    assert first_sentence("“Stop!” she said. He did.") == "“Stop!”"
    assert first_sentence("No end here\n\nNext") == "No end here"
