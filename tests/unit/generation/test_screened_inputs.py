"""Every kind of thing that a creator can bring has its way through the gate."""

from dataclasses import fields
from typing import get_args

from generation.app.services.checking import JobRequest
from generation.core.catalogue import catalogue
from generation.core.catalogue.checks import SCREENING, screened_fields
from generation.core.catalogue.model import ParameterType, Value
from moderation.app.examination import PHASES

# How the words and files of a request for a job reach the gate. Fine-tuning data would be one more:
# whoever adds a field says here how it is screened.
OF_A_REQUEST = {
    "prompt": "words: /prompt",
    "parameters": "by their kind: SCREENING",
    "preset_id": "words: the preset's, filled, are the prompt and the parameters",
    "variables": "words: written into the prompt and the parameters",
    "style": "words: written into the prompt and the parameters, from the entry",
    "parent_id": "an asset that one may see",
    "model_name": "closed",
    "seed": "closed",
    "priority": "closed",
    "outputs": "closed",
    "cancel_after": "closed",
    "deadline": "closed",
    "preset_number": "closed",
}


def test_a_parameter_of_a_new_kind_needs_a_way_through_the_gate() -> None:
    assert set(SCREENING) == set(get_args(ParameterType))


def test_a_new_field_of_a_request_needs_a_way_through_the_gate() -> None:
    assert {one.name for one in fields(JobRequest)} == set(OF_A_REQUEST)


def test_every_free_text_of_every_model_is_screened_under_its_pointer() -> None:
    for model in catalogue().values():
        texts = {one.name for one in model.parameters if one.type == "text"}
        values: dict[str, Value] = {name: f"words of {name}" for name in texts}
        found = screened_fields(model, "the prompt", values)
        assert found == {
            "/prompt": "the prompt",
            **{f"/parameters/{name}": f"words of {name}" for name in texts},
        }


def test_every_phase_that_a_shipped_model_needs_has_a_handler() -> None:
    needed = {phase for model in catalogue().values() for phase in model.safety.phases}
    assert needed <= PHASES
