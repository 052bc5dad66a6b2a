"""Answers in JSON that were cut, or do not fit their schema: not delivered, and not paid for."""

from typing import Any

import pytest

from generation.app import board, runner
from generation.app.models import Job, JobOutput
from tests.fakes.generator import FakeGenerator, writes
from tests.integration.generation.maker import Maker
from tests.integration.generation.paying import WELCOME, assert_no_drift, cost_of, left
from tidegate.assets.models import Asset
from tidegate.contracts.envelope import decode
from tidegate.contracts.generation import JobEnded
from tidegate.events.models import Outbox
from tidegate.ledger.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["headline", "stars"],
    "properties": {
        "headline": {"type": "string", "maxLength": 40},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
}
WHOLE = '{"headline": "Warm feet all winter", "stars": 5}'
CUT = '{"headline": "Warm feet all wi'
UNFIT = '{"headline": "Warm feet all winter", "stars": 9}'
# Two times 120 tokens, so that a part of the price cannot be taken for the whole.
PRICE = 2


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is published: there is no Valkey."""
    monkeypatch.setattr(board, "publish", lambda *_: None)


class Turns:
    """A generator whose every output is another script's."""

    def __init__(self, *scripts: FakeGenerator) -> None:
        self._scripts = list(scripts)

    def stream(self, **asked: Any) -> Any:
        return self._scripts.pop(0).stream(**asked)


def asked(maker: Maker, *, outputs: int = 1) -> Job:
    parameters = {"max_tokens": 240, "json_schema": SCHEMA}
    return maker.asks(model_name="smollm2-135m", parameters=parameters, outputs=outputs)


def run(job: Job, *scripts: FakeGenerator) -> Job:
    assert runner.run_next(modality="text", generator=Turns(*scripts))
    job.refresh_from_db()
    return job


def moves_of(job: Job) -> list[tuple[str, int, int | None, str]]:
    """What the ledger says of a job: kind, credits, output, reason; in order."""
    entries = Entry.objects.filter(subject_id=job.pk).order_by("seq")
    return list(entries.values_list("kind", "amount", "output_index", "reason"))


def outputs_of(job: Job) -> list[tuple[int, str, str]]:
    rows = JobOutput.objects.filter(job=job).order_by("index")
    return list(rows.values_list("index", "state", "error_code"))


def test_an_answer_that_fits_is_delivered_as_json_and_charged(maker: Maker) -> None:
    job = run(asked(maker), writes(WHOLE))
    assert job.state == Job.State.SUCCEEDED
    assert (Asset.objects.get(job_id=job.pk).media_type, cost_of(job)) == (
        "application/json",
        (PRICE, 0, ""),
    )


# At the limit a small model may have written what fits: then nothing was cut away.
def test_an_answer_that_is_whole_at_the_limit_is_delivered(maker: Maker) -> None:
    job = run(asked(maker), writes(WHOLE, finish_reason="length"))
    assert (job.state, cost_of(job)[0]) == (Job.State.SUCCEEDED, PRICE)


@pytest.mark.parametrize(
    ("text", "finish_reason", "code", "says"),
    [
        (CUT, "length", "answer_cut", "max_tokens"),
        (CUT, "stop", "answer_unfit", "this is no JSON"),
        (UNFIT, "stop", "answer_unfit", "/stars"),
        ("Here you are: " + WHOLE, "stop", "answer_unfit", "this is no JSON"),
        ("[1, 2]", "stop", "answer_unfit", "json_schema"),
    ],
)
def test_an_answer_that_cannot_be_used_ends_the_job_and_costs_nothing(
    maker: Maker, *, text: str, finish_reason: str, code: str, says: str
) -> None:
    job = asked(maker)
    assert left(maker) == (WELCOME - PRICE, PRICE)
    run(job, writes(text, finish_reason=finish_reason))
    assert (job.state, job.error_code) == (Job.State.FAILED, code)
    assert says in job.error_detail
    # The same seed would end the same way, so only a person tries it again.
    assert (job.does_retry_help, job.failures, job.not_before) == (True, 0, None)
    assert not Asset.objects.exists()
    assert outputs_of(job) == [(0, "failed", code)]
    ended = decode(bytes(Outbox.objects.get(key=str(job.pk), type=JobEnded.TYPE).value))
    assert (ended.data["state"], ended.data["asset_ids"]) == ("failed", [])
    assert moves_of(job) == [("reserve", PRICE, None, ""), ("release", PRICE, 0, "failed")]
    assert (cost_of(job), left(maker)) == ((0, PRICE, "failed"), (WELCOME, 0))
    assert_no_drift()


@pytest.mark.parametrize(
    ("bad", "code"),
    [(writes(CUT, finish_reason="length"), "answer_cut"), (writes(UNFIT), "answer_unfit")],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_several_answers_only_the_bad_one_is_given_back(
    maker: Maker, *, bad: FakeGenerator, code: str, place: int
) -> None:
    scripts = [writes(WHOLE) for _ in range(3)]
    scripts[place] = bad
    job = run(asked(maker, outputs=3), *scripts)
    good = [index for index in range(3) if index != place]
    assert (job.state, job.error_code) == (Job.State.SUCCEEDED, "")
    delivered = Asset.objects.filter(job_id=job.pk).order_by("output_index")
    assert list(delivered.values_list("output_index", flat=True)) == good
    assert outputs_of(job)[place] == (place, "failed", code)
    assert moves_of(job) == [
        ("reserve", 3 * PRICE, None, ""),
        *(("charge", PRICE, index, "") for index in good),
        ("release", PRICE, place, "not_delivered"),
    ]
    assert (cost_of(job), left(maker)) == (
        (2 * PRICE, PRICE, "not_delivered"),
        (WELCOME - 2 * PRICE, 0),
    )
    assert_no_drift()


def test_a_job_of_which_no_answer_could_be_used_fails_with_the_last_reason(maker: Maker) -> None:
    job = run(asked(maker, outputs=2), writes(UNFIT), writes(CUT, finish_reason="length"))
    assert (job.state, job.error_code) == (Job.State.FAILED, "answer_cut")
    assert outputs_of(job) == [(0, "failed", "answer_unfit"), (1, "failed", "answer_cut")]
    assert [move[1:] for move in moves_of(job) if move[0] == "release"] == [
        (PRICE, 0, "failed"),
        (PRICE, 1, "failed"),
    ]
    assert left(maker) == (WELCOME, 0)
    assert_no_drift()
