"""Parameters that are pictures, and requests without words."""

import pytest

from generation.core.catalogue import (
    CatalogueRefused,
    Model,
    check_parameters,
    check_prompt,
    read_text,
    screened_text,
)

ENTRY = """
name: retouch
title: Retouch
modality: image
triton_model: retouch
licence: MIT
languages: [en]
description: Works on a picture.
cost_credits: 1
needs_prompt: false
operations: [image-to-image, inpaint]
limits: {prompt_characters: 10, deadline_seconds: 5, wait_seconds: 60}
parameters:
  - {name: image, type: image, description: The picture.}
  - {name: mask, type: image, optional: true, description: White is drawn anew.}
"""
ID = "0192f0c1-2222-7333-8444-555566667777"


@pytest.fixture
def model() -> Model:
    return read_text(ENTRY)


def test_the_value_is_an_id_in_its_usual_form(model: Model) -> None:
    values, problems = check_parameters(model, {"image": ID.upper()})
    assert problems == []
    assert values == {"image": ID}
    assert [item.name for item in model.image_parameters] == ["image", "mask"]


def test_a_picture_that_is_needed_is_missed_and_an_optional_one_is_not(model: Model) -> None:
    _, problems = check_parameters(model, {})
    assert [(item.pointer, item.code) for item in problems] == [("/parameters/image", "required")]


@pytest.mark.parametrize("value", ["", "cat.png", 7, True, ["x"], {"id": ID}, "../../etc/passwd"])
def test_anything_else_than_an_id_is_refused(model: Model, value: object) -> None:
    values, problems = check_parameters(model, {"image": value})
    assert values == {}
    assert [(item.pointer, item.code) for item in problems] == [
        ("/parameters/image", "invalid_uuid")
    ]


def test_a_request_may_come_without_words_where_the_entry_says_so(model: Model) -> None:
    assert check_prompt(model, " ") == ("", [])
    assert screened_text(model, "", {"image": ID}) == ""


@pytest.mark.parametrize(
    "change",
    [
        ("operations: [image-to-image, inpaint]\n", ""),
        ("operations: [image-to-image, inpaint]", "operations: [fold]"),
        ("type: image, description", f"type: image, default: {ID}, description"),
    ],
)
def test_a_careless_entry_is_refused(change: tuple[str, str]) -> None:
    with pytest.raises(CatalogueRefused):
        read_text(ENTRY.replace(*change))
