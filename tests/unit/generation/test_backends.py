"""From a catalogue entry to the folder of a Triton model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from generation.core.backends.folders import render_model_folder, write_model_folder
from generation.core.backends.options import BACKENDS, OptionsRefused, read_options
from generation.core.backends.served import Served, decode_served
from generation.core.catalogue import CatalogueRefused, Model, catalogue
from generation.core.catalogue.files import read_entry
from generation.core.wire import GenerateRequest, InvalidRequest

ENTRY = """
name: some-image
title: Some image
modality: image
triton_model: some_image
licence: MIT
languages: [en]
description: Another model.
cost_credits: 1
limits: {prompt_characters: 77, deadline_seconds: 5, wait_seconds: 60}
backend: diffusers_image
options: {source: owner/name, batch: 4, queue_delay_ms: 20}
parameters:
  - {name: steps, type: integer, minimum: 1, maximum: 4, default: 2, description: d}
  - {name: guidance, type: number, minimum: 0, maximum: 2, default: 1.5, description: d}
  - {name: size, type: choice, choices: [256x256, 512x256], default: 256x256, description: d}
  - {name: width, type: integer, choices: [64, 128], default: 64, description: d}
  - {name: negative_prompt, type: text, maximum: 5, optional: true, description: d}
"""

SHIPPED = [model for model in catalogue().values() if model.backend is not None]


def entry(**changes: Any) -> Model:
    return read_entry(yaml.safe_load(ENTRY) | changes)


def served_of(model: Model) -> Served:
    return decode_served(render_model_folder(model)["1/served.json"])


def test_an_entry_becomes_a_folder_of_three_files() -> None:
    files = render_model_folder(entry())
    assert set(files) == {"config.pbtxt", "1/model.py", "1/served.json"}
    assert 'name: "some_image"' in files["config.pbtxt"]
    assert "tidegate_backends.diffusers_image import TritonPythonModel" in files["1/model.py"]
    compile(files["1/model.py"], "model.py", "exec")


def test_a_folder_says_everything_the_back_end_needs_and_can_be_read_again() -> None:
    served = served_of(entry())
    assert (served.entry, served.backend, served.prompt_characters) == (
        "some-image",
        "diffusers_image",
        77,
    )
    assert served.options == read_options(
        "diffusers_image", {"source": "owner/name", "batch": 4, "queue_delay_ms": 20}
    )


def test_the_same_entry_gives_the_same_files() -> None:
    assert render_model_folder(entry()) == render_model_folder(entry())


def test_requests_are_batched_by_triton_where_the_entry_says_so() -> None:
    config = render_model_folder(entry())["config.pbtxt"]
    assert "max_batch_size: 4" in config
    assert "dynamic_batching { max_queue_delay_microseconds: 20000 }" in config
    alone = render_model_folder(entry(options={"source": "owner/name"}))["config.pbtxt"]
    assert "max_batch_size: 0" in alone
    assert "dynamic_batching" not in alone


def test_only_what_takes_pictures_has_tensors_for_them() -> None:
    assert "IMAGE" in render_model_folder(entry())["config.pbtxt"]
    speaking = entry(
        modality="text", backend="transformers_text", options={"source": "a/b"}, parameters=[]
    )
    assert "IMAGE" not in render_model_folder(speaking)["config.pbtxt"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backend": "diffusers"}, "no back-end is called 'diffusers'"),
        ({"options": {}}, "source: Field required"),
        ({"options": {"source": "a/b", "surprise": 1}}, "surprise"),
        ({"options": {"source": "a/b", "trust_remote_code": True}}, "trust_remote_code"),
        ({"options": {"source": "a b"}}, "source"),
        ({"options": {"source": "a/b", "dtype": "int8"}}, "dtype"),
        ({"options": {"source": "a/b", "device": "tpu"}}, "device"),
        ({"options": {"source": "a/b", "batch": 0}}, "batch"),
        ({"options": {"source": "a/b", "device": "cpu", "device_map": "auto"}}, "device out"),
        ({"options": {"source": "a/b", "device": "cpu", "offload": "model"}}, "one GPU"),
        (
            {
                "options": {
                    "source": "a/b",
                    "quantisation": "float8",
                    "adapters": [{"name": "x", "source": "c/d"}],
                }
            },
            "float8",
        ),
        (
            {"options": {"source": "a/b", "argument_names": {"colour": "hue"}}},
            "no parameter is called colour",
        ),
        ({"modality": "video"}, "makes image, not video"),
        (
            {
                "parameters": [
                    {"name": "speed", "type": "text", "maximum": 3, "optional": True}
                    | {"description": "d"}
                ]
            },
            "has no parameter speed",
        ),
        ({"backend": None}, "options belong to a backend"),
    ],
)
def test_an_entry_that_no_back_end_can_serve_is_refused_when_it_is_read(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(CatalogueRefused, match=words):
        entry(**changes)


def test_a_shipped_model_has_no_folder_to_render() -> None:
    with pytest.raises(OptionsRefused, match="written by hand"):
        render_model_folder(entry(backend=None, options={}))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "m"}, "base_url or base_url_env"),
        ({"model": "m", "base_url": "http://h", "base_url_env": "X"}, "base_url or base_url_env"),
        ({"model": "m", "base_url": "ftp://h"}, "base_url"),
        ({"model": "m", "base_url": "http://h", "api_key_env": "sk-secret"}, "api_key_env"),
        ({"model": "m", "base_url": "http://h", "batch": 2}, "batch"),
    ],
)
def test_a_remote_server_has_one_address_and_its_key_stays_in_the_environment(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(OptionsRefused, match=words):
        read_options("openai_compatible", options)


def test_every_back_end_knows_its_modalities_and_parameters() -> None:
    for shape in BACKENDS.values():
        assert shape.modalities
        assert shape.parameters


def test_a_request_gets_the_entry_s_defaults() -> None:
    values = served_of(entry()).values(GenerateRequest("a tide"))
    assert values == {"steps": 2, "guidance": 1.5, "size": "256x256", "width": 64}


def test_what_a_request_says_wins() -> None:
    asked = GenerateRequest("a tide", {"steps": 4, "width": 128, "negative_prompt": "sand"})
    values = served_of(entry()).values(asked)
    assert (values["steps"], values["width"], values["negative_prompt"]) == (4, 128, "sand")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"steps": 5}, "steps must be between 1 and 4"),
        ({"steps": 1.5}, "steps must be a whole number"),
        ({"steps": "2"}, "steps must be a number"),
        ({"steps": True}, "steps must be a number"),
        ({"guidance": float("nan")}, "guidance must be between"),
        ({"size": "1x1"}, "size must be one of 256x256, 512x256"),
        ({"width": 65}, "width must be one of 64, 128"),
        ({"width": 64.0}, "width must be one of"),
        ({"negative_prompt": "a" * 6}, "longer than 5"),
        ({"strength": 1}, "unknown parameter strength"),
    ],
)
def test_a_value_outside_the_entry_s_range_is_refused_by_name(
    parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest, match=words):
        served_of(entry()).values(GenerateRequest("a tide", parameters))


def test_a_folder_names_the_variable_of_a_key_and_holds_no_key() -> None:
    options = {"model": "m", "base_url": "http://h/v1", "api_key_env": "SOME_KEY"}
    model = entry(modality="text", backend="openai_compatible", options=options, parameters=[])
    written = json.loads(render_model_folder(model)["1/served.json"])
    assert written["options"]["api_key_env"] == "SOME_KEY"


def test_a_folder_is_written_as_it_is_rendered_and_again_when_the_entry_changed(
    tmp_path: Path,
) -> None:
    for model in (entry(), entry(), entry(options={"source": "owner/other"})):
        folder = write_model_folder(model, tmp_path)
        assert folder == tmp_path / "some_image"
        rendered = render_model_folder(model)
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        assert found == set(rendered)
        assert all((folder / name).read_text() == text for name, text in rendered.items())


@pytest.mark.parametrize("model", SHIPPED, ids=lambda model: model.name)
def test_a_shipped_entry_of_a_back_end_is_off_until_an_operator_has_read_its_terms(
    model: Model,
) -> None:
    assert not model.is_enabled
    assert model.loading.when == "demand"
    assert model.licence_url or model.use_restrictions
    assert served_of(model).values(GenerateRequest("a tide"))


def test_weights_that_are_not_for_commercial_use_say_so_first() -> None:
    first = {model.name: model.use_restrictions[0] for model in SHIPPED if model.use_restrictions}
    assert first["musicgen-small"].startswith("Non-commercial use only")
    assert first["sdxl-turbo"].startswith("Not for commercial use")


def test_every_back_end_has_an_entry_to_begin_from() -> None:
    assert {model.backend for model in SHIPPED} == set(BACKENDS)
    assert len({model.triton_model for model in SHIPPED}) == len(SHIPPED)
