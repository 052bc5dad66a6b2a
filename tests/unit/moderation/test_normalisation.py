from __future__ import annotations

import pytest

from moderation.core.normalisation import normalise, readings, sounds, undisguised


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
        ("k\u200bi\u2060l\u00adl", "kill"),
        ("сhіld", "child"),  # Cyrillic es and i
        ("Ꭰeep", "deep"),  # Cherokee
        ("🅿🅸🅿🅴", "pipe"),
        ("⒦⒤⒧⒧", "kill"),
        ("ᴘɪᴘᴇ", "pipe"),
        ("k̷̛͔i̸̡l̴l̵", "kill"),
        ("Łódź", "lodz"),
        ("兒童節快樂", "儿童节快乐"),
        ("two\n\nlines", "two lines"),
    ],
)
def test_what_nobody_needs_told_apart_is_folded(written: str, read: str) -> None:
    assert normalise(written) == read
    assert normalise(read) == read


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("f.u.c.k", "fuck"),
        ("p i p e", "pipe"),
        ("pipe🔥bomb", "pipe bomb"),
        ("p💥i💥p💥e", "pipe"),
        ("ki11", "kill"),
        ("c00k m3th", "cook meth"),
        ("ni66er", "nigger"),
        ("自，制，炸，药", "自制炸药"),
    ],
)
def test_one_of_the_readings_is_what_was_meant(written: str, word: str) -> None:
    assert any(word in reading for reading in readings(normalise(written)))


def test_numbers_alone_are_never_read_as_letters() -> None:
    assert readings("1000 3.5 2026") == ("1000 3.5 2026", "1000 35 2026", "1000 3 5 2026")


def test_a_character_is_heard_without_its_tone_and_letters_stay() -> None:
    assert sounds("自制炸yao") == "zi zhi zha yao"
    assert sounds("plain words") == "plain words"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("I will k\u200bill you", "I will kill you"),
        ("kіll yоu", "kill you"),
        ("w1ll k1ll y0u", "will kill you"),
        ("k.i.l.l you", "kill you"),
        ("k i l l you", "kill you"),
        ("自，制，炸，药", "自制炸药"),
        ("🅿🅸🅿🅴", "pipe"),
        ("I will 🔪 you", "I will  knife  you"),
    ],
)
def test_a_disguise_is_taken_off(written: str, read: str) -> None:
    assert undisguised(written) == read


@pytest.mark.parametrize(
    "text",
    [
        "A red apple on a table, 3.5 cm from the edge (see fig. 2).",
        "Łódź, Århus, Façade, naïve café",
        "Привет, как дела? Ἀθῆναι, καλημέρα",
        "שלום مرحبا नमस्ते こんにちは 안녕하세요",
        "I ❤️ you 🇫🇷 👨‍👩‍👧",
        "2026年3月5日，我有2个3岁的孩子。",
        "mp3, B2B, 4K and 1000 dollars, version 2.0.1",
        "ＳＡＬＥ ５０％",
        "兒童節快樂",
        "",
    ],
)
def test_honest_writing_wears_no_disguise(text: str) -> None:
    assert undisguised(text) is None
