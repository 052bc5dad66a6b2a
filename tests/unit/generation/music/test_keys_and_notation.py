"""Keys, and tunes written and read."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest

from generation.core.music.grammar import Composer, Form, IllegalToken, is_legal
from generation.core.music.harmony import chord_on, harmonised, symbols
from generation.core.music.keys import MODES, Key, UnknownKey, key_with
from generation.core.music.notation import Heading, written
from generation.core.music.pace import MOST_SHORT_NOTES
from generation.core.music.performance import CHORDS, MELODY, length, performed
from generation.core.music.reading import UnreadableTune, read
from generation.core.music.titles import title_of
from generation.core.music.transposition import transposed
from generation.core.music.tune import METRES, Tune, bar_time
from generation.core.music.vocabulary import HOME_TONIC, IDS, Unspeakable, tokens_of, tune_of

JIG = """X:1
T:A jig
M:6/8
L:1/8
K:D
|: A | "D"d2A F2A | "G"B>cd "A"(3efe c | "D"d3 d2 :|
|: f | "G"gfe dcB | "A"^GAB =c3- | =cBA "D"d2 :|
"""


@pytest.mark.parametrize(
    ("tonic", "mode", "fifths"),
    [("C", "major", 0), ("D", "mixolydian", 1), ("A", "dorian", 1), ("Bb", "minor", -5)],
)
def test_a_key_has_the_signature_of_its_mode(tonic: str, mode: str, fifths: int) -> None:
    assert Key(tonic, mode).fifths == fifths
    assert key_with(fifths, mode) == Key(tonic, mode)


@pytest.mark.parametrize(("tonic", "mode"), [("H", "major"), ("C#", "major"), ("C", "blues")])
def test_what_is_no_key_is_refused(tonic: str, mode: str) -> None:
    with pytest.raises(UnknownKey):
        Key(tonic, mode)


def test_steps_sound_as_the_signature_says() -> None:
    key = Key("D", "major")
    assert [key.pitch(step) for step in range(1, 9)] == [62, 64, 66, 67, 69, 71, 73, 74]


def test_a_tune_is_read_in_bars_and_parts() -> None:
    tune = read(JIG, rhythm="jig", energy="lively")
    assert (tune.key, tune.metre, tune.pickup) == (Key("D", "major"), "6/8", Fraction(1))
    assert [len(part.bars) for part in tune.parts] == [3, 3]
    assert all(part.is_repeated for part in tune.parts)
    assert [note.length for note in tune.parts[0].bars[1]][:2] == [Fraction(3, 2), Fraction(1, 2)]
    assert tune.parts[1].bars[1][-1].tied
    assert tune_of(tokens_of(tune)) == tune


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("M:4/4\nL:1/8\nABcd", "no K:"),
        ("M:5/4\nK:D\nABcde ABcde|]", "metre"),
        ("M:4/4\nK:D phrygian\nABcd ABcd|]", "mode"),
        ("M:4/4\nK:D\nABcd ABcd|ABc|ABcd ABcd|]", "lasts"),
        ("M:4/4\nK:D\nABcd ABcd|\nK:G\nABcd ABcd|]", "changes"),
        ("M:4/4\nK:D\n", "no notes"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, because: str) -> None:
    with pytest.raises(UnreadableTune, match=because):
        read(text, rhythm="any", energy="any")


def composed(seed: int, *, rhythm: str = "reel", metre: str | None = None) -> tuple[Form, Tune]:
    """A tune that only the rules shaped: every legal token is as likely as another."""
    draw = random.Random(seed)
    form = Form(
        key=Key(HOME_TONIC, draw.choice(list(MODES))),
        metre=draw.choice(list(METRES)) if metre is None else metre,
        rhythm=rhythm,
        energy="lively",
        parts=draw.choice([(8,), (8, 8), (4, 4, 4)]),
        is_repeated=draw.random() < 0.5,
    )
    composer = Composer(form)
    while not composer.is_done:
        legal = composer.legal()
        assert all(token in IDS for token in legal)
        composer.take(draw.choice(legal))
    assert is_legal(form, composer.tokens)
    return form, tune_of(composer.tokens)


@pytest.mark.parametrize("seed", range(25))
def test_whatever_the_rules_let_through_is_a_tune_that_can_be_read_back(seed: int) -> None:
    form, tune = composed(seed)
    assert tuple(len(part.bars) for part in tune.parts) == form.parts
    for part in tune.parts:
        assert bar_time(part.pickup) == tune.pickup
        *full, last = map(bar_time, part.bars)
        assert set(full) == {tune.bar_length}
        assert last == tune.bar_length - tune.pickup
    final = tune.parts[-1].bars[-1][-1]
    assert final.step is not None
    assert (final.step - tune.key.tonic_step) % 7 == 0
    assert final.length >= 2
    abc = written(tune, Heading("A tune", 100), symbols(harmonised(tune)))
    assert read(abc, rhythm=tune.rhythm, energy=tune.energy) == tune


def test_a_tune_in_quavers_is_within_the_rules() -> None:
    whole = read(JIG, rhythm="jig", energy="lively")
    tune = replace(whole, parts=whole.parts[:1])
    form = Form(tune.key, "6/8", "jig", "lively", (3,), is_repeated=True)
    assert is_legal(form, tokens_of(tune))


@pytest.mark.parametrize(("rhythm", "metre"), MOST_SHORT_NOTES)
def test_no_bar_holds_more_short_notes_than_its_kind_of_tune_knows(rhythm: str, metre: str) -> None:
    most = MOST_SHORT_NOTES[rhythm, metre]
    counts = [
        sum(note.length < 1 for note in bar)
        for seed in range(6)
        for part in composed(seed, rhythm=rhythm, metre=metre)[1].parts
        for bar in (part.pickup, *part.bars)
    ]
    assert 0 < max(counts) <= most


@pytest.mark.parametrize("seed", range(5))
def test_a_tune_has_a_place_in_every_key_and_keeps_its_intervals(seed: int) -> None:
    _, tune = composed(seed)
    for fifths in range(-4, 5):
        moved = transposed(tune, key_with(fifths, tune.key.mode))
        assert moved is not None
        there = [sound.pitch for sound in performed(moved, {})]
        here = [sound.pitch for sound in performed(tune, {})]
        assert len({a - b for a, b in zip(there, here, strict=True)}) == 1
    assert transposed(tune, Key("D", "major" if tune.key.mode != "major" else "minor")) is None


def test_a_token_out_of_place_is_refused() -> None:
    composer = Composer(Form(Key("D", "major"), "4/4", "reel", "lively", (8,), is_repeated=True))
    with pytest.raises(IllegalToken):
        composer.take("bars 8")
    with pytest.raises(Unspeakable):
        tune_of(["start"])


def test_chords_follow_the_notes_and_come_home() -> None:
    tune = read(JIG, rhythm="jig", energy="lively")
    chords = harmonised(tune)
    assert chords[0, 0, 0].name == "D"
    assert list(chords.values())[-1].name == "D"
    assert chord_on(Key("A", "minor"), 4).name == "E"
    assert chord_on(Key("B", "minor"), 0).name == "Bm"


def test_a_performance_repeats_joins_ties_and_ends_with_the_tune() -> None:
    tune = read(JIG, rhythm="jig", energy="lively")
    sounds = performed(tune, harmonised(tune))
    melody = [sound for sound in sounds if sound.track == MELODY]
    written_notes = sum(len(part.pickup) + sum(map(len, part.bars)) for part in tune.parts)
    # One tie, played twice, joins two notes each time.
    assert len(melody) == 2 * written_notes - 2
    assert any(sound.track == CHORDS for sound in sounds)
    assert max(sound.end for sound in sounds) <= length(tune) == 2 * 2 * 18


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a jig\nin D", "a jig"),
        ('K:"x" [M:3/4] %comment', "K: x M:3/4 comment"),
        ("   ", "Untitled"),
        ("悲伤的小调华尔兹", "悲伤的小调华尔兹"),
        ("word " * 30, "word word word word word word word word word word word word…"),
    ],
)
def test_a_title_is_plain_and_short(prompt: str, title: str) -> None:
    assert title_of(prompt) == title
