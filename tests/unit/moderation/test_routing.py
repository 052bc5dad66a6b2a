"""Rules of queues, and the language of a text as far as its script tells."""

from dataclasses import replace

import pytest

from moderation.core.expressions import InvalidExpression
from moderation.core.languages import language_of
from moderation.core.routing import VARIABLES, Facts, condition, first_match

FACTS = Facts(
    because="hold",
    severity=75,
    hazards={"violence": 3.0},
    language="zh",
    modality="video",
    organisation="0198",
    policy="df7d",
    desk="first",
    clock="hold",
    is_law=False,
    is_late=False,
    reports_count=2,
    reports_weight=1.5,
    reports_best=0.9,
    reach=40,
)


@pytest.mark.parametrize(
    "rule",
    [
        '"violence" in hazards',
        "hazards.violence >= 3.0",
        'language == "zh" && modality in ["video", "speech"]',
        "severity > 50 && !is_late",
        "reports.count >= 2 && reports.weight > 1.0 && reports.best > 0.5",
        "reach > 10",
        'organisation == "0198" && policy.startsWith("df")',
        'because == "hold" && desk == "first" && clock == "hold" && !is_law',
    ],
)
def test_rules_ask_about_all_that_routes_a_case(rule: str) -> None:
    assert first_match([("it", condition(rule))], FACTS) == "it"


def test_every_name_has_a_fact() -> None:
    assert set(FACTS.bound()) == set(VARIABLES)


def test_the_first_rule_that_holds_takes_the_case() -> None:
    rules = [
        ("late", condition("is_late")),
        ("films", condition('modality == "video"')),
        ("all", condition("true")),
    ]
    assert first_match(rules, FACTS) == "films"
    assert first_match(rules, replace(FACTS, is_late=True)) == "late"
    assert first_match(rules, replace(FACTS, modality="text")) == "all"
    assert first_match(rules[:2], replace(FACTS, modality="text")) is None


def test_a_rule_without_an_answer_takes_nothing() -> None:
    rules = [("missing", condition("hazards.spam > 1.0")), ("all", condition("true"))]
    assert first_match(rules, FACTS) == "all"


@pytest.mark.parametrize("rule", ["severity > 50.0", "colour == 1", "severity", "(", "1 + 1"])
def test_what_is_no_rule_is_refused_with_its_place(rule: str) -> None:
    with pytest.raises(InvalidExpression, match="line 1"):
        condition(rule)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("A calm harbour", "latin"),
        ("Un été à Paris", "latin"),
        ("平静的港口", "zh"),
        ("画一只猫 in a hat, please", "zh"),
        ("静かな港", "ja"),
        ("조용한 항구", "ko"),
        ("Тихая гавань", "ru"),
        ("ميناء هادئ", "ar"),
        ("🙂 12 !", ""),
        ("", ""),
    ],
)
def test_the_script_tells_the_language(text: str, language: str) -> None:
    assert language_of(text) == language
