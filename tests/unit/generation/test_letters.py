from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

MODEL = Path(__file__).parents[3] / "generation" / "serving" / "kokoro_speech" / "1"


def load() -> Any:
    """The model's own module: its folder is no package, Triton gives it to its process."""
    spec = importlib.util.spec_from_file_location("letters", MODEL / "letters.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


letters = load()
SOUNDS = letters.LetterSounds.load(MODEL / "letters.json.gz")


@pytest.mark.parametrize(
    ("word", "begins", "ends"),
    [
        ("blorp", "bl", "ɹp"),
        ("Shmeckle", "ʃm", "əl"),
        ("quaxing", "kw", "ɪŋ"),
        ("phandor", "f", "əɹ"),
    ],
)
def test_an_unknown_word_is_read_by_english_habits(word: str, begins: str, ends: str) -> None:
    said = SOUNDS.spell(word).replace("ˈ", "").replace("ˌ", "").replace("ᵊ", "ə")
    assert said.startswith(begins)
    assert said.endswith(ends)


@pytest.mark.parametrize("word", ["blorp", "Tidegate", "zzzorgle", "anticonstitutional", "rhythmo"])
def test_a_word_has_exactly_one_main_stress(word: str) -> None:
    assert SOUNDS.spell(word).count("ˈ") == 1


def test_letters_that_cannot_be_read_as_a_word_are_named_one_by_one() -> None:
    assert SOUNDS.spell("XKQ") == "ˈɛkskˈAkjˈu"
    assert SOUNDS.spell("brr") == "bˈiˈɑɹˈɑɹ"


@pytest.mark.parametrize(("word", "ending"), [("Glop's", "s"), ("Glob's", "z"), ("Gloss's", "ᵻz")])
def test_a_genitive_sounds_like_its_last_sound(word: str, ending: str) -> None:
    assert SOUNDS.spell(word) == SOUNDS.spell(word[:-2]) + ending


def test_text_without_latin_letters_has_no_sounds_here() -> None:
    assert SOUNDS.spell("123") is None
    assert SOUNDS.spell("北京") is None


def test_the_longest_known_context_decides() -> None:
    table = {"[a]": "æ", "[b]": "b", "[a]b": "A", "#[a]b": "ɑ"}
    assert letters.LetterSounds(table).spell("ab") == "ˈɑb"
    narrow = letters.LetterSounds({"[a]": "æ", "[b]": "b", "b[a]": "ə"})
    assert narrow.spell("ba") == "bˈə"
