"""How people ask for a picture of a thing: openings, descriptions and endings, put together.

A reader that heard each concept in a handful of fixed sentences takes the rest of a new sentence
for meaning. Put together at random these parts give far more sentences than there are concepts, so
that what stands around a name varies and the name stays. Many parts name other things (a mug, a
wall, a birthday) on purpose: what is asked for is the one in the middle.

What the evaluation asks (`generation.training.questions`) must not be put together here; a test
looks for shared runs of words.
"""

from __future__ import annotations

from random import Random

from generation.serving.tidegate_image.colours import COLOURS

_CHINESE_OPENINGS = (
    "", "", "", "画", "帮我画", "给我画", "请画", "请帮我画", "麻烦画", "能不能画", "可以画",
    "我要", "我想要", "我想看", "想要", "来", "生成", "请生成", "帮我生成", "做", "帮我做", "设计",
    "创作", "制作", "给孩子画", "给女儿画", "给我们班画", "替我画", "老师让我画", "我的梦里有",
    "图中有", "画面里是", "主角是", "主题是", "照片里有", "海报上是", "贺卡上印着", "墙上挂着",
    "窗外有", "桌子上放着", "森林里有", "海边有", "草地上有", "夜空下有", "雪地里有", "城市街头的",
    "童话里的", "用水彩画", "用铅笔画", "用简单的线条画", "为小店的招牌画", "为手机壳设计",
    "给公众号文章配", "给生日派对准备", "给T恤印", "为幼儿园的墙画", "我需要", "急需", "有没有",
    "你会画", "你能画出", "展示", "绘制", "请绘制", "帮忙绘制",
)  # fmt: skip
_CHINESE_DESCRIPTIONS = (
    "", "", "", "一个", "一只", "一张", "一枚", "一款", "一种", "这个", "那个", "我的",
    "可爱的", "一个可爱的", "漂亮的", "大大的", "一个大大的", "小小的", "一个小小的", "开心的",
    "古老的", "闪亮的", "简单的", "一个简单的", "卡通", "一个卡通", "卡通风格的", "扁平风格的",
    "水彩风格的", "逼真的", "最好看的", "传统的", "现代的", "神秘的", "孤独的", "温暖的",
    "有趣的", "两个", "三个", "几个", "许多", "一大堆", "一张关于", "一张带有",
    "胖乎乎的", "圆圆的", "精美的", "好玩的", "有点旧的", "全新的",
)  # fmt: skip
_CHINESE_ENDINGS = (
    "", "", "", "", "的图片", "的图标", "的插画", "的图案", "的照片", "的贴纸", "的标志", "的海报",
    "的简笔画", "的头像", "的表情包", "的卡通形象", "的画", "，高清", "，白色背景", "，扁平风格",
    "，卡通风格", "，简约一点", "，颜色鲜艳", "，放在桌子上", "，做成贴纸", "，当作手机壁纸",
    "，贴在冰箱上", "，送给妈妈", "，送给朋友当生日礼物", "，印在杯子上", "，印在衣服上",
    "，用来做头像", "，用在演示文稿里", "，挂在客厅墙上", "，要可爱一些", "，谢谢", "吧", "好吗？",
    "可以吗？", "在草地上", "在海边", "在雪地里", "在夜空下", "在花园里", "在城市里", "在桌子上",
    "在下雨天", "和蓝天白云", "，背景是山", "，背景是夕阳", "，适合小朋友", "，适合春节",
    "，要大一点", "，不要文字", "，像素风", "，水墨风", "，放在网页的角落", "，给我的小店用",
    "，越简单越好",
)  # fmt: skip
_ENGLISH_OPENINGS = (
    "", "", "draw", "please draw", "draw me", "can you draw", "could you make", "I want", "I need",
    "I would like", "show me", "give me", "make", "create", "generate", "paint", "design",
    "an image of", "a drawing of", "a picture of", "a photo of", "an icon of", "a sticker of",
    "a logo with", "a poster with", "a painting of", "a cartoon of", "a watercolour of",
    "my daughter wants", "there is", "imagine", "on the table there is", "in the forest stands",
    "by the sea I saw", "a birthday card with", "a mug printed with", "a t-shirt with",
    "the wall shows", "in my dream there was", "clip art of", "a simple line drawing of",
)  # fmt: skip
_ENGLISH_DESCRIPTIONS = (
    "", "a", "a", "the", "one", "my", "some", "a cute", "a big", "a small", "a little", "an old",
    "a new", "a shiny", "a happy", "a simple", "a cartoon", "a flat", "a realistic", "a beautiful",
    "the best", "two", "three", "many", "a funny", "a lonely", "a friendly", "a tiny",
)  # fmt: skip
_ENGLISH_ENDINGS = (
    "", "", "", "please", "icon", "emoji", "sticker", "logo", "illustration", "clip art",
    "in flat style", "in cartoon style", "on a white background", "on the table", "in the garden",
    "by the sea", "at night", "in the snow", "in the rain", "under a blue sky", "with mountains",
    "for a birthday card", "for my shop", "for my phone wallpaper", "for a t-shirt",
    "for my mother", "as a gift", "to hang on the wall", "for kids", "for our website",
    "in bright colours", "without text", "high quality", "that looks friendly",
    "for the school newspaper", "on a coffee mug", "in pixel art", "as simple as possible",
)  # fmt: skip
# First the other thing, which is not asked for, then the one that is.
_CHINESE_BESIDE = (
    "给{0}配上{1}", "在{0}上画{1}", "印在{0}上的{1}", "{0}上要有{1}", "我的{0}需要{1}来装饰",
    "为{0}店做{1}", "{1}，用在{0}上", "{1}，贴在{0}旁边", "想给{0}添上{1}", "{0}包装上的{1}",
    "给{0}做{1}的图案", "不要{0}，要{1}", "不是{0}，而是{1}", "用来装饰{0}的{1}",
    "看完{0}，帮我画{1}",
    "夹在{0}里的{1}", "为了那个{0}，做{1}的贴纸", "给我的{0}背面画{1}", "我有{0}，还缺{1}",
    "{0}的盒子上画着{1}", "买{0}送{1}的海报", "{1}的图，发给卖{0}的人", "替我的{0}挑{1}的图样",
    "{0}主题的房间里挂着{1}", "朋友的{0}坏了，画{1}安慰他", "{0}比赛的奖状上印{1}",
)  # fmt: skip
_ENGLISH_BESIDE = (
    "{1} on my {0}", "{1} to decorate a {0}", "for my {0} I need {1}", "{1} printed on a {0}",
    "not a {0} but {1}", "draw {1} for the back of a {0}", "on the {0} there should be {1}",
    "{1}, to stick beside the {0}", "I have a {0}, now I want {1}",
    "a {0} shop with {1} as its logo",
    "{1} for the {0} contest", "my {0} box needs {1} on its lid", "paint {1} onto the old {0}",
    "{1} instead of a {0}", "after the {0} draw me {1}", "{1} as a pattern for our {0}",
)  # fmt: skip
_CHINESE_SHADES = ("{}的", "{}", "深{}的", "浅{}的", "亮{}的", "一个{}的", "一只{}的", "整个{}的")
_ENGLISH_SHADES = ("{}", "bright {}", "dark {}", "light {}", "deep {}", "completely {}")


