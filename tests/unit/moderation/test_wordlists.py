from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from moderation.core.normalisation import normalise
from moderation.core.wordlists import FOLDER, InvalidWordList, WordLists, load


@pytest.fixture(scope="module")
def lists() -> WordLists:
    return load()


@pytest.mark.parametrize(
    "text",
    [
        "what the FUCK",
        "ｗｈａｔ ｔｈｅ ｆｕｃｋ",
        "f.u.c.k this",
        "f u c k this",
        "fuuuuuck",
        "fu\u200bck",
        "fúck",
        "fuсk",  # with a Cyrillic es
        "sh1t",
        "这个傻逼",
        "这个傻 逼",
        "操你妈！",
        "fu ck",
        "f*ck",
        "pipe-bomb",
        "pi pe bo mb",
        "ch*ld p*rn",
        "自制榨药",  # another character of the same sound
        "自zhi炸yao",
        "zizhizhayao",
    ],
)
def test_disguised_words_are_found(lists: WordLists, text: str) -> None:
    assert lists.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "the town of Scunthorpe",
        "assess the class",
        "a shiitake mushroom",
        "1000 dollars",
        "I a m b o r e d",
        "naïve café",
        "a cocktail for the bass player",
        "小明今天去上学",
        "his wet back glistened",
        "the pipe bombards the ear",
        "a pegboard",
        "他买了炸弹。制作人不知道",
        "let it go ok",
        "a queer studies reader and a gypsy moth",
        "妈妈的礼物",
        "",
    ],
)
def test_innocent_words_are_not(lists: WordLists, text: str) -> None:
    assert lists.find(text) == ()


def test_a_hit_names_term_hazard_severity_and_list(lists: WordLists) -> None:
    (hit,) = [hit for hit in lists.find("CHILD\u00a0PORN") if hit.severity == "severe"]

    assert (hit.term, hit.hazard, hit.list_name) == ("child porn", "child_safety", "en")


@pytest.mark.parametrize(
    ("text", "severities"),
    [
        ("spics", ["strong"]),
        ("spic and span", ["mild"]),
        ("a chink in the armour", ["mild"]),
        ("c***", ["mild"]),  # of several words under one mask the mildest
        ("n****r", ["strong"]),
        ("the fucktards", ["strong"]),
    ],
)
def test_a_word_with_a_harmless_twin_is_mild(
    lists: WordLists, text: str, severities: list[str]
) -> None:
    assert [hit.severity for hit in lists.find(text)] == severities


def test_of_terms_that_begin_alike_the_longest_is_found(tmp_path: Path) -> None:
    (tmp_path / "en.yaml").write_text(
        "name: en\nterms: {spam: {mild: [[buy, buy now], buy now cheap, buyer]}}\n"
    )
    lists = load(tmp_path)

    found = {
        text: [hit.term for hit in lists.find(text)] for text in ("buy no", "buy now", "buyer")
    }
    assert found == {"buy no": ["buy"], "buy now": ["buy now"], "buyer": ["buyer"]}


def test_no_term_is_listed_twice() -> None:
    terms = [
        term
        for path in FOLDER.glob("*.yaml")
        for by_severity in yaml.safe_load(path.read_text(encoding="utf-8"))["terms"].values()
        for words in by_severity.values()
        for group in words
        for term in (group if isinstance(group, list) else [group])
    ]
    assert len(terms) > 1_000
    assert sorted({term for term in terms if terms.count(term) > 1}) == []


def test_traditional_characters_are_read_as_simplified_ones(lists: WordLists) -> None:
    assert [hit.term for hit in lists.find("兒童色情")] == ["儿童色情"]


def test_normalising_twice_changes_nothing(lists: WordLists) -> None:
    for text in ("Ｆｕｌｌ  Ｗidth", "ǅ\u200bx", "Straße", "ﬁne", "兒童"):
        assert normalise(normalise(text)) == normalise(text)


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    def written(severity: str) -> str:
        path = tmp_path / "en.yaml"
        path.write_text(f"name: en\nterms: {{spam: {{{severity}: [buy now]}}}}\n")
        return load(tmp_path).digest

    assert written("mild") == written("mild")
    assert written("mild") != written("strong")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: x", "no terms"),
        ("terms: {gossip: {mild: [a]}}", "not a hazard"),
        ("terms: {spam: {loud: [a]}}", "not a severity"),
        ("terms: {spam: {mild: ['']}}", "not a term"),
        ("terms: [", "not YAML"),
    ],
)
def test_a_list_with_a_mistake_is_refused_by_name(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "bad.yaml").write_text(content)

    with pytest.raises(InvalidWordList, match=message):
        load(tmp_path)
