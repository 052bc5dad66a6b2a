"""The words, English and Chinese, by which a prompt says what a tune shall be like.

Longer words win over shorter ones inside them ("slip jig" over "jig"); every table maps one word
to one meaning, so that what a prompt does can be read off here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

RHYTHM_WORDS: Final[Mapping[str, str]] = {
    "slip jig": "slip jig",
    "slipjig": "slip jig",
    "hop jig": "slip jig",
    "滑步吉格": "slip jig",
    "jig": "jig",
    "吉格": "jig",
    "reel": "reel",
    "里尔": "reel",
    "hornpipe": "hornpipe",
    "号笛": "hornpipe",
    "角笛": "hornpipe",
    "strathspey": "strathspey",
    "highland": "strathspey",
    "斯特拉斯佩": "strathspey",
    "march": "march",
    "marching": "march",
    "parade": "march",
    "进行曲": "march",
    "waltz": "waltz",
    "minuet": "waltz",
    "圆舞曲": "waltz",
    "华尔兹": "waltz",
    "小步舞": "waltz",
    "air": "air",
    "song": "air",
    "lullaby": "air",
    "lament": "air",
    "ballad": "air",
    "cradle": "air",
    "歌": "air",
    "民谣": "air",
    "摇篮曲": "air",
    "悲歌": "air",
    "挽歌": "air",
}
MOOD_WORDS: Final[Mapping[str, str]] = {
    "happy": "happy",
    "cheerful": "happy",
    "joyful": "happy",
    "merry": "happy",
    "bright": "happy",
    "sunny": "happy",
    "playful": "happy",
    "festive": "happy",
    "欢快": "happy",
    "快乐": "happy",
    "开心": "happy",
    "愉快": "happy",
    "喜庆": "happy",
    "明亮": "happy",
    "欢乐": "happy",
    "高兴": "happy",
    "喜悦": "happy",
    "幸福": "happy",
    "俏皮": "happy",
    "节日": "happy",
    "lively": "lively",
    "energetic": "lively",
    "fast": "lively",
    "quick": "lively",
    "dance": "lively",
    "dancing": "lively",
    "spirited": "lively",
    "活泼": "lively",
    "热烈": "lively",
    "快速": "lively",
    "轻快": "lively",
    "激昂": "lively",
    "奔放": "lively",
    "热闹": "lively",
    "有活力": "lively",
    "舞": "lively",
    "calm": "calm",
    "gentle": "calm",
    "peaceful": "calm",
    "quiet": "calm",
    "soft": "calm",
    "slow": "calm",
    "relaxing": "calm",
    "tender": "calm",
    "lullaby": "calm",
    "sleepy": "calm",
    "平静": "calm",
    "宁静": "calm",
    "安静": "calm",
    "温柔": "calm",
    "舒缓": "calm",
    "缓慢": "calm",
    "慢": "calm",
    "柔和": "calm",
    "轻柔": "calm",
    "安详": "calm",
    "恬静": "calm",
    "静谧": "calm",
    "悠扬": "calm",
    "抒情": "calm",
    "放松": "calm",
    "催眠": "calm",
    "摇篮曲": "calm",
    "sad": "sad",
    "melancholy": "sad",
    "mournful": "sad",
    "sorrowful": "sad",
    "lonely": "sad",
    "wistful": "sad",
    "lament": "sad",
    "dark": "sad",
    "悲伤": "sad",
    "忧伤": "sad",
    "忧郁": "sad",
    "伤感": "sad",
    "哀": "sad",
    "悲": "sad",
    "孤独": "sad",
    "伤心": "sad",
    "难过": "sad",
    "忧愁": "sad",
    "惆怅": "sad",
    "凄凉": "sad",
    "寂寞": "sad",
    "思乡": "sad",
    "阴郁": "sad",
    "挽歌": "sad",
}
MODE_WORDS: Final[Mapping[str, str]] = {
    "major": "major",
    "大调": "major",
    "minor": "minor",
    "小调": "minor",
    "dorian": "dorian",
    "多利亚": "dorian",
    "mixolydian": "mixolydian",
    "混合利底亚": "mixolydian",
}
INSTRUMENT_WORDS: Final[Mapping[str, str]] = {
    "violin": "fiddle",
    "fiddle": "fiddle",
    "小提琴": "fiddle",
    "提琴": "fiddle",
    "flute": "flute",
    "长笛": "flute",
    "笛子": "flute",
    "whistle": "whistle",
    "哨笛": "whistle",
    "harp": "harp",
    "竖琴": "harp",
    "piano": "piano",
    "钢琴": "piano",
    "guitar": "guitar",
    "吉他": "guitar",
    "accordion": "accordion",
    "手风琴": "accordion",
    "banjo": "banjo",
    "班卓": "banjo",
}
METRE_WORDS: Final[Mapping[str, str]] = {
    "2/4": "2/4",
    "3/4": "3/4",
    "4/4": "4/4",
    "6/8": "6/8",
    "9/8": "9/8",
    "四二拍": "2/4",
    "四三拍": "3/4",
    "四四拍": "4/4",
    "八六拍": "6/8",
    "八九拍": "9/8",
}

_SIGN: Final = r"[#♯b♭]|[\s-]?(?i:sharp|flat)"
# A capital letter: "in a quiet mood" names no key.
_TONIC: Final = re.compile(
    rf"(?i:\bin\s+(?:the\s+key\s+of\s+)?|\bkey\s+of\s+)(?P<in>[A-G])(?P<in_sign>{_SIGN})?(?![a-zA-Z])"
    rf"|\b(?P<of>[A-G])(?P<of_sign>{_SIGN})?\s*(?=(?i:major|minor|dorian|mixolydian)|大调|小调|调)"
    r"|(?P<zh_sign>升|降)?(?P<zh>[A-G])\s*(?=大调|小调|调)"
)
_SIGNS: Final = {"#": "#", "♯": "#", "sharp": "#", "b": "b", "♭": "b", "flat": "b"}
_SIGNS_ZH: Final = {"升": "#", "降": "b"}
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)


def meaning(words: Mapping[str, str], prompt: str) -> str | None:
    """What the prompt's first word of a table means; of two at one place, the longer decides."""
    found: list[tuple[int, int, str]] = []
    for word, means in words.items():
        pattern = rf"\b{re.escape(word)}s?\b" if _LATIN.match(word) else re.escape(word)
        match = re.search(pattern, prompt, re.IGNORECASE)
        if match:
            found.append((match.start(), -len(word), means))
    return min(found)[2] if found else None


def tonic(prompt: str) -> str | None:
    """The tonic that a prompt names ("in D", "E flat major", "降B大调"), or None."""
    match = _TONIC.search(prompt)
    if match is None:
        return None
    if match["zh"]:
        return str(match["zh"]) + _SIGNS_ZH.get(match["zh_sign"] or "", "")
    sign = (match["in_sign"] or match["of_sign"] or "").strip(" -").lower()
    return str(match["in"] or match["of"]) + _SIGNS.get(sign, "")