def chinese(name: str, random: Random) -> str:
    """Ask for a thing by its Chinese name."""
    opening = random.choice(_CHINESE_OPENINGS)
    return opening + random.choice(_CHINESE_DESCRIPTIONS) + name + random.choice(_CHINESE_ENDINGS)


def english(name: str, random: Random) -> str:
    """Ask for a thing by its English name."""
    parts = (
        random.choice(_ENGLISH_OPENINGS),
        random.choice(_ENGLISH_DESCRIPTIONS),
        name,
        random.choice(_ENGLISH_ENDINGS),
    )
    return " ".join(part for part in parts if part)


def chinese_beside(other: str, name: str, random: Random) -> str:
    """Ask for a thing by its Chinese name, in a sentence that names another one too."""
    asked = random.choice(_CHINESE_DESCRIPTIONS) + name
    return random.choice(_CHINESE_BESIDE).format(other, asked)


def english_beside(other: str, name: str, random: Random) -> str:
    """Ask for a thing by its English name, in a sentence that names another one too."""
    asked = f"{random.choice(_ENGLISH_DESCRIPTIONS)} {name}".strip()
    return random.choice(_ENGLISH_BESIDE).format(other, asked)


def chinese_in(colour: int, name: str, random: Random) -> str:
    """Ask for a thing in one of COLOURS, by their Chinese names."""
    shade = random.choice(_CHINESE_SHADES).format(COLOURS[colour].chinese)
    return random.choice(_CHINESE_OPENINGS) + shade + name + random.choice(_CHINESE_ENDINGS)


def english_in(colour: int, name: str, random: Random) -> str:
    """Ask for a thing in one of COLOURS, by their English names."""
    shade = random.choice(_ENGLISH_SHADES).format(COLOURS[colour].english)
    parts = (
        random.choice(_ENGLISH_OPENINGS), "a", shade, name, random.choice(_ENGLISH_ENDINGS),
    )  # fmt: skip
    return " ".join(part for part in parts if part)
