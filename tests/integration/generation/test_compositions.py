"""One request, several parts, one whole: each part judged by itself, the whole shown by all."""

import json
from typing import Any

import pytest
from django.db import connections

from generation.app import board
from generation.app.compositions import offers
from generation.app.compositions import services as compositions
from generation.app.models import Composition, Job
from generation.core.recipes import read_recipe
from recommendations.app.models import Item
from recommendations.app.services import list_item
from tests.factories import make_account, viewer_of
from tests.fakes.gate import FakeGate
from tests.integration.generation.composing import (
    STORY,
    asks,
    judge,
    make,
    make_the_rest,
    output_of,
    part,
    parts,
    sees,
    stream,
)
from tests.integration.generation.maker import Maker, at_once
from tests.integration.generation.paying import assert_no_drift, moved
from tests.unit.generation.recipes.test_recipes import SLIDE, TEXT, VOICE, written
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition
from tidegate.assets.services import restore_asset, withdraw_asset
from tidegate.audit.models import Entry
from tidegate.contracts.generation import CompositionEnded
from tidegate.events.models import Outbox
from tidegate.ledger import services as ledger
from tidegate.ledger.selectors import balance_of
from tidegate.ledger.services import Subject
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

EVERYTHING = {"story", "picture", "narration", "film", "whole"}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


