"""What the gate reads of a preset before everybody may: every word that a reader would see."""

from generation.core.prompting import read_wording


def test_names_are_read_although_a_title_stands_in_their_place() -> None:
    read, problems = read_wording(
        prompt="a {rude_word} {*worse_word}",
        negative_prompt="",
        variables=[{"name": "rude_word", "title": "How it looks"}],
        lists={"worse_word": ["cat"]},
    )
    assert problems == []
    assert read is not None
    told = list(read.words())
    assert told[:2] == ["rude_word worse_word", "rude word worse word"]
    assert "How it looks" in told


def test_a_name_is_not_read_twice_where_nobody_gave_a_title() -> None:
    read, _ = read_wording(
        prompt="a {mood} cat", negative_prompt="", variables=[{"name": "mood"}], lists={}
    )
    assert read is not None
    assert list(read.words()).count("mood") == 1
