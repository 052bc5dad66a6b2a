"""Other words for concepts: search words that mean one thing, and everyday words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random

from generation.training import phrasings
from generation.training.captions import Names
from generation.training.concepts import Concept, Sentence

# A search word of more concepts than this says too little.
MEANINGS = 2
FRAMES = ("{}", "a {}", "a picture of a {}", "draw a {}")
VARIED = 3
CHINESE_FRAMES = ("{}", "一个{}", "画一个{}", "{}的图片")
# What people say, by the concept's name; the sets call these things otherwise.
EVERYDAY = {
    "automobile": ("car", "汽车", "小汽车"),
    "deciduous-tree": ("tree", "green tree", "一棵树", "树"),
    "mobile-phone": ("phone", "cell phone", "手机"),
    "telephone": ("old telephone", "电话"),
    "soccer-ball": ("football", "soccer", "足球"),
    "airplane": ("plane", "aeroplane", "jet", "飞机"),
    "alarm-clock": ("clock", "闹钟", "时钟"),
    "wrapped-gift": ("gift", "present", "wrapped present", "礼物"),
    "jack-o-lantern": ("pumpkin", "halloween pumpkin", "南瓜"),
    "bicycle": ("bike", "自行车"),
    "sailboat": ("boat", "sailing boat", "帆船"),
    "ship": ("big ship", "轮船"),
    "locomotive": ("steam train", "火车"),
    "hot-beverage": ("coffee", "cup of hot coffee", "cup of tea", "咖啡", "茶"),
    "birthday-cake": ("cake", "cake with candles", "蛋糕"),
    "rose": ("red rose", "一朵玫瑰花", "玫瑰"),
    "sunflower": ("flower", "yellow flower", "花"),
    "bird": ("little bird", "小鸟"),
    "crescent-moon": ("moon", "月亮"),
    "star": ("a star in the sky", "星星"),
    "house": ("home", "房子"),
    "cat-face": ("kitten", "kitty", "小猫", "猫"),
    "dog-face": ("puppy", "小狗", "狗"),
    "lion": ("lion head", "狮子"),
    "closed-book": ("book", "一本书", "书"),
    "bread": ("loaf of bread", "面包"),
    "hamburger": ("burger", "汉堡"),
    "ice-cream": ("bowl of ice cream", "冰淇淋"),
    "soft-ice-cream": ("ice cream cone", "ice cream", "甜筒"),
    "wine-glass": ("glass of wine", "葡萄酒"),
    "snow-capped-mountain": ("mountain", "mountains", "山", "雪山"),
    "red-apple": ("apple", "苹果"),
    "laptop": ("computer", "notebook computer", "电脑"),
    "old-key": ("antique key",),
    "key": ("golden key", "钥匙"),
    "glasses": ("spectacles", "眼镜"),
    "red-heart": ("heart", "love", "红心", "爱心"),
    "grinning-face": ("smile", "smiley", "happy face", "笑脸"),
    "crying-face": ("sad face", "哭脸"),
    "droplet": ("water drop", "drop of water", "水滴"),
    "water-wave": ("wave", "sea", "海浪"),
    "robot": ("robot head", "机器人"),
    "bus": ("red bus", "公共汽车"),
    "pickup-truck": ("truck", "卡车"),
    "money-bag": ("money", "钱"),
    "factory": ("industrial plant", "工厂"),
    "castle": ("european castle", "城堡"),
    "school": ("school building", "学校"),
    "chicken": ("hen", "鸡"),
    "snake": ("serpent", "蛇"),
    "fish": ("swimming fish", "鱼", "蓝色的鱼"),
    "whale": ("big whale", "鲸鱼"),
    "elephant": ("big elephant", "大象"),
    "panda": ("panda bear", "熊猫"),
}


def searched(
    concepts: Sequence[Concept],
    emoji: Mapping[str, str],
    languages: Iterable[Mapping[str, Names]],
) -> list[Sentence]:
    """Return each search word that means few enough concepts, once for each it means.

    `emoji` has the concepts' emoji by name, `languages` the names of emoji.
    """
    found: list[Sentence] = []
    for names in languages:
        meant: defaultdict[str, list[int]] = defaultdict(list)
        for number, concept in enumerate(concepts):
            known = names.get(emoji.get(concept.name, ""))
            for word in () if known is None else known.tags:
                meant[word.lower()].append(number)
        for word, numbers in meant.items():
            if len(numbers) <= MEANINGS:
                found += [Sentence(word, number, 0) for number in numbers]
    return found


def everyday(concepts: Sequence[Concept]) -> list[Sentence]:
    """Return sentences with the everyday words. Raises KeyError for one of no concept."""
    numbers = {concept.name: number for number, concept in enumerate(concepts)}
    return [
        Sentence(frame.format(word), numbers[name], 0)
        for name, words in EVERYDAY.items()
        for word in words
        for frame in (FRAMES if word.isascii() else CHINESE_FRAMES)
    ]


def everyday_varied(concepts: Sequence[Concept], random: Random) -> list[Sentence]:
    """Return varied sentences with the everyday words. Raises KeyError for one of no concept."""
    numbers = {concept.name: number for number, concept in enumerate(concepts)}
    return [
        Sentence(ask(word, random), numbers[name], 0)
        for name, words in EVERYDAY.items()
        for word in words
        for ask in [phrasings.english if word.isascii() else phrasings.chinese] * VARIED
    ]
