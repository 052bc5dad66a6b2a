"""The catalogue and what a request may say."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.catalogue import (
    LARGEST_SEED,
    CatalogueRefused,
    Model,
    catalogue,
    check_parameters,
    check_prompt,
    check_seed,
    screened_text,
    use_folders,
)

TEXT, SPEECH, IMAGE = (
    catalogue()[name] for name in ("smollm2-135m", "kokoro-82m", "tidegate-image")
)
ROOT = Path(__file__).parents[3]
ENTRY = """
name: {name}
title: Another
modality: image
triton_model: another
licence: MIT
languages: [en]
description: Another model.
cost_credits: 1
limits: {{prompt_characters: 10, deadline_seconds: 5, wait_seconds: 60}}
parameters:
  - {{name: steps, type: integer, minimum: 1, maximum: 4, default: {default}, description: d}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    yield tmp_path
    use_folders([])


def test_an_installation_writes_speaks_and_draws() -> None:
    offered = {model.name: model.modality for model in catalogue().values() if not model.operations}
    assert (
        offered.items()
        >= {
            "smollm2-135m": "text",
            "kokoro-82m": "speech",
            "tidegate-image": "image",
            "tidegate-music": "music",
            "tidegate-video": "video",
        }.items()
    )


def test_an_installation_works_on_pictures_in_every_way() -> None:
    ways = {way for model in catalogue().values() for way in model.operations}
    assert ways >= {"image-to-image", "inpaint", "variation", "upscale", "stylise", "background"}
    assert "image-to-video" in ways


@pytest.mark.parametrize("model", catalogue().values(), ids=lambda model: model.name)
def test_every_entry_speaks_both_languages_of_the_product(model: Model) -> None:
    chinese = model.translated("zh-hans")
    assert chinese.title != model.title
    for ours, theirs in zip(model.parameters, chinese.parameters, strict=True):
        assert ours.description != theirs.description
    assert model.translated("fr") is model


@pytest.mark.parametrize("model", catalogue().values(), ids=lambda model: model.name)
def test_every_default_is_a_legal_value(model: Model) -> None:
    values, problems = check_parameters(model, {})
    pictures = {item.name for item in model.image_parameters}
    assert {problem.code for problem in problems} <= {"required"}, "only a picture is missed"
    assert (
        set(values) == {item.name for item in model.parameters if not item.is_optional} - pictures
    )


def test_voices_speak_the_languages_that_the_model_claims() -> None:
    voice = next(item for item in SPEECH.parameters if item.name == "voice")
    assert {option.language for option in voice.options} == set(SPEECH.languages)


def test_the_voices_are_those_of_the_served_model() -> None:
    served = json.loads((ROOT / "generation/serving/kokoro_speech/1/voices.json").read_text())
    voice = next(item for item in SPEECH.parameters if item.name == "voice")
    assert set(voice.choices) == {item["name"] for item in served["voices"]}


def test_a_further_folder_adds_and_replaces_models(folder: Path) -> None:
    (folder / "a.yaml").write_text(ENTRY.format(name="another", default=2))
    (folder / "b.yaml").write_text(ENTRY.format(name="tidegate-image", default=2))
    use_folders([folder])
    assert catalogue()["another"].limits.prompt_characters == 10
    assert catalogue()["tidegate-image"].title == "Another"


@pytest.mark.parametrize(
    ("text", "about"),
    [
        (ENTRY.format(name="another", default=9), "/parameters/steps"),
        (ENTRY.format(name="Not A Name", default=2), "name"),
        (ENTRY.format(name="another", default=2) + "surprise: 1\n", "surprise"),
        ("- just\n- a list\n", "a.yaml"),
        ("name: [", "a.yaml"),
    ],
)
def test_a_malformed_entry_stops_the_start_and_is_named(
    folder: Path, text: str, about: str
) -> None:
    (folder / "a.yaml").write_text(text)
    use_folders([folder])
    with pytest.raises(CatalogueRefused, match=about):
        catalogue()


@pytest.mark.parametrize(
    ("given_value", "code"),
    [
        (4, "out_of_range"),
        (51, "out_of_range"),
        (10**400, "out_of_range"),
        (20.0, "not_an_integer"),
        (True, "not_a_number"),
        ("20", "not_a_number"),
        ([], "not_a_number"),
        ({}, "not_a_number"),
    ],
)
def test_an_integer_is_an_integer_in_its_range(given_value: object, code: str) -> None:
    values, problems = check_parameters(IMAGE, {"steps": given_value})
    assert [(item.pointer, item.code) for item in problems] == [("/parameters/steps", code)]
    assert "steps" not in values


@pytest.mark.parametrize("given_value", [float("nan"), float("inf"), -float("inf"), 0.4, 2.01])
def test_a_number_is_finite_and_in_its_range(given_value: float) -> None:
    _, problems = check_parameters(SPEECH, {"speed": given_value})
    assert [item.code for item in problems] == ["out_of_range"]


def test_a_whole_number_where_a_number_is_meant_is_stored_as_one() -> None:
    values, _ = check_parameters(SPEECH, {"speed": 1})
    assert values["speed"] == 1.0
    assert isinstance(values["speed"], float)


def test_null_means_not_given() -> None:
    assert check_parameters(SPEECH, {"voice": None, "speed": None}) == ({"speed": 1.0}, [])


@pytest.mark.parametrize("given_value", ["af_nobody", 1, True, ["af_heart"]])
def test_a_choice_is_one_of_its_values(given_value: object) -> None:
    _, problems = check_parameters(SPEECH, {"voice": given_value})
    assert [item.code for item in problems] == ["unknown_choice"]


def test_a_true_is_not_the_choice_one() -> None:
    _, problems = check_parameters(IMAGE, {"size": 256.0})
    assert [item.code for item in problems] == ["not_an_integer"]


def test_an_unknown_name_is_quoted_safely() -> None:
    _, problems = check_parameters(IMAGE, {"a/b~\ud800": 1})
    assert problems[0].code == "unknown_parameter"
    json.dumps(problems[0].pointer, ensure_ascii=False).encode()
    assert problems[0].pointer == "/parameters/a~1b~0?"


@pytest.mark.parametrize(
    ("prompt", "clean"),
    [
        ("  a cat ", "a cat"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("tab\tstays", "tab\tstays"),
        ("一只猫 🐈", "一只猫 🐈"),
        ("a" * 500, "a" * 500),
        (" " * 400 + "a" * 100, "a" * 100),
    ],
)
def test_a_good_prompt_is_trimmed_and_kept(prompt: str, clean: str) -> None:
    assert check_prompt(IMAGE, prompt) == (clean, [])


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("", "empty"),
        (" \n\t ", "empty"),
        ("a" * 501, "too_long"),
        ("猫" * 501, "too_long"),
        ("a\0b", "control_character"),
        ("a\x1bb", "control_character"),
        ("a\x85b", "control_character"),
        ("a\udfffb", "control_character"),
    ],
)
def test_a_bad_prompt_says_why(prompt: str, code: str) -> None:
    clean, problems = check_prompt(IMAGE, prompt)
    assert clean == ""
    assert [(item.pointer, item.code) for item in problems] == [("/prompt", code)]


@given(st.text(max_size=1200))
def test_what_passes_can_be_stored_and_sent(prompt: str) -> None:
    clean, problems = check_prompt(IMAGE, prompt)
    assert bool(clean) != bool(problems)
    assert "\0" not in clean.encode().decode()
    assert check_prompt(IMAGE, clean) == (clean, []) or problems


@pytest.mark.parametrize("seed", [0, 1, LARGEST_SEED])
def test_a_seed_is_any_integer_that_json_readers_keep(seed: int) -> None:
    assert check_seed(seed) == []


@pytest.mark.parametrize("seed", [-1, LARGEST_SEED + 1, 1.0, "1", True])
def test_other_seeds_are_refused(seed: object) -> None:
    assert [item.pointer for item in check_seed(seed)] == ["/seed"]


def test_free_texts_among_the_parameters_are_screened_with_the_prompt() -> None:
    values, _ = check_parameters(TEXT, {"system": "be brief"})
    assert screened_text(TEXT, "a headline", values) == "a headline\n\nbe brief"
    assert screened_text(SPEECH, "hello", {"voice": "af_heart", "speed": 1.0}) == "hello"
