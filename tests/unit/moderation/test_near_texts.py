"""Texts that were written a little differently are near; others are far."""

import pytest

from moderation.core.hashes import distance
from moderation.core.near_texts import LEAST_SHINGLES, NEAR_DISTANCE, simhash

ENGLISH = (
    "The old harbour slept under a thin fog while the fishermen mended their nets and spoke"
    " quietly about the storm that had taken two boats the week before. Nobody wanted to go out"
    " again, but the market opened at six."
)
CHINESE = (
    "清晨的港口笼罩在薄雾之中，渔民们一边修补渔网，一边低声谈论上周夺走两艘渔船的那场风暴。"
    "没有人愿意再次出海，可是市场六点就要开门，孩子们也在等着新鲜的鱼回家。"
)
MIXED = f"{CHINESE} {ENGLISH}"


@pytest.mark.parametrize(
    ("original", "changed"),
    [
        (ENGLISH, ENGLISH.upper().replace(",", "") + " !!!"),
        (ENGLISH, ENGLISH.replace("fishermen", "sailors")),
        (ENGLISH, ENGLISH.replace("two boats", "three boats")),
        (ENGLISH, ENGLISH + " So they went."),
        (ENGLISH, ENGLISH.replace("o", "о")),  # a Cyrillic look-alike
        (CHINESE, CHINESE.replace("，", " ") + "！"),
        (CHINESE, CHINESE.replace("清晨", "早晨")),
        (CHINESE, CHINESE.replace("两艘", "三艘")),
        (CHINESE, CHINESE + "于是他们走了。"),
        (MIXED, MIXED.replace("market", "shop").replace("新鲜", "好吃")),
    ],
)
def test_a_text_that_was_changed_a_little_stays_near(original: str, changed: str) -> None:
    assert distance(simhash(original), simhash(changed)) <= NEAR_DISTANCE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            ENGLISH,
            (
                "A quarterly report of the company shows that sales of small engines fell by a"
                " tenth, while the workshop in the north hired forty people and now builds gears"
                " for trains."
            ),
        ),
        (
            ENGLISH,
            (
                "The old mill stood under a grey sky while the children mended their kites and"
                " talked loudly about the fair that had left two days before. Everybody wanted to"
                " go there."
            ),
        ),
        (
            CHINESE,
            (
                "公司的季度报告显示，小型发动机的销量下降了一成，而北方的工厂招聘了四十名员工，"
                "现在为火车生产齿轮。市场没有预料到这个消息，股价在早晨的交易中略有下跌。"
            ),
        ),
        (ENGLISH, CHINESE),
    ],
)
def test_another_text_is_far_even_on_the_same_pattern(one: str, other: str) -> None:
    assert distance(simhash(one), simhash(other)) > 2 * NEAR_DISTANCE


@pytest.mark.parametrize(
    "text", ["", "   ", "a red fox", "一只红色的狐狸", "fox " * 400, "。！" * 90]
)
def test_a_text_of_few_shingles_has_no_near_ones(text: str) -> None:
    assert simhash(text) == ""


def test_the_hash_does_not_change_between_releases() -> None:
    text = "".join(chr(0x4E00 + number) for number in range(LEAST_SHINGLES + 1))
    assert simhash(text) == "e261ab01bd8795484cda920e0b03d005b2b919ed3ba52a144c904ee51aa99735"
