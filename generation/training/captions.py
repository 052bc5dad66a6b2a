"""What people might type to mean a picture: English and Chinese captions of an icon."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random

from generation.training.icons import Icon, emoji_key

ENGLISH_FRAMES = ("a {}", "a picture of {}", "an icon of {}", "a cute {}", "draw a {}", "{} emoji")
CHINESE_FRAMES = ("一个{}", "{}的图片", "画一个{}", "{}图标", "可爱的{}")


@dataclass(frozen=True, slots=True)
class Names:
    """The names and the search words of one emoji in one language."""

    label: str
    tags: tuple[str, ...]


def read_names(document: bytes) -> dict[str, Names]:
    """Read an emojibase `compact.json` into names by emoji, skin tones included."""
    names: dict[str, Names] = {}
    for entry in json.loads(document):
        tags = tuple(entry.get("tags", ()))
        names[emoji_key(entry["hexcode"])] = Names(entry["label"], tags)
        for skin in entry.get("skins", ()):
            names[emoji_key(skin["hexcode"])] = Names(skin["label"], tags)
    return names


def emoji_by_name(icons: Iterable[Icon], english: Mapping[str, Names]) -> dict[str, str]:
    """Map icon names to emoji, from the sets that say it and from the English labels.

    Sets without code points use the same names, so this finds their Chinese captions.
    """
    found = {_slug(names.label): emoji for emoji, names in english.items()}
    found.update({icon.name: icon.emoji for icon in icons if icon.emoji})
    return found


def captions_of(
    icon: Icon,
    *,
    emoji: str,
    english: Mapping[str, Names],
    chinese: Mapping[str, Names],
    random: Random,
) -> tuple[str, ...]:
    """Return the icon's captions, the plainest first, each once.

    Skin-tone variants get the plain names alone; others also a framed sentence and their search
    words, so that the model hears a concept in more than its dictionary form.
    """
    spoken = icon.name.replace("-", " ")
    found = [spoken]
    en, zh = english.get(emoji), chinese.get(emoji)
    if icon.is_toned:
        return tuple(dict.fromkeys([spoken, *([zh.label] if zh else [])]))
    found.append(random.choice(ENGLISH_FRAMES).format(spoken))
    if en is not None:
        found.append(en.label)
        found.append(" ".join([en.label, *_some(en.tags, 2, random)]))
        found.append(random.choice(ENGLISH_FRAMES).format(en.label))
    if zh is not None:
        found.append(zh.label)
        found.append(random.choice(CHINESE_FRAMES).format(zh.label))
        found.append(" ".join([zh.label, *_some(zh.tags, 2, random)]))
    return tuple(dict.fromkeys(found))


def _slug(label: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", label.lower()))


def _some(words: tuple[str, ...], count: int, random: Random) -> list[str]:
    return random.sample(words, min(count, len(words)))
