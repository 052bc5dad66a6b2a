"""What a creator brings is screened, a refusal names its field, an outage refuses nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.checks import run_checks
from django.db.models import F

from generation.app import services
from generation.app.models import Job
from generation.app.services.screening import PATIENCE
from moderation.app.engine import Engine
from moderation.app.gate import ModerationGate
from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.models import Case
from moderation.app.rechecking import judge_again
from moderation.core.signals import Signal
from tests.fakes.detectors import FakeDetectors
from tests.fakes.engine import engine_around
from tests.fakes.gate import FakeGate
from tests.integration.generation.maker import Maker
from tests.integration.moderation import stage
from tidegate.contracts import ports
from tidegate.events.errors import RetryLater

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verdict", ["hold", "block"])
@pytest.mark.parametrize(
    ("prompt", "negative", "fields"),
    [
        ("cruel things", "blurred", ["/prompt"]),
        ("a harbour", "cruel things", ["/parameters/negative_prompt"]),
        ("cruel things", "cruel things", ["/prompt", "/parameters/negative_prompt"]),
    ],
)
def test_a_ruling_names_the_fields_that_it_is_about(  # noqa: PLR0917 - the columns of the table
    maker: Maker, gate: FakeGate, verdict: str, prompt: str, negative: str, fields: list[str]
) -> None:
    gate.prompt_verdict, gate.only = verdict, "cruel"  # type: ignore[assignment]
    job = maker.asks(prompt, model_name="tidegate-image", parameters={"negative_prompt": negative})
    job.refresh_from_db()
    assert job.refusal == ["violence"]
    assert job.refused_fields == fields
    assert (job.state == Job.State.REFUSED) is (verdict == "block")


def test_what_is_bad_only_together_names_all_its_fields(maker: Maker, gate: FakeGate) -> None:
    gate.prompt_verdict, gate.only = "block", "cru\n\nel"
    job = maker.asks("cru", model_name="tidegate-image", parameters={"negative_prompt": "el"})
    assert job.refused_fields == ["/prompt", "/parameters/negative_prompt"]


def test_what_passes_is_asked_about_once(maker: Maker, gate: FakeGate) -> None:
    job = maker.asks("a", model_name="tidegate-image", parameters={"negative_prompt": "b"})
    assert gate.prompts == ["a\n\nb"]
    assert job.refused_fields == []


def age(job: Job) -> None:
    """Let the gate's patience with the job's prompt be over."""
    gone = PATIENCE + timedelta(seconds=1)
    Job.objects.filter(pk=job.pk).update(created_at=F("created_at") - gone)


def test_a_prompt_that_nobody_can_judge_is_not_refused_but_runs_for_nobody_to_see(
    maker: Maker, gate: FakeGate
) -> None:
    gate.prompt_verdict = "unavailable"
    job = maker.asks("odd " * 100, model_name="smollm2-135m")
    assert services.claim_job(modality="text", worker="w") is None
    age(job)
    services.sweep()
    job.refresh_from_db()
    assert (job.state, job.is_prompt_held, job.refusal) == ("queued", True, [])
    claim = services.claim_job(modality="text", worker="w")
    assert claim is not None
    assert claim.is_text_withheld


def test_one_prompt_that_exhausts_the_detectors_does_not_keep_those_behind_it(
    maker: Maker, gate: FakeGate
) -> None:
    gate.prompt_verdict = "unavailable"
    poison, good = maker.asks("poison"), maker.asks("a harbour")
    age(poison)
    gate.only = "poison"
    services.sweep()
    poison.refresh_from_db()
    good.refresh_from_db()
    assert (poison.is_prompt_held, good.is_prompt_held) == (True, False)
    assert good.screened_at is not None


class Exhausted(FakeDetectors):
    """Detectors that are at their end with a text that says "labyrinth", and well otherwise."""

    def _signal(self, name: str, content: bytes) -> Signal:
        self.down = {name} if b"labyrinth" in content else set()
        return super()._signal(name, content)


@pytest.fixture
def exhausted(gate: FakeGate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The real gate, in the fake one's place, around detectors that can be exhausted."""
    from moderation.app import handlers, rechecking

    made = engine_around(Exhausted())
    for module in (handlers, rechecking):
        monkeypatch.setattr(module, "engine", lambda: made)
    before = ports.gate()
    ports.register_gate(ModerationGate(lambda: made))
    yield made
    ports.register_gate(before)


def test_the_output_of_such_a_prompt_is_held_and_only_people_or_a_later_judgement_release_it(
    exhausted: Engine, maker: Maker
) -> None:
    job = maker.asks("labyrinth " * 40, model_name="smollm2-135m")
    assert (job.state, job.screened_at) == ("queued", None)
    asset = stage.pending(prompt=job.prompt, content="Still water.")
    for _ in range(30):
        try:
            judgement = prepare_asset(*stage.created(asset))
        except RetryLater:
            continue
        on_asset_created(*stage.created(asset), judgement)
        break
    assert stage.visibility(asset) == "held"
    assert stage.verdicts(asset) == ["unavailable"]
    assert judge_again() == 0
    case = Case.objects.get(asset=asset)
    assert case.is_given_up, "after its last try it is for people"
    assert stage.visibility(asset) == "held"


def test_a_model_that_nobody_judges_is_named_at_start_up() -> None:
    handled = ports.phases()
    assert [one for one in run_checks() if one.id == "generation.W001"] == []
    try:
        ports.register_phases(handled - {"text-in-image"})
        found = [one for one in run_checks() if one.id == "generation.W001"]
    finally:
        ports.register_phases(handled)
    assert "tidegate-image" in {one.obj for one in found}
    assert all("text-in-image" in one.msg for one in found)
