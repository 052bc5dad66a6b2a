"""After an outage the gate catches up by itself."""

from collections.abc import Callable
from uuid import UUID

import pytest

from moderation.app import rechecking, services
from moderation.app.engine import Engine
from moderation.app.judgement import Judgement
from moderation.app.models import Attempt, Case, Verdict
from moderation.app.rechecking import judge_again
from moderation.app.services.verdicts import PolicyGone, supersede_unavailable
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import stage
from tidegate.assets import storage
from tidegate.assets.models import Asset, Rendition

pytestmark = pytest.mark.django_db


@pytest.fixture
def outage(impatient: Engine, detectors: FakeDetectors) -> Callable[..., Asset]:
    """Return a way to make an asset that was held for an outage only."""

    def make(content: str, modality: str = "text") -> Asset:
        detectors.everything_down()
        asset = stage.pending(content=content, modality=modality)
        stage.consume(asset)
        return asset

    return make


@pytest.mark.parametrize(
    ("content", "verdict", "visibility", "state", "because"),
    [
        ("Still water.", "release", "released", "decided", "unavailable"),
        ("hatemaybe", "hold", "held", "open", "hold"),
        ("hatemark", "block", "blocked", "decided", "unavailable"),
    ],
)
def test_detectors_that_are_back_judge_what_waited(  # noqa: PLR0917 - the columns of the table
    outage: Callable[..., Asset],
    detectors: FakeDetectors,
    content: str,
    verdict: str,
    visibility: str,
    state: str,
    because: str,
) -> None:
    asset = outage(content)
    detectors.down.clear()
    assert judge_again() == 1
    case = stage.case_of(asset)
    assert stage.verdicts(asset) == ["unavailable", verdict]
    assert stage.visibility(asset) == visibility
    assert (case.state, case.because) == (state, because)
    assert case.decided_by_system is (state == "decided")
    assert judge_again() == 0


def test_while_the_outage_lasts_nothing_changes(outage: Callable[..., Asset]) -> None:
    assets = [outage("Still water.") for _ in range(3)]
    assert judge_again() == 0
    assert {stage.visibility(asset) for asset in assets} == {"held"}
    assert [stage.verdicts(asset) for asset in assets] == [["unavailable"]] * 3


def test_one_that_can_never_be_judged_does_not_keep_the_others_waiting(
    outage: Callable[..., Asset], detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [outage(f"never {number}", modality="image") for number in range(2)]
    lost = set(Rendition.objects.filter(asset__in=broken).values_list("blob_id", flat=True))
    good = outage("Still water.")
    detectors.down.clear()
    read = storage.read

    def without_lost(sha256: str) -> bytes:
        if sha256 in lost:
            raise FileNotFoundError(sha256)
        return read(sha256)

    monkeypatch.setattr(storage, "read", without_lost)
    assert judge_again() + judge_again() == 1
    assert stage.visibility(good) == "released"


def test_a_case_somebody_works_on_is_left_to_them(
    outage: Callable[..., Asset], detectors: FakeDetectors
) -> None:
    asset = outage("Still water.")
    services.claim_case(case_id=stage.case_of(asset).pk, viewer=stage.staff("reviewer"))
    detectors.down.clear()
    assert judge_again() == 0
    assert stage.visibility(asset) == "held"


@pytest.mark.django_db(transaction=True)
def test_two_rechecks_at_once_judge_once(
    outage: Callable[..., Asset],
    detectors: FakeDetectors,
    in_threads: Callable[[list[Callable[[], object]]], list[object]],
) -> None:
    asset = outage("Still water.")
    detectors.down.clear()
    results = in_threads([judge_again, judge_again])
    assert sorted(results, key=str) in ([0, 1], [1, 0])
    assert stage.verdicts(asset) == ["unavailable", "release"]
    assert Case.objects.get(asset=asset).outcome == "release"


def test_one_whose_policy_is_gone_does_not_keep_the_others_waiting(
    outage: Callable[..., Asset],
    detectors: FakeDetectors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = outage("Still water."), outage("A calm harbour.")
    detectors.down.clear()
    case = stage.case_of(first).pk
    gone = {case}

    def supersede(*, case_id: UUID, judgement: Judgement) -> Verdict | None:
        if case_id in gone:
            raise PolicyGone("taken out of force")
        return supersede_unavailable(case_id=case_id, judgement=judgement)

    monkeypatch.setattr(rechecking, "supersede_unavailable", supersede)
    assert judge_again() == 1
    assert stage.visibility(second) == "released"
    assert stage.visibility(first) == "held"
    tried = Attempt.objects.filter(asset=first).latest("number")
    assert (tried.occasion, tried.outcome) == ("again", "error")
    assert "PolicyGone" in tried.detail
    gone.clear()
    Case.objects.filter(pk=case).update(retry_at=None)
    assert judge_again() == 1
    assert stage.visibility(first) == "released"
