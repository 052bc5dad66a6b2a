"""What the shipped policy does with listed words, by itself and beside a score."""

from __future__ import annotations

import pytest

from moderation.core import wordlists
from moderation.core.context import Audience
from moderation.core.decisions import Verdict
from moderation.core.policy import Policy, evaluate, for_audience, load
from moderation.core.signals import Signal
from moderation.core.wordlists import WordLists


@pytest.fixture(scope="module")
def words() -> WordLists:
    return wordlists.load()


@pytest.fixture(scope="module")
def policy(words: WordLists) -> Policy:
    return load(lists_digest=words.digest)


def verdict(policy: Policy, words: WordLists, text: str, **scores: float) -> Verdict:
    given = {
        name: dict.fromkeys(hazards, 0.0) | {key: scores[key] for key in hazards if key in scores}
        for name, hazards in policy.detectors.items()
        if name in policy.surfaces["text"].required
    }
    signals = [Signal(name, "1", given[name]) for name in given]
    return evaluate(policy, surface="text", signals=signals, list_hits=words.find(text)).verdict


@pytest.mark.parametrize(
    ("text", "scores", "expected"),
    [
        ("you retards", {}, Verdict.RELEASE),
        ("you retards", {"hate": 0.49}, Verdict.RELEASE),
        ("you retards", {"hate": 0.50}, Verdict.HOLD),
        ("you people", {"hate": 0.79}, Verdict.RELEASE),
        ("holy shit", {}, Verdict.RELEASE),
        ("holy shit", {"harassment": 0.49}, Verdict.RELEASE),
        ("holy shit", {"harassment": 0.50}, Verdict.HOLD),
        ("holy shit", {"sexual": 0.55}, Verdict.RELEASE),
        ("the spics", {}, Verdict.HOLD),
    ],
)
def test_a_mild_word_holds_beside_a_score_and_never_by_itself(
    policy: Policy, words: WordLists, text: str, scores: dict[str, float], expected: Verdict
) -> None:
    assert verdict(policy, words, text, **scores) is expected


@pytest.mark.parametrize("rating", ["children", "teens", "everyone"])
def test_before_the_young_swearing_is_held_and_ambiguous_words_are_not(
    policy: Policy, words: WordLists, rating: str
) -> None:
    stricter = for_audience(policy, Audience(rating=rating))

    assert verdict(stricter, words, "holy shit") is Verdict.HOLD
    assert verdict(stricter, words, "the cock crowed beside the ass") is Verdict.RELEASE
    assert verdict(policy, words, "holy shit") is Verdict.RELEASE
