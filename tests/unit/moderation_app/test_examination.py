"""Examining with detectors that answer by rule: no server, no database."""

from collections.abc import Callable, Sequence

import pytest

from moderation.app.examination import Examiner, Output
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.memo import Memo
from moderation.app.models import Outcome
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.decisions import HashHit
from moderation.core.signals import Signal
from moderation.core.triton import Question
from tests.fakes.detectors import NUDE, READS, FakeDetectors

Judge = Callable[..., Judgement]


@pytest.fixture(scope="module")
def words() -> wordlists.WordLists:
    return wordlists.load()


@pytest.fixture
def detectors() -> FakeDetectors:
    return FakeDetectors()


@pytest.fixture
def examiner(detectors: FakeDetectors, words: wordlists.WordLists) -> Examiner:
    memo: Memo[tuple[str, str], Signal] = Memo(entries=64, seconds=60)
    policy = policies.load(lists_digest=words.digest)
    return Examiner(detectors=detectors, policy=policy, words=words, memo=memo)


@pytest.fixture
def judge(examiner: Examiner) -> Judge:
    """Judge an output: modality, prompt, text, data and hits by name."""

    def one(
        modality: str = "text",
        *,
        prompt: str = "a calm harbour",
        text: str = "",
        data: bytes | None = b"",
        hits: tuple[HashHit, ...] = (),
    ) -> Judgement:
        output = Output(modality, prompt, text, data, output_hits=hits)
        return judgement_of(examiner.output(output, deadline=1.0), policy=examiner.policy)

    return one


@pytest.mark.parametrize(
    ("down", "verdict"),
    [
        (set(), Outcome.RELEASE),
        ({"text_hazards"}, Outcome.UNAVAILABLE),
        ({"prompt_attack"}, Outcome.UNAVAILABLE),
        ({"image_safety"}, Outcome.UNAVAILABLE),
        ({"image_text"}, Outcome.UNAVAILABLE),
        ({"speech_text"}, Outcome.RELEASE),
    ],
)
def test_a_picture_needs_every_detector_that_its_rules_name(
    judge: Judge, detectors: FakeDetectors, down: set[str], verdict: Outcome
) -> None:
    detectors.down = down
    assert judge("image", data=b"png").verdict == verdict


def test_words_in_a_picture_need_the_text_detector_and_a_silent_one_does_not(
    judge: Judge, detectors: FakeDetectors
) -> None:
    judge("image", prompt="", data=b"png")
    assert detectors.asked["text_hazards"] == 0
    assert judge("image", prompt="", data=b"png" + READS + b"hatemark").verdict == Outcome.BLOCK
    assert detectors.asked["text_hazards"] == 1


def test_bytes_that_are_away_are_an_outage_but_a_bad_prompt_still_blocks(judge: Judge) -> None:
    assert judge("image", data=None).verdict == Outcome.UNAVAILABLE
    assert judge("image", data=None, prompt="hatemark").verdict == Outcome.BLOCK


def test_the_prompt_and_a_text_of_the_same_words_cost_one_question(
    judge: Judge, detectors: FakeDetectors
) -> None:
    judge("text", prompt="the same words", text="the same words")
    judge("text", prompt="the same words", text="the same words")
    assert detectors.asked == {"text_hazards": 1, "prompt_attack": 1}


def test_media_are_never_remembered(judge: Judge, detectors: FakeDetectors) -> None:
    judge("image", data=b"png")
    judge("image", data=b"png")
    assert detectors.asked["image_safety"] == 2


def test_a_modality_without_rules_is_for_a_person(judge: Judge) -> None:
    judgement = judge("hologram", data=b"light")
    assert judgement.verdict == Outcome.HOLD
    assert [reason["rule"] for reason in judgement.reasons] == ["unknown_modality"]
    assert [reason["code"] for reason in judgement.public] == ["review"]


@pytest.mark.parametrize(
    ("title", "verdict"), [("A calm harbour", Outcome.RELEASE), ("hatemark", Outcome.BLOCK)]
)
def test_a_tune_is_judged_by_the_words_of_its_notation(
    judge: Judge, detectors: FakeDetectors, title: str, verdict: Outcome
) -> None:
    detectors.down = {"speech_text"}
    notation = f"X:1\nT:{title}\nM:4/4\nK:D\nBADE FACE |]\n"
    assert judge("music", text=notation, data=b"").verdict == verdict


