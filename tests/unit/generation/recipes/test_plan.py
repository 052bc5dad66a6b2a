from typing import Any

import pytest

from generation.core.recipes import Fact, Unusable, next_step, read_recipe, value_of_text
from generation.core.recipes.plan import seed_for
from tests.unit.generation.recipes.test_recipes import SLIDE, TEXT, VOICE, written

RECIPE = read_recipe(written(TEXT, SLIDE, {**VOICE, "optional": True}))
LESSON = {
    "title": "Cats",
    "slides": [{"heading": f"cat {n}", "words": f"Words {n}."} for n in range(5)],
}
INPUTS = {"topic": "cats", "photo": None}


def step(*facts: Fact) -> Any:
    return next_step(RECIPE, INPUTS, facts, seed=7)


def passed(name: str, index: int = 0, value: Any = "x") -> Fact:
    return Fact(name, index, "passed", value)


def test_only_what_needs_nothing_is_asked_for_at_first() -> None:
    first = step()
    assert [(part.name, part.prompt) for part in first.asked] == [("lesson", "On cats.")]
    assert first.asked[0].parameters["json_schema"]["required"] == ["title", "slides"]
    assert not first.is_complete


def test_what_is_asked_for_is_not_asked_for_again() -> None:
    assert step(Fact("lesson", 0, "working")).asked == ()


def test_a_list_that_passed_is_asked_for_item_by_item_up_to_the_cap() -> None:
    then = step(passed("lesson", value=LESSON))
    assert then.items == {"slide": 3, "voice": 3}
    assert [(part.name, part.index, part.prompt) for part in then.asked] == [
        ("slide", 0, "cat 0"),
        ("slide", 1, "cat 1"),
        ("slide", 2, "cat 2"),
        ("voice", 0, "1. Words 0."),
        ("voice", 1, "2. Words 1."),
        ("voice", 2, "3. Words 2."),
    ]


def test_it_is_complete_when_every_item_passed_or_an_optional_one_failed() -> None:
    facts = [
        passed("lesson", value=LESSON),
        *[passed("slide", n) for n in range(3)],
        *[passed("voice", n) for n in range(2)],
    ]
    assert not step(*facts).is_complete
    assert not step(*facts, Fact("voice", 2, "working")).is_complete
    assert step(*facts, Fact("voice", 2, "failed")).is_complete
    assert step(*facts, passed("voice", 2)).is_complete


def test_a_needed_part_that_failed_ends_it() -> None:
    ended = step(passed("lesson", value=LESSON), Fact("slide", 1, "failed"))
    assert (ended.failed.name, ended.failed.index) == ("slide", 1)
    assert ended.asked == ()


def test_an_empty_list_ends_it_where_its_items_are_needed() -> None:
    ended = step(passed("lesson", value={"title": "Cats", "slides": []}))
    assert (ended.failed.name, ended.failed.code) == ("slide", "nothing_to_repeat")


def test_what_builds_on_a_part_that_was_left_out_is_left_out_item_by_item() -> None:
    film = {
        "name": "film",
        "model": "tidegate-upscale",
        "parameters": {"image": "{draft}"},
        "repeat": {"over": "lesson.slides", "most": 3},
        "optional": True,
    }
    recipe = read_recipe(written(TEXT, {**SLIDE, "name": "draft", "optional": True}, film))
    facts = [
        passed("lesson", value=LESSON),
        passed("draft", 0, "id-0"),
        Fact("draft", 1, "failed"),
        passed("draft", 2, "id-2"),
    ]
    then = next_step(recipe, INPUTS, facts, seed=7)
    assert [(part.index, part.parameters["image"]) for part in then.asked] == [
        (0, "id-0"),
        (2, "id-2"),
    ]
    assert [(one.name, one.index) for one in then.left_out] == [("film", 1)]
    assert not then.is_complete


def test_a_value_keeps_its_kind_where_it_stands_alone() -> None:
    part = {**TEXT, "name": "one", "prompt": "x", "parameters": {"image": "{photo}"}}
    (asked,) = next_step(read_recipe(written(part)), INPUTS, [], seed=1).asked
    assert asked.parameters["image"] is None


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"title": "Cats"}', '{"title": 1, "slides": []}']
)
def test_a_json_part_that_does_not_fit_its_schema_is_unusable(text: str) -> None:
    with pytest.raises(Unusable, match="lesson"):
        value_of_text(RECIPE.part("lesson"), text)


def test_every_part_and_item_has_a_seed_of_its_own_that_stays() -> None:
    seeds = {seed_for(7, name, index) for name in ("slide", "voice") for index in range(3)}
    assert len(seeds) == 6
    assert seed_for(7, "slide", 0) == seed_for(7, "slide", 0) != seed_for(8, "slide", 0)
    assert all(0 <= seed < 2**53 for seed in seeds)
