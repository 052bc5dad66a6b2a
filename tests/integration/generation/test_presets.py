"""Presets: kept, versioned, published by the gate's leave, and what they make of a job."""

from typing import Any

import pytest
from django.db import ProgrammingError, transaction

from generation.app import services
from generation.app.models import Job, Preset, PresetVersion
from generation.app.presets import publishing, selectors
from generation.app.presets import services as presets
from generation.app.presets.words import PresetWords
from generation.app.services import JobRequest
from tests.factories import make_member, make_organisation, make_user, owner_of, viewer_of
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tidegate.audit.models import Entry
from tidegate.contracts.moderation import VerdictName
from tidegate.primitives.errors import (
    Conflict,
    InvalidInput,
    InvalidMove,
    NotAllowed,
    NotFound,
)

pytestmark = pytest.mark.django_db
ANIMALS: dict[str, Any] = {
    "prompt": "a {size} {*animals}, {sleeping|running}",
    "negative_prompt": "{size}",
    "style": "ink",
    "parameters": {"steps": 9, "guidance": None},
    "variables": [{"name": "size", "type": "choice", "choices": ["big", "tiny"]}],
    "lists": {"animals": ["cat", "dog"]},
}


def words(**fields: Any) -> PresetWords:
    whole = {"name": "Animals", "model_name": "tidegate-image", "prompt": "a cat", **fields}
    return PresetWords(**whole)


def kept(maker: Maker, **fields: Any) -> PresetVersion:
    return presets.create_preset(
        viewer=maker.viewer,
        organisation_id=maker.organisation_id,
        scope="user",
        words=words(**fields),
    )


def actions(version: PresetVersion) -> list[str]:
    entries = Entry.objects.filter(subject_id=str(version.preset_id)).order_by("seq")
    return list(entries.values_list("action", flat=True))


def asks(maker: Maker, version: PresetVersion, **fields: Any) -> Job:
    request = JobRequest(model_name="", preset_id=version.preset_id, **fields)
    return services.submit_request(
        viewer=maker.viewer, project_id=maker.project.pk, request=request
    )


def wrong(maker: Maker, version: PresetVersion, **fields: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        asks(maker, version, **fields)
    return {(error.pointer, error.code) for error in refused.value.errors}


def test_a_job_stores_what_the_preset_wrote_and_names_its_version(
    maker: Maker, gate: FakeGate
) -> None:
    version = kept(maker, **ANIMALS)
    drawn = {asks(maker, version, seed=seed, variables={"size": "big"}).prompt for seed in range(9)}
    assert drawn == {f"a big {animal}, {does}" for animal in ("cat", "dog") for does in DOES}
    job = asks(maker, version, seed=3, variables={"size": "tiny"}, parameters={"steps": 12})
    job.refresh_from_db()
    assert job.prompt == asks(maker, version, seed=3, variables={"size": "tiny"}).prompt
    assert (job.preset_version_id, job.style, job.model_name) == (
        version.pk,
        "ink",
        "tidegate-image",
    )
    # What the request says counts most, then the preset, then the style, then the model.
    assert job.parameters == {
        "steps": 12,
        "guidance": 1.5,
        "size": 256,
        "colour": "black",
        "negative_prompt": "tiny",
    }
    assert job.prompt in gate.prompts[-1]
    assert "tiny" in gate.prompts[-1].removeprefix(job.prompt)


DOES = ("sleeping", "running")


def test_an_earlier_version_can_be_asked_for_and_none_ever_changes(maker: Maker) -> None:
    first = kept(maker)
    second = presets.add_version(
        viewer=maker.viewer, preset_id=first.preset_id, words=words(prompt="a dog"), latest=1
    )
    assert (second.number, asks(maker, first).prompt) == (2, "a dog")
    assert asks(maker, first, preset_number=1).prompt == "a cat"
    again = presets.add_version(
        viewer=maker.viewer, preset_id=first.preset_id, words=words(prompt="a dog")
    )
    assert again.pk == second.pk
    with pytest.raises(Conflict, match="latest version is 2"):
        presets.add_version(viewer=maker.viewer, preset_id=first.preset_id, words=words(), latest=1)
    with pytest.raises(ProgrammingError, match="never changes"), transaction.atomic():
        PresetVersion.objects.filter(pk=first.pk).update(prompt="a mouse")
    assert actions(first) == ["preset.created", "preset.changed"]


def test_a_request_that_does_not_fit_its_preset_says_where(maker: Maker) -> None:
    version = kept(maker, **ANIMALS)
    assert wrong(maker, version) == {("/variables/size", "required")}
    assert wrong(maker, version, variables={"size": "big", "x": 1}) == {
        ("/variables/x", "unknown_parameter")
    }
    assert wrong(maker, version, variables={"size": "big"}, prompt="mine") == {
        ("/prompt", "not_taken")
    }
    assert wrong(maker, version, variables={"size": "big"}, style="oil") == {
        ("/style", "unknown_style")
    }
    assert wrong(maker, version, preset_number=9) == {("/preset_version", "unknown_preset")}
    presets.archive_preset(viewer=maker.viewer, preset_id=version.preset_id, is_archived=True)
    assert wrong(maker, version, variables={"size": "big"}) == {("/preset", "preset_archived")}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"prompt": "a {size}"}, ("/prompt", "unknown_variable")),
        ({"prompt": "{"}, ("/prompt", "invalid_template")),
        ({"style": "oil"}, ("/style", "unknown_style")),
        ({"parameters": {"steps": 99}}, ("/parameters/steps", "out_of_range")),
        ({"parameters": {"wings": 2}}, ("/parameters/wings", "unknown_parameter")),
        (
            {"model_name": "smollm2-135m", "negative_prompt": "x"},
            ("/negative_prompt", "not_taken"),
        ),
        (
            {"model_name": "tidegate-variation", "parameters": {"image": "x"}},
            ("/parameters/image", "not_taken"),
        ),
        ({"model_name": "nope"}, ("/model", "unknown_model")),
    ],
)
def test_a_preset_that_could_never_be_used_is_not_kept(
    maker: Maker, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        kept(maker, **fields)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [expected]
    assert not Preset.objects.exists()


@pytest.mark.parametrize(
    ("verdict", "publication"),
    [
        ("release", "public"),
        ("hold", "held"),
        ("unavailable", "unanswered"),
        ("block", "refused"),
    ],
)
def test_everybody_sees_only_what_the_gate_released(
    maker: Maker, gate: FakeGate, verdict: VerdictName, publication: str
) -> None:
    version = kept(maker, **ANIMALS)
    stranger = viewer_of(make_user())
    gate.prompt_verdict = verdict
    published = publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
    assert published.publication == publication
    assert "Animals" in gate.prompts[-1]
    assert "running" in gate.prompts[-1]
    assert selectors.presets_visible_to(stranger).exists() is (verdict == "release")
    assert selectors.public_presets().exists() is (verdict == "release")
    # Asked again: what was held or unanswered may come through, what was refused may not.
    gate.prompt_verdict = "release"
    asked = len(gate.prompts)
    if verdict == "block":
        with pytest.raises(InvalidMove):
            publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
        assert len(gate.prompts) == asked
    else:
        again = publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
        assert again.publication == "public"
        assert len(gate.prompts) == asked + (verdict != "release")


def test_a_new_version_stays_private_and_a_withdrawn_preset_goes_at_once(
    maker: Maker, gate: FakeGate
) -> None:
    version = kept(maker)
    publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
    presets.add_version(
        viewer=maker.viewer, preset_id=version.preset_id, words=words(prompt="a secret")
    )
    stranger = Maker()
    assert selectors.version_for(stranger.viewer, version.preset_id).number == 1
    assert asks(stranger, version).prompt == "a cat"
    assert wrong(stranger, version, preset_number=2) == {("/preset_version", "unknown_preset")}
    publishing.withdraw_preset(viewer=maker.viewer, preset_id=version.preset_id)
    publishing.withdraw_preset(viewer=maker.viewer, preset_id=version.preset_id)
    assert wrong(stranger, version) == {("/preset", "unknown_preset")}
    with pytest.raises(NotFound):
        publishing.publish_version(viewer=stranger.viewer, preset_id=version.preset_id)
    publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id, number=1)
    assert asks(stranger, version).prompt == "a cat"
    with pytest.raises(NotAllowed):
        publishing.withdraw_preset(viewer=stranger.viewer, preset_id=version.preset_id)


