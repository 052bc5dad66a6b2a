"""Many texts and pictures, judged at once as each would be alone."""

from collections.abc import Callable, Sequence
from time import sleep

import pytest

from moderation.app.batch_examination import Item, start_batch
from moderation.app.examination import Examiner, Finding, Output
from moderation.app.memo import Memo
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.decisions import HashHit, Verdict
from moderation.core.signals import Signal
from moderation.core.triton import Question
from moderation.core.wordlists import WordLists
from tests.fakes.detectors import NUDE, READS, SUSPECT, FakeDetectors

DEADLINE = 7.0
ITEMS = [
    Item("text", text="a calm harbour"),
    Item("text", text="hatemark"),
    Item("prompt", text="hatemaybe"),
    Item("prompt", text="prompt_attackmark"),
    Item("text", text="prompt_attackmark"),
    Item("text", text="buy heroin"),
    Item("image", picture=b"a picture"),
    Item("image", picture=b"a picture" + NUDE),
    Item("image", picture=SUSPECT + READS + b"hatemark"),
    Item("image", picture=READS + b"violencemaybe"),
]


class Punctual(FakeDetectors):
    """Detectors that take 0.1 s for a request, and none after its deadline."""

    def start(
        self, questions: Sequence[Question], deadline_seconds: float
    ) -> Callable[[], list[list[Signal]]]:
        answers = super().start(questions, deadline_seconds)
        late = [
            [Signal.unavailable(question.detector, "deadline_exceeded")] * len(question.contents)
            for question in questions
        ]
        sleep(min(0.1, deadline_seconds))
        return answers if deadline_seconds >= 0.1 else lambda: late


@pytest.fixture
def detectors() -> FakeDetectors:
    return FakeDetectors()


@pytest.fixture(scope="module")
def words() -> WordLists:
    return wordlists.load()


@pytest.fixture
def examiner(detectors: FakeDetectors, words: WordLists) -> Examiner:
    return Examiner(
        detectors=detectors,
        policy=policies.load(lists_digest=words.digest),
        words=words,
        memo=Memo(entries=100, seconds=60.0),
    )


def batch(examiner: Examiner, items: list[Item]) -> list[Finding]:
    return start_batch(examiner, items, deadline=DEADLINE)([() for _ in items])


def test_each_item_is_judged_as_it_would_be_alone(examiner: Examiner) -> None:
    together = batch(examiner, ITEMS)
    for item, found in zip(ITEMS, together, strict=True):
        if item.text is not None:
            alone = examiner.text(item.surface, item.text, deadline=DEADLINE).findings[0]
        else:
            output = Output(modality="image", prompt="", text="", data=item.picture)
            alone = examiner.output(output, deadline=DEADLINE).findings[0]
        assert found == alone
    assert {found.decision.verdict for found in together} == {
        Verdict.RELEASE,
        Verdict.HOLD,
        Verdict.BLOCK,
    }


def test_each_detector_is_asked_once_about_all_and_once_about_the_words_in_pictures(
    examiner: Examiner, detectors: FakeDetectors
) -> None:
    batch(examiner, ITEMS)
    # Of the six texts two are the same words; of the two that were read one was a text, too.
    assert sorted(detectors.batches) == [
        ("image_gore", 4),
        ("image_safety", 4),
        ("image_text", 4),
        ("prompt_attack", 2),
        ("text_hazards", 1),
        ("text_hazards", 5),
    ]
    first, second = detectors.deadlines
    assert DEADLINE >= first >= second > DEADLINE - 1


