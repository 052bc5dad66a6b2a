"""What the examiner does with detectors that need no server, and with surfaces taken together."""

from collections.abc import Callable

import pytest

from moderation.app.examination import Asked, Examiner, Output
from moderation.app.film_examination import examine_film
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.memo import Memo
from moderation.app.models import Case, Outcome
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.backtesting import Stored, again
from moderation.core.decisions import Verdict
from moderation.core.films import Film, Still
from moderation.core.hazards import MOST_URGENT, urgency
from moderation.core.signals import Signal
from tests.fakes.detectors import NUDE, READS, SUSPECT, FakeDetectors

CARD = "4242 4242 4242 4242"


@pytest.fixture
def detectors() -> FakeDetectors:
    return FakeDetectors()


@pytest.fixture
def examiner(detectors: FakeDetectors) -> Examiner:
    words = wordlists.load()
    return Examiner(
        detectors=detectors,
        policy=policies.load(lists_digest=words.digest),
        words=words,
        memo=Memo(entries=64, seconds=60),
    )


@pytest.fixture
def judge(examiner: Examiner) -> Callable[..., Judgement]:
    def one(modality: str, prompt: str, *, text: str = "", data: bytes = b"") -> Judgement:
        output = Output(modality, prompt, text, data)
        return judgement_of(examiner.output(output, deadline=1.0), policy=examiner.policy)

    return one


def test_no_server_is_asked_for_personal_data_and_an_outage_does_not_hide_it(
    judge: Callable[..., Judgement], detectors: FakeDetectors
) -> None:
    detectors.everything_down()
    judgement = judge("text", "an advert", text=f"Pay with {CARD}.")
    assert judgement.verdict == Outcome.HOLD
    assert "personal_data" not in detectors.asked
    assert judgement.hazards == ("privacy",)


@pytest.mark.parametrize("modality", ["image", "speech"])
def test_words_that_were_read_or_heard_are_searched_as_well(
    judge: Callable[..., Judgement], modality: str
) -> None:
    judgement = judge(modality, "an advert", data=b"x" + READS + CARD.encode())
    assert judgement.hazards == ("privacy",)


@pytest.mark.parametrize(
    ("prompt", "picture", "verdict"),
    [
        ("a woman on a beach", SUSPECT, Outcome.HOLD),
        ("a schoolgirl on a beach", b"calm", Outcome.RELEASE),
        ("a schoolgirl on a beach", SUSPECT, Outcome.BLOCK),
        ("沙滩上的萝莉", NUDE, Outcome.BLOCK),
    ],
)
def test_a_picture_that_may_be_sexual_and_a_prompt_about_minors_are_one_case(
    judge: Callable[..., Judgement], prompt: str, picture: bytes, verdict: Outcome
) -> None:
    judgement = judge("image", prompt, data=picture)
    assert judgement.verdict == verdict
    if verdict == Outcome.BLOCK:
        assert judgement.severity == urgency("child_safety")
        assert judgement.hazards[0] in {"child_safety", "sexual"}
        assert "child_safety" in judgement.hazards
        assert judgement.public[0]["code"] == "rules"
        assert judgement.reasons[0]["rule"] == "minor_and_sexual"


def test_a_slight_doubt_about_a_picture_is_the_most_severe_case(
    examiner: Examiner, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = detectors._signal

    def slight(name: str, content: bytes) -> Signal:
        if name == "image_safety":
            return Signal(name, "image_safety@fake", {"sexual": 0.15})
        return real(name, content)

    monkeypatch.setattr(detectors, "_signal", slight)
    output = Output("image", "a teenager at a lake", "", b"picture")
    judgement = judgement_of(examiner.output(output, deadline=1.0), policy=examiner.policy)
    assert judgement.verdict == Outcome.HOLD
    assert judgement.because == Case.Because.HOLD
    assert judgement.severity == MOST_URGENT


def test_the_same_holds_for_a_film(examiner: Examiner) -> None:
    film = Film((Still(b"calm", 0), Still(SUSPECT, 500)), (), (Signal("video_cuts", "v@1"),))
    output = Output("video", "a schoolgirl at a lake", "", None)
    assert examine_film(examiner, output, film, deadline=1.0).decision.verdict is Verdict.BLOCK


def test_a_backtest_repeats_what_surfaces_say_together(judge: Callable[..., Judgement]) -> None:
    judgement = judge("image", "a schoolgirl on a beach", data=SUSPECT)
    decision = again(judgement.policy, _stored(judgement))
    assert decision is not None
    assert decision.verdict is Verdict.BLOCK


def test_a_backtest_asks_a_newer_detector_of_this_process_about_the_kept_text(
    judge: Callable[..., Judgement],
) -> None:
    stored = _stored(judge("text", "an advert", text=f"Pay with {CARD}."))
    for finding in stored.findings:
        finding["signals"][:] = [
            one for one in finding["signals"] if one["detector"] != "personal_data"
        ]
    decision = again(policies.load(), stored)
    assert decision is not None
    assert (decision.verdict, decision.hazards) == (Verdict.HOLD, ("privacy",))


def _stored(judgement: Judgement) -> Stored:
    return Stored("1", "2", Verdict(judgement.verdict), judgement.signals, (), None)


def test_bytes_that_are_no_text_are_an_outage_of_it_and_no_crash(examiner: Examiner) -> None:
    (signal,) = examiner.ask([Asked("personal_data", b"\xff\xfe", may_be_remembered=False)], 1.0)
    assert signal.error == "not a text"