def test_staff_take_a_preset_down_with_a_reason_and_reinstate_it(
    maker: Maker, gate: FakeGate
) -> None:
    version = kept(maker)
    reviewer = viewer_of(make_user(staff=["reviewer"]))
    with pytest.raises(NotFound):
        publishing.take_down_preset(
            viewer=reviewer, preset_id=version.preset_id, reason="never asked to be public"
        )
    publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
    stranger = viewer_of(make_user())
    with pytest.raises(NotAllowed):
        publishing.take_down_preset(viewer=stranger, preset_id=version.preset_id, reason="x")
    with pytest.raises(InvalidInput):
        publishing.take_down_preset(viewer=reviewer, preset_id=version.preset_id, reason=" ")
    publishing.take_down_preset(
        viewer=reviewer, preset_id=version.preset_id, reason="names a person"
    )
    assert not selectors.versions_visible_to(stranger).exists()
    with pytest.raises(Conflict, match="names a person"):
        publishing.publish_version(viewer=maker.viewer, preset_id=version.preset_id)
    publishing.take_down_preset(
        viewer=reviewer, preset_id=version.preset_id, reason="they agreed", is_taken_down=False
    )
    assert selectors.versions_visible_to(stranger).exists()
    assert actions(version) == [
        "preset.created",
        "preset.published",
        "preset.taken_down",
        "preset.reinstated",
    ]


def test_an_organisations_presets_are_its_members_and_kept_by_its_admins(
    maker: Maker, gate: FakeGate
) -> None:
    home = make_organisation()
    owner, member = viewer_of(owner_of(home)), viewer_of(make_member(home))
    with pytest.raises(NotAllowed):
        presets.create_preset(
            viewer=member, organisation_id=home.pk, scope="organisation", words=words()
        )
    version = presets.create_preset(
        viewer=owner, organisation_id=home.pk, scope="organisation", words=words()
    )
    assert selectors.version_for(member, version.preset_id) == version
    with pytest.raises(NotAllowed):
        presets.add_version(viewer=member, preset_id=version.preset_id, words=words())
    with pytest.raises(NotAllowed):
        presets.archive_preset(viewer=member, preset_id=version.preset_id, is_archived=True)
    with pytest.raises(NotAllowed):
        publishing.publish_version(viewer=member, preset_id=version.preset_id)
    with pytest.raises(NotFound):
        selectors.version_for(maker.viewer, version.preset_id)
    mine = presets.create_preset(
        viewer=member, organisation_id=home.pk, scope="user", words=words()
    )
    with pytest.raises(NotFound):
        selectors.version_for(owner, mine.preset_id)
