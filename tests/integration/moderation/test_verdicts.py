"""What the consumer does with a new asset."""

from collections.abc import Callable

import pytest

from moderation.app.engine import Engine
from moderation.app.handlers import on_asset_created, prepare_asset
from moderation.app.models import Case, PolicyVersion, Verdict
from tests.fakes.detectors import FRAME, NUDE, READS, SOUND, SUSPECT, FakeDetectors
from tests.integration.moderation import stage
from tidegate.assets import storage
from tidegate.assets.models import Asset
from tidegate.events.errors import CannotHeal, RetryLater
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("modality", "prompt", "content", "verdict", "visibility"),
    [
        ("text", "a calm harbour", "Still water.", "release", "released"),
        ("text", "a calm harbour", "hatemaybe", "hold", "held"),
        ("text", "a calm harbour", "hatemark", "block", "blocked"),
        ("text", "spammaybe", "Still water.", "hold", "held"),
        ("text", "prompt_attackmark", "Still water.", "hold", "held"),
        ("text", "", "Still water.", "release", "released"),
        ("image", "a calm harbour", b"png", "release", "released"),
        ("image", "a calm harbour", b"png" + SUSPECT, "hold", "held"),
        ("image", "a calm harbour", b"png" + NUDE, "block", "blocked"),
        ("image", "a calm harbour", b"png" + READS + b"hatemark", "block", "blocked"),
        ("image", "self_harmmaybe", b"png", "hold", "held"),
        ("speech", "a calm harbour", b"wav" + READS + b"good morning", "release", "released"),
        ("speech", "a calm harbour", b"wav" + READS + b"violencemaybe", "hold", "held"),
        ("speech", "child_safetymark", b"wav", "block", "blocked"),
        ("video", "a calm harbour", FRAME + b"sea", "release", "released"),
        ("video", "a calm harbour", FRAME + b"sea" + FRAME + NUDE, "block", "blocked"),
        ("video", "a calm harbour", FRAME + SOUND + READS + b"hatemaybe", "hold", "held"),
    ],
)
def test_each_surface_of_an_output_can_hold_or_block_it(  # noqa: PLR0917 - the columns of the table
    engine: Engine, modality: str, prompt: str, content: str | bytes, verdict: str, visibility: str
) -> None:
    asset = stage.pending(modality=modality, prompt=prompt, content=content)
    stage.consume(asset)
    assert stage.verdicts(asset) == [verdict]
    assert stage.visibility(asset) == visibility
    assert Case.objects.filter(asset=asset).count() == (1 if verdict == "hold" else 0)


def test_a_release_is_announced_and_recorded_with_its_policy(engine: Engine) -> None:
    asset = stage.pending()
    stage.consume(asset)
    verdict = Verdict.objects.get(asset=asset)
    assert verdict.policy.version == engine.policy.version
    assert verdict.policy_version != engine.policy.version
    assert {finding["surface"] for finding in verdict.signals} == {"text", "prompt"}
    assert stage.announced(asset) == [
        "tidegate.asset.created.v1",
        "tidegate.asset.visibility-changed.v1",
        "tidegate.verdict.reached.v1",
    ]
    assert "verdict.reached" in stage.trail(asset.pk)
    assert Asset.objects.get(pk=asset.pk).public_reasons == []


def test_a_hold_opens_a_case_with_the_severity_of_its_worst_hazard(engine: Engine) -> None:
    asset = stage.pending(content="spammaybe and self_harmmaybe")
    stage.consume(asset)
    case = stage.case_of(asset)
    assert (case.because, case.severity, case.state) == ("hold", 100, "open")
    assert set(case.hazards) == {"self_harm", "spam"}
    assert "tidegate.case.opened.v1" in stage.announced(asset)
    assert stage.trail(case.pk) == ["case.opened"]


def test_the_author_reads_plain_words_and_nothing_about_children(engine: Engine) -> None:
    plain, silent = stage.pending(content="hatemark"), stage.pending(content="child_safetymark")
    stage.consume(plain)
    stage.consume(silent)
    reasons = {asset.pk: asset.public_reasons for asset in Asset.objects.all()}
    assert [reason["code"] for reason in reasons[plain.pk]] == ["hate"]
    assert [reason["code"] for reason in reasons[silent.pk]] == ["rules"]


def test_a_redelivered_event_changes_nothing(engine: Engine) -> None:
    asset = stage.pending(content="hatemaybe")
    event, envelope = stage.created(asset)
    judgement = prepare_asset(event, envelope)
    on_asset_created(event, envelope, judgement)
    before = stage.announced(asset)
    on_asset_created(event, envelope, judgement)
    assert prepare_asset(event, envelope) is None
    on_asset_created(event, envelope, None)
    assert stage.announced(asset) == before
    assert stage.verdicts(asset) == ["hold"]


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_one_event_write_one_verdict(
    engine: Engine, in_threads: Callable[[list[Callable[[], object]]], list[object]]
) -> None:
    asset = stage.pending(content="hatemaybe")
    event, envelope = stage.created(asset)
    judgement = prepare_asset(event, envelope)
    results = in_threads([lambda: on_asset_created(event, envelope, judgement)] * 8)
    assert results == [None] * 8
    assert stage.verdicts(asset) == ["hold"]
    assert Case.objects.filter(asset=asset).count() == 1


def test_an_event_that_names_no_asset_can_never_be_handled(engine: Engine) -> None:
    asset = stage.pending()
    event, envelope = stage.created(asset)
    forged = type(event)(
        **{name: getattr(event, name) for name in event.__slots__} | {"asset_id": new_id()}
    )
    with pytest.raises(CannotHeal):
        prepare_asset(forged, envelope)


@pytest.mark.parametrize("down", ["text_hazards", "prompt_attack"])
def test_an_outage_is_waited_for_and_neither_releases_nor_blocks(
    engine: Engine, detectors: FakeDetectors, down: str
) -> None:
    detectors.down = {down}
    asset = stage.pending()
    event, envelope = stage.created(asset)
    with pytest.raises(RetryLater):
        prepare_asset(event, envelope)
    assert stage.verdicts(asset) == []
    assert stage.visibility(asset) == "pending"


def test_clear_evidence_blocks_even_while_another_detector_is_away(
    engine: Engine, detectors: FakeDetectors
) -> None:
    detectors.down = {"prompt_attack"}
    asset = stage.pending(content="hatemark")
    stage.consume(asset)
    assert stage.verdicts(asset) == ["block"]


def test_an_outage_that_lasts_too_long_holds_for_a_person(
    impatient: Engine, detectors: FakeDetectors
) -> None:
    detectors.everything_down()
    asset = stage.pending()
    stage.consume(asset)
    assert stage.verdicts(asset) == ["unavailable"]
    assert stage.visibility(asset) == "held"
    assert stage.case_of(asset).because == "unavailable"
    codes = [reason["code"] for reason in Asset.objects.get(pk=asset.pk).public_reasons]
    assert codes == ["being_checked"]


def test_missing_bytes_are_an_outage_of_the_storage(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = stage.pending(modality="image", content=b"png")

    def gone(sha256: str) -> bytes:
        raise FileNotFoundError(sha256)

    monkeypatch.setattr(storage, "read", gone)
    with pytest.raises(RetryLater):
        prepare_asset(*stage.created(asset))


def test_the_policy_of_a_verdict_is_kept_as_text(engine: Engine) -> None:
    stage.consume(stage.pending())
    assert PolicyVersion.objects.get().source == engine.policy.source
