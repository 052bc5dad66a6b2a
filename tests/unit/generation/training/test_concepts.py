"""What the image model's memory is taught by name."""

from dataclasses import dataclass
from random import Random

from generation.serving.tidegate_image.colours import COLOURS
from generation.training.concepts import Concept, concepts_of, imagined, told
from generation.training.questions import questions_of

CAT = Concept("cat", 0, "cat", "猫")
HEART = Concept("blue-heart", 1, "blue heart", "蓝心")


@dataclass(frozen=True)
class Drawing:
    prefix: str
    name: str
    weight: float
    captions: tuple[int, ...]


@dataclass(frozen=True)
class Drawings:
    """A data set without pictures."""

    rows: tuple[Drawing, ...]
    captions: tuple[str, ...] = ("cat", "猫", "可爱的猫", "middle finger", "dog")


FLAT = "fluent-emoji-flat"
CATS = Drawings(
    (
        Drawing("noto", "cat", 0.6, (0,)),
        Drawing(FLAT, "cat", 2.0, (0, 2, 1)),
        Drawing(FLAT, "waving-hand-dark", 0.2, (0,)),
        Drawing(FLAT, "middle-finger", 2.0, (3,)),
        Drawing(FLAT, "dog", 2.0, (4,)),
        Drawing("noto-v1", "cat", 0.2, (0,)),
        Drawing("noto-v1", "dog", 0.2, (4,)),
    )
)


def test_concepts_are_the_shown_styles_drawings_without_tones_and_rude_ones() -> None:
    found = concepts_of(CATS)  # type: ignore[arg-type]
    assert [(concept.name, concept.row) for concept in found] == [("cat", 1), ("dog", 4)]


def test_a_concepts_chinese_name_is_its_shortest() -> None:
    cat, dog = concepts_of(CATS)  # type: ignore[arg-type]
    assert (cat.english, cat.chinese) == ("cat", "猫")
    assert (dog.english, dog.chinese) == ("dog", "")


def test_captions_of_every_set_teach_a_concepts_name() -> None:
    sentences = told(CATS, concepts_of(CATS))  # type: ignore[arg-type]
    assert [sentence.text for sentence in sentences if sentence.concept == 0] == [
        "cat", "cat", "可爱的猫", "猫", "cat",
    ]  # fmt: skip
    assert {sentence.colour for sentence in sentences} == {0}


def test_only_concepts_with_a_drawing_held_out_and_both_names_are_asked_for() -> None:
    (question,) = questions_of(CATS, concepts_of(CATS))  # type: ignore[arg-type]
    assert (question.concept, question.held_out) == (0, (5,))


def test_a_name_with_a_colour_is_known() -> None:
    assert HEART.is_coloured
    assert not CAT.is_coloured


def test_a_concept_is_imagined_in_colours_named_in_both_languages() -> None:
    coloured = [sentence for sentence in imagined([CAT], Random(1)) if sentence.colour]
    assert len(coloured) == 2
    english, chinese = coloured
    assert COLOURS[english.colour - 1].english in english.text
    assert COLOURS[chinese.colour - 1].chinese in chinese.text


def test_a_concept_of_one_colour_is_not_imagined_in_others() -> None:
    assert not any(sentence.colour for sentence in imagined([HEART], Random(1)))


def test_the_same_random_numbers_imagine_the_same_sentences() -> None:
    assert imagined([CAT, HEART], Random(3)) == imagined([CAT, HEART], Random(3))
