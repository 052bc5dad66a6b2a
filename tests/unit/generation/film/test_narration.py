"""A narration is cut where people breathe, shown while it is said, and fits on its lines."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generation.core.film.narration import (
    CAPTION_WIDTH,
    Cue,
    cues,
    lines,
    sentences,
    webvtt,
    width,
)

ENGLISH = (
    "The lighthouse has stood here for a hundred years, through storms, fog and the long winters "
    "of the north. Tonight it shines again. Welcome."
)
CHINESE = "灯塔在这里矗立了一百年，经历过风暴、大雾和北方漫长的冬天。今晚，它再次亮起。欢迎！"
TEXTS = st.text(alphabet="ab c,.!?;\n灯塔，。！亮", max_size=200)


def test_a_text_is_spoken_sentence_by_sentence_and_one_word_is_not_left_alone() -> None:
    assert [sentence[-9:] for sentence in sentences(ENGLISH)] == ["he north.", " Welcome."]
    assert sentences(CHINESE)[1:] == ["今晚，它再次亮起。欢迎！"]
    assert sentences("  \n ") == []


@given(TEXTS)
def test_no_letter_is_lost_between_text_and_captions(text: str) -> None:
    spoken = sentences(text)
    shown = [cue.text for cue in cues([(one, 1000) for one in spoken], start_ms=0)]
    assert "".join("".join(shown).split()) == "".join(text.split())


@given(TEXTS.filter(str.strip), st.integers(min_value=0, max_value=5_000))
def test_captions_follow_each_other_without_gap_and_end_with_the_voice(text: str, at: int) -> None:
    spoken = [(one, 700 + 13 * index) for index, one in enumerate(sentences(text))]
    found = cues(spoken, start_ms=at)
    assert found[0].start_ms == at
    assert found[-1].end_ms == at + sum(length for _, length in spoken)
    for one, following in itertools.pairwise(found):
        assert one.end_ms == following.start_ms
        assert one.start_ms <= one.end_ms


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "x" * 150])
def test_a_caption_is_never_wider_than_two_lines(text: str) -> None:
    for cue in cues([(one, 1000) for one in sentences(text)], start_ms=0):
        assert width(cue.text) <= CAPTION_WIDTH
        broken = lines(cue.text, longest=CAPTION_WIDTH // 2 + 4)
        assert len(broken) <= 3
        assert max(map(width, broken)) <= CAPTION_WIDTH // 2 + 4


def test_lines_are_about_equally_long() -> None:
    broken = lines("through storms, fog and the long winters of the north", longest=40)
    assert len(broken) == 2
    assert abs(width(broken[0]) - width(broken[1])) < 12


def test_a_caption_can_neither_end_its_cue_nor_begin_markup() -> None:
    file = webvtt([Cue(61_005, 3_700_250, "a <b> & --> c")])
    assert file == ("WEBVTT\n\n00:01:01.005 --> 01:01:40.250\na &lt;b&gt; &amp; --&gt; c\n")
