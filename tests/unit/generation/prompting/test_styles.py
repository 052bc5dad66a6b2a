"""Styles: what they make of a request, and which of them an entry may offer."""

import pytest

from generation.core.catalogue import CatalogueRefused, Model, catalogue, read_text
from generation.core.prompting import styled

ENTRY = """
name: painter
title: Painter
modality: image
triton_model: painter
licence: MIT
languages: [en]
description: Paints.
cost_credits: 1
limits: {prompt_characters: 100, deadline_seconds: 5, wait_seconds: 60}
parameters:
  - {name: steps, type: integer, minimum: 1, maximum: 9, default: 4, description: Steps.}
  - {name: negative_prompt, type: text, optional: true, maximum: 50, description: What not.}
styles:
  - name: ink
    title: Ink
    prompt: "ink drawing of {prompt}"
    negative_prompt: colour
    parameters: {steps: 8}
translations:
  zh-hans: {title: 画家, description: 画画。, styles: {ink: 墨色}}
"""


STYLED = """"ink drawing of {prompt}"
    negative_prompt: colour
    parameters: {steps: 8}"""


@pytest.fixture
def model() -> Model:
    return read_text(ENTRY)


def test_a_style_adds_words_and_sets_what_the_caller_leaves_open(model: Model) -> None:
    prompt, values, problems = styled(model, "ink", "a {cat}", {"negative_prompt": "dogs"})
    assert problems == []
    assert prompt == "ink drawing of a {cat}"
    assert values == {"steps": 8, "negative_prompt": "dogs, colour"}
    assert styled(model, "ink", "a cat", {"steps": 2})[1]["steps"] == 2
    assert styled(model, "ink", "a cat", {"steps": None})[1]["steps"] == 8


def test_an_unknown_style_is_named_with_those_there_are(model: Model) -> None:
    _, _, problems = styled(model, "oil", "a cat", {})
    assert [(one.pointer, one.code, one.message) for one in problems] == [
        ("/style", "unknown_style", "painter offers ink")
    ]


def test_a_style_is_called_in_the_readers_language(model: Model) -> None:
    assert [style.title for style in model.translated("zh-hans").styles] == ["墨色"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("ink drawing of {prompt}", "ink"), "must say {prompt} once"),
        (("ink drawing of {prompt}", "{prompt} {a|b}"), "no other hole"),
        (("ink drawing of {prompt}", "{prompt"), "not closed"),
        (("parameters: {steps: 8}", "parameters: {steps: 80}"), "from 1 to 9"),
        (("parameters: {steps: 8}", "parameters: {stepz: 8}"), "painter takes"),
        (
            (STYLED, '"{prompt}"'),
            "changes nothing",
        ),
        (("name: negative_prompt", "name: something_else"), "takes no negative prompt"),
    ],
)
def test_a_careless_style_is_refused_with_its_entry(change: tuple[str, str], says: str) -> None:
    assert change[0] in ENTRY
    with pytest.raises(CatalogueRefused, match=says.replace("{", r"\{")):
        read_text(ENTRY.replace(*change))


def test_every_style_that_is_offered_has_a_chinese_title() -> None:
    for model in catalogue().values():
        assert {style.name for style in model.styles} == set(
            model.translations["zh-hans"].styles if model.styles else ()
        )
