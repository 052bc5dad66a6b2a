"""Examining films with detectors that answer by rule: every picture, sound and word counts."""

import pytest

from moderation.app.examination import Examiner, Output
from moderation.app.film_examination import examine_film
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.memo import Memo
from moderation.app.models import Outcome
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.films import CUTTER, Film, joined, unavailable
from moderation.core.signals import Signal
from tests.fakes.detectors import FRAME, NUDE, READS, SOUND, FakeDetectors

CALM = FRAME + b"sea" + FRAME + b"sky"
CAPTIONS = "WEBVTT\n\n00:00.400 --> 00:02.000\n{}\n"


@pytest.fixture(scope="module")
def words() -> wordlists.WordLists:
    return wordlists.load()


@pytest.fixture
def detectors() -> FakeDetectors:
    return FakeDetectors()


def judged(
    detectors: FakeDetectors,
    words: wordlists.WordLists,
    *films: bytes,
    captions: str = "",
    prompt: str = "a calm harbour",
    source: str | None = None,
) -> Judgement:
    policy = policies.load(lists_digest=words.digest) if source is None else policies.parse(source)
    memo: Memo[tuple[str, str], Signal] = Memo(entries=64, seconds=60)
    examiner = Examiner(detectors=detectors, policy=policy, words=words, memo=memo)
    output = Output("video", prompt, captions, None)
    film = joined([detectors.cut(one, 1.0) for one in films])
    return judgement_of(examine_film(examiner, output, film, deadline=1.0), policy=policy)


def test_a_harmless_film_is_released(detectors: FakeDetectors, words: wordlists.WordLists) -> None:
    captions = CAPTIONS.format("Good morning")
    found = judged(detectors, words, CALM + SOUND + b"wav", captions=captions)
    assert found.verdict == Outcome.RELEASE
    assert {finding["surface"] for finding in found.signals} == {
        "video",
        "speech",
        "text",
        "prompt",
    }


@pytest.mark.parametrize(
    ("film", "captions", "prompt", "verdict", "surface"),
    [
        (CALM + FRAME + NUDE, "", "", Outcome.BLOCK, "video"),
        (CALM + FRAME + READS + b"hatemark", "", "", Outcome.BLOCK, "video"),
        (CALM + SOUND + READS + b"violencemaybe", "", "", Outcome.HOLD, "speech"),
        (CALM, CAPTIONS.format("hatemaybe"), "", Outcome.HOLD, "text"),
        (CALM, CAPTIONS.format("hatemark"), "", Outcome.BLOCK, "text"),
        (CALM, "", "prompt_attackmark", Outcome.HOLD, "prompt"),
        (CALM + SOUND + READS + b"hatemark", CAPTIONS.format("sea"), "", Outcome.BLOCK, "speech"),
    ],
)
def test_the_worst_of_pictures_sound_and_words_counts(  # noqa: PLR0917 - the columns of the table
    detectors: FakeDetectors,
    words: wordlists.WordLists,
    film: bytes,
    captions: str,
    prompt: str,
    verdict: Outcome,
    surface: str,
) -> None:
    found = judged(detectors, words, film, captions=captions, prompt=prompt)
    assert found.verdict == verdict
    assert found.reasons[0]["surface"] == surface


def test_the_preview_and_the_poster_are_judged_like_the_film(
    detectors: FakeDetectors, words: wordlists.WordLists
) -> None:
    assert judged(detectors, words, CALM, FRAME + NUDE).verdict == Outcome.BLOCK


def test_every_picture_is_asked_about_and_its_moment_is_kept(
    detectors: FakeDetectors, words: wordlists.WordLists
) -> None:
    found = judged(detectors, words, CALM + FRAME + b"[suspect]")
    assert detectors.asked["image_safety"] == detectors.asked["image_text"] == 3
    worst = [
        signal
        for finding in found.signals
        for signal in finding["signals"]
        if signal["scores"].get("sexual", 0) > 0.5
    ]
    assert [signal["detail"]["at_ms"] for signal in worst] == [1000]


@pytest.mark.parametrize(
    "down", [CUTTER, "image_safety", "image_text", "speech_text", "text_hazards"]
)
def test_an_outage_of_anything_that_a_film_needs_releases_nothing(
    detectors: FakeDetectors, words: wordlists.WordLists, down: str
) -> None:
    detectors.down.add(down)
    found = judged(detectors, words, CALM + SOUND + b"wav" + READS + b"hello")
    assert found.verdict == Outcome.UNAVAILABLE


def test_a_film_that_nobody_could_open_is_unavailable_and_never_released(
    detectors: FakeDetectors, words: wordlists.WordLists
) -> None:
    assert judged(detectors, words).verdict == Outcome.UNAVAILABLE
    assert unavailable("gone") != Film((), (), ())


def test_under_a_policy_without_rules_for_films_a_person_looks(
    detectors: FakeDetectors, words: wordlists.WordLists
) -> None:
    source = policies.DEFAULT_POLICY.read_text(encoding="utf-8")
    before, _, rest = source.partition("  # The pictures of a film")
    found = judged(detectors, words, CALM, source=before + rest[rest.index("# Different people") :])
    assert found.verdict == Outcome.HOLD
    assert found.reasons[0]["rule"] == "unknown_modality"


def test_a_caption_misread_in_a_picture_is_judged_as_it_was_written(
    detectors: FakeDetectors, words: wordlists.WordLists
) -> None:
    """And where nothing but captions was read, their classifier has spoken all the same."""
    film = CALM + FRAME + READS + b"goodmorning harbour" + SOUND + b"wav"
    found = judged(detectors, words, film, captions=CAPTIONS.format("Good morning, harbour"))

    assert found.verdict == Outcome.RELEASE
    (pictures,) = (finding for finding in found.signals if finding["surface"] == "video")
    assert pictures["text"] == "Good morning, harbour"