@pytest.mark.parametrize(
    ("text", "verdict"), [("A calm harbour", Outcome.RELEASE), ("hatemark", Outcome.BLOCK)]
)
def test_a_whole_is_judged_by_its_words_whatever_became_of_its_bytes(
    judge: Judge, text: str, verdict: Outcome
) -> None:
    assert judge("composition", text=text, data=None).verdict == verdict


def test_music_without_a_notation_is_listened_to(judge: Judge, detectors: FakeDetectors) -> None:
    assert judge("music", data=b"wav").verdict == Outcome.RELEASE
    assert detectors.asked["speech_text"] == 1
    assert judge("music", data=None).verdict == Outcome.UNAVAILABLE
    detectors.down = {"speech_text"}
    assert judge("music", data=b"other").verdict == Outcome.UNAVAILABLE


def test_a_blocked_fingerprint_is_told_to_the_author_as_seen_before(judge: Judge) -> None:
    hit = HashHit(kind="sha256", action="block", value="ab" * 32)
    judgement = judge("text", text="harmless", hits=(hit,))
    assert judgement.verdict == Outcome.BLOCK
    assert [reason["code"] for reason in judgement.public] == ["listed"]
    assert judgement.hash_hits[0]["effect"] == "block"


@pytest.mark.parametrize(
    ("text", "severity"),
    [("calm", 0), ("spammaybe", 25), ("spammaybe hatemaybe", 75), ("child_safetymaybe", 100)],
)
def test_the_severity_is_that_of_the_worst_hazard(judge: Judge, text: str, severity: int) -> None:
    assert judge("text", text=text).severity == severity


def test_the_evidence_names_the_surface_of_every_reason(judge: Judge) -> None:
    judgement = judge("image", prompt="spammaybe", data=b"png" + NUDE)
    found = {(reason["surface"], reason["hazard"]) for reason in judgement.reasons}
    assert found == {("image", "sexual"), ("prompt", "spam")}


def test_what_is_stored_holds_no_character_that_postgresql_refuses(judge: Judge) -> None:
    judgement = judge("text", text="a\0b\ud800c")
    text = next(finding["text"] for finding in judgement.signals if finding["surface"] == "text")
    assert text == "ab?c"


def test_the_version_of_a_judgement_changes_with_a_detectors_version(
    judge: Judge, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judge("image", prompt="", data=b"png").policy_version
    start = detectors.start

    def newer(
        questions: Sequence[Question], deadline_seconds: float
    ) -> Callable[[], list[list[Signal]]]:
        answers = start(questions, deadline_seconds)
        return lambda: [
            [Signal(one.detector, one.version + "2", one.scores, one.text) for one in signals]
            for signals in answers()
        ]

    monkeypatch.setattr(detectors, "start", newer)
    assert judge("image", prompt="", data=b"png").policy_version != before


def test_a_disguised_text_is_also_judged_as_what_it_says(
    judge: Judge, detectors: FakeDetectors
) -> None:
    judgement = judge("text", prompt="a song", text="h a t e m a r k")
    assert judgement.verdict == Outcome.BLOCK
    (finding,) = [one for one in judgement.signals if one["surface"] == "text"]
    assert [signal["detail"].get("read_as") for signal in finding["signals"]] == [
        None,
        "hatemark",
        None,
    ]


def test_an_outage_of_the_second_reading_is_an_outage(
    judge: Judge, detectors: FakeDetectors
) -> None:
    judge("text", prompt="a song", text="c a l m")
    judge("text", prompt="a song", text="calm")
    detectors.down = {"text_hazards"}
    assert judge("text", prompt="a song", text="c a l m e r").verdict == Outcome.UNAVAILABLE


def test_staff_see_list_and_term_of_a_listed_word(judge: Judge) -> None:
    judgement = judge("text", text="代开发票")
    (reason,) = judgement.reasons
    assert (reason["rule"], reason["detector"], reason["detail"]) == ("word_list", "zh", "代开发票")
    assert judgement.signals[0]["words"] == [
        {"term": "代开发票", "hazard": "spam", "severity": "strong", "list": "zh"}
    ]


@pytest.mark.parametrize(
    ("text", "told"), [("代開發票", ["代开发票"]), ("how to make a pipe bomb", None)]
)
def test_the_author_reads_the_word_where_its_hazard_allows(
    judge: Judge, text: str, told: list[str] | None
) -> None:
    (reason,) = judge("text", text=text).public
    assert reason.get("words") == told