def test_much_is_asked_in_waves_so_that_others_get_answers_in_between(
    examiner: Examiner, detectors: FakeDetectors
) -> None:
    texts = [Item("text", text=f"{number} ".ljust(3_000, "x")) for number in range(5)]
    pictures = [Item("image", picture=f"picture {number}".encode()) for number in range(17)]
    found = batch(examiner, [*texts, *pictures])
    assert {one.decision.verdict for one in found} == {Verdict.RELEASE}
    assert detectors.batches == [
        ("text_hazards", 2),
        ("text_hazards", 2),
        ("text_hazards", 1),
        ("image_safety", 8),
        ("image_gore", 8),
        ("image_text", 8),
        ("image_safety", 8),
        ("image_gore", 8),
        ("image_text", 8),
        ("image_safety", 1),
        ("image_gore", 1),
        ("image_text", 1),
    ]
    assert detectors.deadlines == sorted(detectors.deadlines, reverse=True)


def test_when_the_time_is_up_what_was_not_judged_is_unavailable(words: WordLists) -> None:
    policy = policies.load(lists_digest=words.digest)
    memo: Memo[tuple[str, str], Signal] = Memo(entries=9, seconds=60.0)
    slow = Examiner(detectors=Punctual(), policy=policy, words=words, memo=memo)
    items = [Item("text", text=f"{number} ".ljust(5_000, "x")) for number in range(4)]
    found = start_batch(slow, items, deadline=0.15)([() for _ in items])
    verdicts = [str(one.decision.verdict) for one in found]
    assert verdicts[0] == "release"
    assert verdicts[-1] == "unavailable"


def test_a_single_text_is_judged_even_if_it_fills_more_than_a_wave(examiner: Examiner) -> None:
    (found,) = batch(examiner, [Item("text", text="x" * 12_000)])
    assert found.decision.verdict is Verdict.RELEASE
    assert batch(examiner, []) == []


def test_scores_of_texts_are_remembered_and_those_of_pictures_are_not(
    examiner: Examiner, detectors: FakeDetectors
) -> None:
    first = batch(examiner, ITEMS)
    detectors.asked.clear()
    assert batch(examiner, ITEMS) == first
    assert detectors.asked == {"image_safety": 4, "image_gore": 4, "image_text": 4}


@pytest.mark.parametrize(
    ("down", "changed"),
    [
        ("prompt_attack", {3: "unavailable"}),
        # Doubt about a picture goes, and what was read in it still speaks against it.
        ("image_safety", {6: "unavailable", 7: "unavailable"}),
        ("image_text", {6: "unavailable", 8: "hold", 9: "unavailable"}),
        # The listed words of the sixth need no classifier.
        (
            "text_hazards",
            {0: "unavailable", 1: "unavailable", 2: "unavailable", 4: "unavailable", 8: "hold"}
            | {9: "unavailable"},
        ),
    ],
)
def test_an_outage_meets_the_items_that_need_the_detector_and_no_other(
    examiner: Examiner, detectors: FakeDetectors, down: str, changed: dict[int, str]
) -> None:
    detectors.down = {down}
    during = [str(found.decision.verdict) for found in batch(examiner, ITEMS)]
    detectors.down = set()
    usual = [str(found.decision.verdict) for found in batch(examiner, ITEMS)]
    differs = {
        number: verdict
        for number, (verdict, before) in enumerate(zip(during, usual, strict=True))
        if verdict != before
    }
    assert differs == changed


def test_bytes_that_cannot_be_read_are_unavailable(examiner: Examiner) -> None:
    lost, fine = batch(examiner, [Item("image"), Item("text", text="a calm harbour")])
    assert lost.decision.verdict is Verdict.UNAVAILABLE
    assert {signal.error for signal in lost.signals} == {"no bytes to judge"}
    assert fine.decision.verdict is Verdict.RELEASE


def test_hash_lists_count_for_the_item_that_they_know(examiner: Examiner) -> None:
    hit = HashHit("sha256", "block", "00" * 32)
    items = [Item("text", text="one"), Item("text", text="two")]
    first, second = start_batch(examiner, items, deadline=DEADLINE)([(), (hit,)])
    assert (first.decision.verdict, second.decision.verdict) == (Verdict.RELEASE, Verdict.BLOCK)
