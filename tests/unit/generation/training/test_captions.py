"""What the image model hears about each picture."""

import json
from random import Random

import pytest

from generation.training.captions import Names, captions_of, emoji_by_name, read_names
from generation.training.icons import Icon, emoji_key, read_icons

ENGLISH = {
    "1f431": Names("cat face", ("cat", "kitten", "pet")),
    "1f44d": Names("thumbs up", ("good", "yes")),
}
CHINESE = {"1f431": Names("猫脸", ("猫", "宠物")), "1f44d": Names("拇指向上", ())}
CAT = Icon("noto", "cat-face", "1f431", "<svg/>")
TONED = Icon("noto", "thumbs-up-medium-dark-skin-tone", "1f44d", "<svg/>", is_toned=True)


def captions(icon: Icon, *, emoji: str | None = None) -> tuple[str, ...]:
    return captions_of(
        icon,
        emoji=icon.emoji if emoji is None else emoji,
        english=ENGLISH,
        chinese=CHINESE,
        random=Random(1),
    )


def test_the_plain_name_comes_first() -> None:
    assert captions(CAT)[0] == "cat face"


def test_a_picture_is_heard_in_both_languages() -> None:
    spoken = captions(CAT)
    assert "猫脸" in spoken
    assert any("cat face" in caption and caption != "cat face" for caption in spoken)


def test_no_caption_is_said_twice() -> None:
    assert len(set(captions(CAT))) == len(captions(CAT))


def test_a_skin_tone_variant_gets_the_plain_names_alone() -> None:
    assert captions(TONED) == ("thumbs up medium dark skin tone", "拇指向上")


def test_an_icon_that_is_no_emoji_still_has_its_name() -> None:
    assert "cat face" in captions(CAT, emoji="")
    assert not any("猫" in caption for caption in captions(CAT, emoji=""))


def test_the_same_seed_gives_the_same_captions() -> None:
    assert captions(CAT) == captions(CAT)


def test_sets_without_code_points_find_their_emoji_by_name() -> None:
    found = emoji_by_name([Icon("noto", "pussycat", "1f431", "<svg/>")], ENGLISH)
    assert found == {"cat-face": "1f431", "thumbs-up": "1f44d", "pussycat": "1f431"}


def test_names_are_read_with_their_skin_tones() -> None:
    document = json.dumps(
        [
            {
                "hexcode": "270B-FE0F",
                "label": "hand",
                "tags": ["stop"],
                "skins": [{"hexcode": "270B-1F3FB", "label": "hand: light"}],
            }
        ]
    ).encode()
    assert read_names(document) == {
        "270b": Names("hand", ("stop",)),
        "270b-1f3fb": Names("hand: light", ("stop",)),
    }


@pytest.mark.parametrize(
    ("name", "is_toned"),
    [
        ("thumbs-up", False),
        ("thumbs-up-medium-dark-skin-tone", True),
        ("thumbs-up-dark", True),
        ("kiss-person-person-dark-skin-tone-light-skin-tone", True),
        ("traffic-light", False),
        ("light-bulb", False),
    ],
)
def test_a_variant_is_told_by_the_drawing_it_varies(name: str, *, is_toned: bool) -> None:
    names = ["thumbs-up", "light-bulb", name]
    icons = {each: {"body": "<path/>"} for each in names}
    document = json.dumps({"prefix": "demo", "icons": icons}).encode()
    assert {icon.name: icon.is_toned for icon in read_icons(document)}[name] is is_toned


def test_emoji_are_spelt_in_one_way() -> None:
    assert emoji_key("1F6A3-200D-2642-FE0F") == "1f6a3-200d-2642"


def test_flags_hidden_icons_and_single_characters_are_left_out() -> None:
    document = json.dumps(
        {
            "prefix": "demo",
            "height": 32,
            "width": 32,
            "chars": {"1f431": "cat-face"},
            "categories": {"Flags": ["chile"]},
            "icons": {
                "cat-face": {"body": "<path/>"},
                "chile": {"body": "<path/>"},
                "flag-peru": {"body": "<path/>"},
                "old": {"body": "<path/>", "hidden": True},
                "0": {"body": "<path/>"},
            },
        }
    ).encode()
    (icon,) = read_icons(document)
    assert (icon.prefix, icon.name, icon.emoji) == ("demo", "cat-face", "1f431")
    assert 'viewBox="0 0 32 32"' in icon.svg