@pytest.fixture
def lesson(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recipe with a list, and a voice that it can do without."""
    recipe = read_recipe(written(TEXT, SLIDE, {**VOICE, "optional": True}))
    monkeypatch.setattr(offers, "recipes", lambda: {"test": recipe})


def completed(maker: Maker) -> Composition:
    composition = asks(maker)
    make("text")
    make("image")
    for name in ("story", "picture"):
        judge(composition, name)
    stream()
    make_the_rest(composition)
    stream()
    moved(Asset.objects.get(pk=composition.pk), "released")
    composition.refresh_from_db()
    return composition


def test_what_needs_another_part_waits_until_that_passed_the_gate(maker: Maker) -> None:
    composition = asks(maker)
    assert parts(composition) == {
        "story": "working",
        "picture": "working",
        "narration": "waiting",
        "film": "waiting",
    }
    make("text")
    stream()
    assert parts(composition)["narration"] == "waiting"
    judge(composition, "story", "held")
    stream()
    assert parts(composition)["narration"] == "waiting"
    judge(composition, "story")
    stream()
    narration = part(composition, "narration").job
    assert narration is not None
    assert (narration.prompt, narration.model_name) == (STORY, "kokoro-82m")
    assert narration.correlation_id == composition.correlation_id
    assert parts(composition)["film"] == "waiting"
    make("image")
    judge(composition, "picture")
    stream()
    film = part(composition, "film").job
    assert film is not None
    assert film.parameters["image"] == str(output_of(composition, "picture").pk)
    assert film.parameters["narration"] == STORY


def test_nobody_else_sees_a_part_before_all_are_released_and_everybody_all_of_them_then(
    maker: Maker,
) -> None:
    other = viewer_of(make_account().user)
    composition = asks(maker)
    make("text")
    make("image")
    judge(composition, "story")
    stream()
    judge(composition, "picture")
    stream()
    make_the_rest(composition)
    # A report came before the whole did.
    judge(composition, "picture", "held")
    stream()
    assert sees(other, composition) == set()
    assert sees(maker.viewer, composition) == EVERYTHING - {"whole"}
    judge(composition, "picture")
    assert sees(other, composition) == set()
    stream()
    # The whole is there, and not yet judged.
    assert sees(other, composition) == set()
    moved(Asset.objects.get(pk=composition.pk), "released")
    assert sees(other, composition) == EVERYTHING


def test_a_part_that_goes_takes_the_whole_with_it_and_brings_it_back(maker: Maker) -> None:
    other = viewer_of(make_account().user)
    composition = completed(maker)
    picture = output_of(composition, "picture")
    whole = Asset.objects.get(pk=composition.pk)
    assert list_item(asset_id=whole.pk).is_listed
    assert not list_item(asset_id=picture.pk).is_listed
    withdraw_asset(viewer=maker.viewer, asset_id=picture.pk)
    assert sees(other, composition) == set()
    assert sees(maker.viewer, composition) == EVERYTHING
    list_item(asset_id=picture.pk)
    assert not Item.objects.get(pk=whole.pk).is_listed
    restore_asset(viewer=maker.viewer, asset_id=picture.pk)
    assert sees(other, composition) == EVERYTHING
    moved(picture, "held", "blocked")
    assert sees(other, composition) == set()
    composition.refresh_from_db()
    assert composition.state == "completed"


def test_the_whole_is_a_table_of_its_parts_under_the_cover_picture(maker: Maker) -> None:
    composition = completed(maker)
    whole = Asset.objects.get(pk=composition.pk)
    assert (whole.modality, whole.title, whole.prompt) == (
        "composition",
        "a small boat",
        "a small boat",
    )
    assert STORY in whole.text
    kinds = {one.kind: one for one in whole.renditions.all()}
    assert set(kinds) == {"original", "poster"}
    picture = Rendition.objects.get(asset=output_of(composition, "picture"))
    assert kinds["poster"].blob_id == picture.blob_id
    table = json.loads(storage.read(kinds["original"].blob_id))
    assert [one["name"] for one in table["parts"]] == ["story", "picture", "narration", "film"]


def test_events_that_come_again_and_sweeps_change_nothing(maker: Maker) -> None:
    composition = completed(maker)
    before = (Job.objects.count(), Asset.objects.count(), Entry.objects.count())
    stream(is_repeated=True)
    compositions.sweep_compositions()
    assert compositions.advance(composition.pk) is None
    assert (Job.objects.count(), Asset.objects.count(), Entry.objects.count()) == before
    assert Outbox.objects.filter(type=CompositionEnded.TYPE).count() == 1
    assert_no_drift()


def test_the_sweeper_does_what_lost_events_would_have(maker: Maker) -> None:
    composition = asks(maker)
    make("text")
    make("image")
    judge(composition, "story")
    judge(composition, "picture")
    compositions.sweep_compositions()
    make_the_rest(composition)
    compositions.sweep_compositions()
    composition.refresh_from_db()
    assert composition.state == "completed"
    assert Asset.objects.get(pk=composition.pk).visibility == "pending"


def test_a_blocked_part_ends_it_and_calls_off_what_is_open(maker: Maker) -> None:
    other = viewer_of(make_account().user)
    composition = asks(maker)
    make("text")
    judge(composition, "story", "blocked")
    stream()
    composition.refresh_from_db()
    assert (composition.state, composition.error_part, composition.error_code) == (
        "failed",
        "story",
        "part_blocked",
    )
    # The process died before it called the picture off.
    assert part(composition, "picture").job.state == "queued"  # type: ignore[union-attr]
    assert compositions.sweep_compositions().called_off == 1
    assert part(composition, "picture").job.state == "cancelled"  # type: ignore[union-attr]
    moved(output_of(composition, "story"), "released")
    assert sees(other, composition) == set()
    assert_no_drift()


def test_a_refused_prompt_ends_it(maker: Maker, gate: FakeGate) -> None:
    gate.prompt_verdict, gate.only = "block", "story for children"
    composition = asks(maker)
    stream()
    composition.refresh_from_db()
    assert (composition.error_part, composition.error_code) == ("story", "prompt_refused")


def test_too_few_credits_for_a_later_part_end_it_with_that_reason(maker: Maker) -> None:
    composition = asks(maker)
    make("text")
    judge(composition, "story")
    spare = balance_of(maker.organisation_id).available
    _spend(maker, spare)
    stream()
    composition.refresh_from_db()
    assert (composition.state, composition.error_part, composition.error_code) == (
        "failed",
        "narration",
        "insufficient_credits",
    )


def _spend(maker: Maker, amount: int) -> None:
    ledger.reserve(
        organisation_id=maker.organisation_id,
        subject=Subject("generation.job", new_id()),
        amount=amount,
        quantity=1,
        correlation_id=new_id(),
    )


def test_its_asker_cancels_it_and_nobody_else(maker: Maker) -> None:
    composition = asks(maker)
    make("text")
    stranger = viewer_of(make_account().user)
    with pytest.raises(NotFound):
        compositions.cancel_composition(viewer=stranger, composition_id=composition.pk)
    for _ in range(2):
        compositions.cancel_composition(viewer=maker.viewer, composition_id=composition.pk)
    composition.refresh_from_db()
    assert composition.state == "cancelled"
    assert part(composition, "picture").job.state == "cancelled"  # type: ignore[union-attr]
    judge(composition, "story")
    stream()
    assert parts(composition)["narration"] == "waiting"
    assert sees(stranger, composition) == set()
    assert_no_drift()


def test_the_same_seed_asks_for_the_same_parts(maker: Maker) -> None:
    seeds = [
        sorted(Job.objects.filter(whole_id=asks(maker).pk).values_list("prompt", "seed"))
        for _ in range(2)
    ]
    assert seeds[0] == seeds[1]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"recipe": "nothing"}, "/recipe"),
        ({"inputs": {}}, "/inputs/subject"),
        ({"inputs": {"subject": "x", "voice": "nobody"}}, "/inputs/voice"),
        ({"seed": -1}, "/seed"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_pointer(
    maker: Maker, fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        asks(maker, **fields)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert not Composition.objects.exists()


def test_who_may_only_look_composes_nothing(maker: Maker) -> None:
    looker = make_account()
    with pytest.raises((NotAllowed, NotFound)):
        compositions.submit_composition(
            viewer=viewer_of(looker.user),
            project_id=maker.project.pk,
            recipe_name="illustrated-story",
            inputs={"subject": "a boat"},
        )


def test_a_preview_says_what_it_costs_at_most_and_stores_nothing(maker: Maker) -> None:
    preview = compositions.preview_composition(
        viewer=maker.viewer,
        project_id=maker.project.pk,
        recipe_name="illustrated-story",
        inputs={"subject": "a boat"},
    )
    assert [(price.name, price.is_exact) for price in preview.prices] == [
        ("story", True),
        ("picture", True),
        ("narration", False),
        ("film", True),
    ]
    assert preview.at_most == sum(price.at_most for price in preview.prices)
    assert preview.is_affordable
    assert preview.decision == "accepted"
    assert not Composition.objects.exists()


def test_each_item_of_a_list_goes_its_way_and_an_optional_one_may_be_blocked(
    maker: Maker, lesson: None
) -> None:
    told = {"title": "Cats", "slides": [{"heading": f"cat {n}", "words": "Purr."} for n in (1, 2)]}
    composition = asks(maker, "test", inputs={"topic": "cats"})
    make("text", text=json.dumps(told))
    judge(composition, "lesson")
    stream()
    assert len(parts(composition)) == 5
    assert part(composition, "slide", 1).job.prompt == "cat 2"  # type: ignore[union-attr]
    for modality in ("image", "image", "speech", "speech"):
        make(modality)
    for index in (0, 1):
        judge(composition, "slide", index=index)
    judge(composition, "voice", "released", index=0)
    judge(composition, "voice", "blocked", index=1)
    stream()
    composition.refresh_from_db()
    assert composition.state == "completed"
    moved(Asset.objects.get(pk=composition.pk), "released")
    other = viewer_of(make_account().user)
    assert sees(other, composition) == {"lesson", "slide", "voice", "whole"}
    assert Asset.objects.filter(whole_id=composition.pk).count() == 4


def test_a_list_of_the_request_is_asked_for_item_by_item_at_once(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    slide = {
        "name": "slide",
        "model": "tidegate-image",
        "prompt": "{item}",
        "repeat": {"over": "things", "most": 3},
    }
    bigger = {
        "name": "bigger",
        "model": "tidegate-upscale",
        "parameters": {"image": "{slide}"},
        "repeat": {"over": "things", "most": 3},
    }
    document = written(slide, bigger)
    things = {"type": "array", "maxItems": 4, "items": {"type": "string", "maxLength": 20}}
    document["inputs"]["properties"]["things"] = {**things, "default": []}
    recipe = read_recipe(document)
    monkeypatch.setattr(offers, "recipes", lambda: {"test": recipe})
    composition = asks(maker, "test", inputs={"topic": "farm", "things": ["a cow", "a hen"]})
    assert parts(composition) == {
        "slide": "working",
        "slide 1": "working",
        "bigger": "waiting",
        "bigger 1": "waiting",
    }
    make("image")
    judge(composition, "slide")
    stream()
    assert parts(composition)["bigger"] == "working"
    assert parts(composition)["bigger 1"] == "waiting"
    with pytest.raises(InvalidInput, match="slide cannot be made"):
        asks(maker, "test", inputs={"topic": "farm"})


def test_what_builds_on_an_optional_part_that_failed_does_not_keep_the_rest(
    maker: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = {"name": "picture", "model": "tidegate-image", "prompt": "{topic}"}
    sketch = {**picture, "name": "sketch", "optional": True}
    bigger = {
        "name": "bigger",
        "model": "tidegate-upscale",
        "parameters": {"image": "{sketch}"},
        "optional": True,
    }
    recipe = read_recipe(written(picture, sketch, bigger))
    monkeypatch.setattr(offers, "recipes", lambda: {"test": recipe})
    composition = asks(maker, "test", inputs={"topic": "cats"})
    for _ in range(2):
        make("image")
    judge(composition, "picture")
    judge(composition, "sketch", "blocked")
    compositions.advance(composition.pk)
    composition.refresh_from_db()
    assert composition.state == "completed"
    assert parts(composition) == {"picture": "passed", "sketch": "failed", "bigger": "left_out"}


def test_an_answer_that_is_not_of_its_schema_ends_it(maker: Maker, lesson: None) -> None:
    composition = asks(maker, "test", inputs={"topic": "cats"})
    make("text", text="I would rather not.")
    judge(composition, "lesson")
    stream()
    composition.refresh_from_db()
    assert (composition.error_part, composition.error_code) == ("lesson", "part_unusable")


@pytest.mark.django_db(transaction=True)
def test_two_who_go_on_at_once_ask_for_a_part_once(maker: Maker) -> None:
    composition = asks(maker)
    make("text")
    judge(composition, "story")
    at_once(lambda _: compositions.advance(composition.pk), threads=4)
    connections.close_all()
    assert Job.objects.filter(whole_id=composition.pk, modality="speech").count() == 1
    assert parts(composition)["narration"] == "working"
