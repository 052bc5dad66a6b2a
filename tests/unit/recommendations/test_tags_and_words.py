import pytest

from recommendations.core.tags import LONGEST, MOST, tags_of
from recommendations.core.words import terms_of


@pytest.mark.parametrize(
    ("prompt", "tags"),
    [
        ("A lighthouse at night, digital painting", ("lighthouse", "night", "digital painting")),
        ("", ()),
        ("the of and", ()),
        ("夜晚的灯塔，水彩画", ("夜晚的灯塔", "水彩画")),
        ("ROBOTS! robots? Robots.", ("robots",)),
    ],
)
def test_tags_are_what_a_prompt_is_about(prompt: str, tags: tuple[str, ...]) -> None:
    assert tags_of(prompt)[: len(tags)] == tags


def test_tags_are_few_and_short() -> None:
    tags = tags_of(", ".join(f"{'x' * 60} word{n}" for n in range(100)))
    assert len(tags) <= MOST
    assert max(map(len, tags)) <= LONGEST


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("The Lighthouse of Alexandria", "lighthouse"),
        ("一座夜晚的灯塔", "灯塔"),
        ("ﬁlm noir", "FILM"),
        ("Café", "café"),
    ],
)
def test_what_is_asked_shares_its_terms_with_what_is_stored(stored: str, asked: str) -> None:
    assert set(terms_of(asked)) <= set(terms_of(stored))


@pytest.mark.parametrize("text", ["", "  ", "!?&|:*()'\"\\"])
def test_signs_are_no_terms(text: str) -> None:
    assert terms_of(text) == ()


def test_no_term_holds_a_sign_of_the_query_language() -> None:
    assert all(term.isalnum() for term in terms_of("a & b | c:* !d <-> 'e' \\ \x00 f_g"))
