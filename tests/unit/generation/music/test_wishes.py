"""From words and parameters to a plan."""

from __future__ import annotations

import pytest

from generation.core.music.wishes import ImpossibleWish, Wish, plan
from generation.core.music.words import INSTRUMENT_WORDS, RHYTHM_WORDS, meaning, tonic


@pytest.mark.parametrize(
    ("prompt", "chosen"),
    [
        ("a lively Irish jig in D", ("D", "6/8", "jig", "lively", "fiddle")),
        ("E flat major march", ("Eb", "4/4", "march", "happy", "whistle")),
        ("降B大调的进行曲", ("Bb", "4/4", "march", "happy", "whistle")),
        ("slow waltz in F# minor for harp", ("F#m", "3/4", "waltz", "calm", "harp")),
        ("a reel, key of Bb", ("Bb", "4/4", "reel", "happy", "fiddle")),
        ("slip jigs in G", ("G", "9/8", "slip jig", "happy", "fiddle")),
    ],
)
def test_the_words_of_a_prompt_decide(prompt: str, chosen: tuple[str, ...]) -> None:
    """`chosen`: key, metre, rhythm, mood, instrument."""
    found = plan(prompt, Wish(), seed=1)
    form = found.form
    made = (form.key.abc, form.metre, form.rhythm, found.mood, found.instrument)
    assert made == chosen


@pytest.mark.parametrize("seed", range(8))
def test_a_sad_chinese_waltz_is_minor_and_in_three(seed: int) -> None:
    chosen = plan("悲伤的小调华尔兹", Wish(), seed=seed)
    assert (chosen.form.key.mode, chosen.form.metre, chosen.mood) == ("minor", "3/4", "sad")


@pytest.mark.parametrize(
    ("prompt", "mood", "energy"),
    [
        ("一首欢乐的曲子", "happy", "lively"),
        ("过节时的高兴小曲", "happy", "lively"),
        ("奔放的爱尔兰音乐", "lively", "lively"),
        ("轻柔的催眠曲", "calm", "calm"),
        ("悠扬的笛子", "calm", "calm"),
        ("难过的时候听的音乐", "sad", "calm"),
        ("思乡", "sad", "calm"),
        ("惆怅的雨夜", "sad", "calm"),
    ],
)
def test_chinese_words_of_mood_decide_mode_and_energy(prompt: str, mood: str, energy: str) -> None:
    for seed in range(6):
        chosen = plan(prompt, Wish(), seed=seed)
        assert (chosen.mood, chosen.form.energy) == (mood, energy)
        assert (mood == "sad") <= (chosen.form.key.mode in {"minor", "dorian"})
        assert (mood in {"happy", "calm"}) <= (chosen.form.key.mode == "major")


@pytest.mark.parametrize("prompt", ["in a quiet mood", "a boat in the harbour", "下雨的港口"])
def test_words_that_name_no_key_name_none(prompt: str) -> None:
    assert tonic(prompt) is None


def test_parameters_go_before_words() -> None:
    wish = Wish(key="E minor", metre="4/4", mood="calm", bars=32, tempo=60, instrument="piano")
    chosen = plan("a happy jig in D for banjo", wish, seed=3)
    assert chosen.form.key.abc == "Em"
    assert (chosen.form.metre, chosen.form.rhythm) == ("4/4", "air")
    assert chosen.form.parts == (8, 8, 8, 8)
    assert (chosen.tempo, chosen.instrument) == (60, "piano")


def test_the_same_seed_chooses_the_same() -> None:
    assert plan("a tune", Wish(), seed=5) == plan("a tune", Wish(), seed=5)


@pytest.mark.parametrize(
    "wish", [Wish(key="H"), Wish(key="B major"), Wish(rhythm="jig", metre="3/4")]
)
def test_what_cannot_be_is_refused(wish: Wish) -> None:
    with pytest.raises(ImpossibleWish):
        plan("a tune", wish, seed=1)


def test_longer_words_win_over_those_inside_them() -> None:
    assert meaning(RHYTHM_WORDS, "a slip jig") == "slip jig"
    assert meaning(INSTRUMENT_WORDS, "小提琴") == "fiddle"
