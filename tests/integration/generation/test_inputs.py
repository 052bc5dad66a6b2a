"""Jobs that work on pictures: what one may give, what reaches the generator, who is the parent."""

from typing import Any

import pytest

from generation.app import runner, services
from generation.app.models import Job, JobInput
from tests.factories import make_asset, make_collaborator, make_project, make_user, viewer_of
from tests.fakes.gate import FakeGate
from tests.fakes.generator import draws
from tests.integration.generation.maker import Maker
from tests.integration.uploads.drawing import picture
from tidegate.assets.models import Asset
from tidegate.assets.services import Media, move_asset
from tidegate.primitives.actor import Actor
from tidegate.primitives.errors import InvalidInput
from tidegate.primitives.ids import new_id
from tidegate.uploads import services as uploads
from tidegate.uploads.models import Upload

pytestmark = pytest.mark.django_db

PICTURE = picture("teal", kind="PNG")


def brings(maker: Maker, data: bytes = PICTURE) -> Upload:
    return uploads.add_upload(viewer=maker.viewer, project_id=maker.project.pk, data=data)[0]


def shows(maker: Maker, visibility: str = "released", **fields: Any) -> Asset:
    """A picture of somebody's."""
    return make_asset(
        maker.project,
        owner=maker.user,
        visibility=visibility,
        modality="image",
        media=[Media("original", PICTURE, "image/png")],
        **fields,
    )


def edits(maker: Maker, image: object, model: str = "tidegate-image-edit", **given: Any) -> Job:
    prompt = given.pop("prompt", "a red kite")
    parent = given.pop("parent_id", None)
    return maker.asks(
        prompt, model_name=model, parent_id=parent, parameters={"image": str(image), **given}
    )


def complaint(maker: Maker, image: object, model: str = "tidegate-image-edit") -> tuple[str, str]:
    with pytest.raises(InvalidInput) as refused:
        edits(maker, image, model)
    assert not Job.objects.filter(requested_by=maker.user).exists()
    (error,) = refused.value.errors
    return error.pointer, error.code


def test_an_upload_reaches_the_generator_as_bytes_and_never_as_an_id(maker: Maker) -> None:
    image, mask = brings(maker), brings(maker, picture("white"))
    job = edits(maker, image.pk, mask=str(mask.pk), strength=0.5)
    kept = {item.name: item.upload_id for item in JobInput.objects.filter(job=job)}
    assert kept == {"image": image.pk, "mask": mask.pk}
    generator = draws()
    runner.run_next(modality="image", generator=generator)
    (asked,) = generator.asked
    assert asked["parameters"] == {"strength": 0.5, "steps": 20, "guidance": 3.0}
    sent = asked["inputs"]
    assert isinstance(sent, dict)
    assert set(sent) == {"image", "mask"}
    assert sent["image"].startswith(b"\x89PNG")
    assert sent["image"] != sent["mask"]
    asset = Asset.objects.get(job_id=job.pk)
    assert (asset.parent_id, asset.prompt) == (None, "a red kite")
    assert set(asset.parameters) == {"strength", "steps", "guidance"}


@pytest.mark.parametrize("visibility", ["released", "withdrawn"])
def test_ones_own_picture_is_worked_on_and_is_the_parent(maker: Maker, visibility: str) -> None:
    source = shows(maker, visibility)
    job = edits(maker, source.pk)
    assert job.parent_id == source.pk
    runner.run_next(modality="image", generator=draws())
    assert Asset.objects.get(job_id=job.pk).parent_id == source.pk


@pytest.mark.parametrize("visibility", ["pending", "held", "blocked"])
def test_what_has_not_passed_the_gate_is_not_worked_on(maker: Maker, visibility: str) -> None:
    refused = complaint(maker, shows(maker, visibility).pk)
    assert refused == ("/parameters/image", "image_not_usable")


@pytest.mark.parametrize("verdict", ["hold", "unavailable", "block"])
def test_an_upload_that_did_not_pass_is_not_used(
    maker: Maker, gate: FakeGate, verdict: Any
) -> None:
    gate.image_verdict = verdict
    assert complaint(maker, brings(maker).pk) == ("/parameters/image", "image_not_usable")


def test_what_one_may_not_see_does_not_exist(maker: Maker) -> None:
    other = Maker()
    private = make_project(other.project.organisation, audience="private", creator=other.user)
    hidden = make_asset(
        private,
        owner=other.user,
        modality="image",
        media=[Media("original", PICTURE, "image/png")],
    )
    for image in (brings(other).pk, shows(other, "held").pk, hidden.pk, new_id()):
        for model in ("tidegate-image-edit", "tidegate-variation"):
            assert complaint(maker, image, model) == ("/parameters/image", "unknown_image")


def test_anothers_released_picture_is_varied_and_nothing_else(maker: Maker) -> None:
    source = shows(Maker(), prompt="a lighthouse in fog")
    for model in ("tidegate-image-edit", "tidegate-upscale", "tidegate-stylise"):
        assert complaint(maker, source.pk, model) == ("/parameters/image", "image_not_yours")
    job = edits(maker, source.pk, "tidegate-variation", prompt="")
    assert (job.parent_id, job.prompt) == (source.pk, "a lighthouse in fog")
    runner.run_next(modality="image", generator=draws())
    made = Asset.objects.get(job_id=job.pk)
    assert (made.parent_id, made.owner_id) == (source.pk, maker.user.pk)


def test_staff_work_on_no_more_than_others(maker: Maker) -> None:
    reviewer = make_user(staff=["reviewer"])
    make_collaborator(maker.project, "editor", reviewer)
    held = shows(maker, "held")
    with pytest.raises(InvalidInput):
        services.submit_job(
            viewer=viewer_of(reviewer),
            project_id=maker.project.pk,
            model_name="tidegate-variation",
            prompt="",
            parameters={"image": str(held.pk)},
        )


def test_an_asset_that_is_no_picture_is_refused(maker: Maker) -> None:
    text = make_asset(maker.project, owner=maker.user)
    assert complaint(maker, text.pk) == ("/parameters/image", "not_an_image")


def test_a_takedown_reaches_jobs_that_wait(maker: Maker) -> None:
    source = shows(Maker())
    job = edits(maker, source.pk, "tidegate-variation")
    move_asset(asset_id=source.pk, to="held", actor=Actor.system("tests"), reason="reported")
    generator = draws()
    runner.run_next(modality="image", generator=generator)
    job.refresh_from_db()
    assert generator.asked == []
    assert (job.state, job.error_code, job.does_retry_help) == (
        "failed",
        "input_unavailable",
        False,
    )


def test_an_upload_that_was_given_back_serves_the_jobs_that_were_asked_for(maker: Maker) -> None:
    upload = brings(maker)
    job = edits(maker, upload.pk)
    uploads.remove_upload(viewer=maker.viewer, upload_id=upload.pk)
    generator = draws()
    runner.run_next(modality="image", generator=generator)
    job.refresh_from_db()
    assert job.state == "succeeded"
    with pytest.raises(InvalidInput):
        edits(maker, upload.pk)


def test_a_named_parent_goes_before_the_given_picture(maker: Maker) -> None:
    named, source = shows(maker), shows(maker)
    assert edits(maker, source.pk, parent_id=named.pk).parent_id == named.pk


def test_without_words_nothing_is_asked_and_the_output_has_the_models_title(
    maker: Maker, gate: FakeGate
) -> None:
    job = edits(maker, brings(maker).pk, "tidegate-upscale", prompt="")
    assert gate.prompts == []
    assert (job.prompt, job.screened_at is not None) == ("", True)
    runner.run_next(modality="image", generator=draws())
    assert Asset.objects.get(job_id=job.pk).title == "Tidegate Upscale"


def test_a_picture_that_is_needed_must_be_given(maker: Maker) -> None:
    with pytest.raises(InvalidInput) as refused:
        maker.asks("a kite", model_name="tidegate-image-edit")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [
        ("/parameters/image", "required")
    ]
