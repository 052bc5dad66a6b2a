"""What the consumer does with new texts that it takes together: the same as with each alone."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

import pytest

from moderation.app import handlers, services
from moderation.app.engine import Engine
from moderation.app.fingerprints import text_digest
from moderation.app.judgement import Judgement
from moderation.app.models import Attempt, Case, ShadowDecision, Verdict
from moderation.app.services import add_hash, releases
from tests import factories
from tests.fakes.detectors import FakeDetectors
from tests.integration.moderation import conduct, policies, stage
from tidegate.assets.models import Asset, Move
from tidegate.assets.services import move_asset
from tidegate.audit.models import Entry
from tidegate.audit.verification import verify_tail
from tidegate.contracts.assets import AssetCreated
from tidegate.contracts.envelope import Envelope
from tidegate.events.handling import Handled, Waiting, handle_group
from tidegate.events.models import Inbox
from tidegate.events.registry import listener
from tidegate.primitives.actor import Actor

pytestmark = pytest.mark.django_db

LISTED = "A text that is on a list, and long enough to be known again by how it reads."


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many verdicts each group wrote at once."""
    sizes: list[int] = []
    really = releases.record_releases

    def counting(judged: Sequence[releases.Judged]) -> set[UUID]:
        found = really(judged)
        sizes.append(len(found))
        return found

    monkeypatch.setattr(handlers, "record_releases", counting)
    return sizes


def told(asset: Asset) -> dict[str, object]:
    """Return everything that is kept and told about an asset, without ids and times."""
    asset.refresh_from_db()
    return {
        "visibility": (asset.visibility, asset.visibility_version, asset.released_at is not None),
        "reasons": (asset.reasons, asset.public_reasons),
        "verdicts": list(
            Verdict.objects.filter(asset=asset).values_list(
                "verdict", "hazards", "policy_version", "simhash", "supersedes"
            )
        ),
        "surfaces": [
            (one["surface"], one["verdict"], [signal["scores"] for signal in one["signals"]])
            for one in Verdict.objects.get(asset=asset).signals
        ],
        "attempts": list(
            Attempt.objects.filter(asset=asset).values_list("number", "occasion", "outcome")
        ),
        "moves": list(
            Move.objects.filter(asset=asset)
            .order_by("version")
            .values_list("before", "after", "actor_kind", "actor_id", "reason", "version")
        ),
        "events": stage.announced(asset),
        "trail": [
            (entry.action, entry.actor_label, entry.before, entry.reason)
            for entry in Entry.objects.filter(subject_id=str(asset.pk)).order_by("seq")
        ],
    }


def verifies(organisation_id: object) -> bool:
    """Whether the chain of an organisation follows without a gap."""
    chain = f"organisation:{organisation_id}"
    last = Entry.objects.filter(chain=chain).latest("seq")
    return verify_tail(chain=chain, after=0, until=last.seq) == bytes(last.hash)


def test_texts_that_pass_are_written_at_once_and_say_the_same(
    engine: Engine, written: list[int]
) -> None:
    alone = stage.pending()
    stage.consume(alone)
    assets = [stage.pending() for _ in range(3)]
    assert stage.consume_together(assets) == [Handled()] * 3
    assert written == [3]
    assert [told(asset) for asset in assets] == [told(alone)] * 3
    for asset in assets:
        assert verifies(asset.organisation_id)
        entry = Entry.objects.filter(subject_id=str(asset.pk)).latest("seq")
        assert entry.correlation_id == asset.correlation_id
    assert Inbox.objects.filter(consumer="moderation").count() == 3


def test_once_is_enough(engine: Engine, written: list[int]) -> None:
    assets = [stage.pending() for _ in range(2)]
    stage.consume_together(assets)
    before = [told(asset) for asset in assets]
    assert stage.consume_together([*assets, stage.pending()]) == [Handled()] * 3
    Inbox.objects.filter(consumer="moderation").delete()
    assert stage.consume_together(assets) == [Handled()] * 2
    assert [told(asset) for asset in assets] == before


def test_what_does_not_plainly_pass_goes_its_own_way(engine: Engine, written: list[int]) -> None:
    restricted, project = factories.make_user(), factories.make_project()
    conduct.suspended(restricted, "hold_all")
    blocked = factories.make_asset(project, visibility="blocked")
    add_hash(
        kind="text",
        value=text_digest(LISTED),
        effect="block",
        viewer=stage.staff("senior_reviewer"),
        reason="known",
    )
    late = stage.pending()
    move_asset(asset_id=late.pk, to="held", actor=Actor.system("tests"), reason="overdue")
    assets = [
        stage.pending(),
        stage.pending(content="hatemaybe"),
        stage.pending(content="hatemark"),
        factories.make_asset(project, owner=restricted, visibility="pending"),
        factories.make_asset(project, parent=blocked, visibility="pending"),
        stage.pending(content=LISTED),
        late,
    ]
    assert stage.consume_together(assets) == [Handled()] * 7
    assert [stage.visibility(asset) for asset in assets] == [
        "released",
        "held",
        "blocked",
        "held",
        "held",
        "blocked",
        "held",
    ]
    assert written == [1]
    assert sorted(Case.objects.values_list("because", flat=True)) == [
        "hold",
        "lineage",
        "restriction",
    ]
    assert all(len(stage.verdicts(asset)) == 1 for asset in assets)


def test_texts_of_one_author_in_one_group_count_for_each_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, written: list[int]
) -> None:
    limits = replace(engine.configuration, spam_alike=5, spam_requests=50)
    made = replace(engine, configuration=limits)
    monkeypatch.setattr(handlers, "engine", lambda: made)
    project, owner = factories.make_project(), factories.make_user()
    advert = "Buy the finest harbour boats of the coast, cheap today and tomorrow, number "
    assets = [
        factories.make_asset(project, owner=owner, visibility="pending", text=f"{advert}{number}")
        for number in range(5)
    ]
    stage.consume_together(assets)
    assert [stage.visibility(asset) for asset in assets] == ["released"] * 3 + ["held"] * 2


def test_a_policy_that_was_rolled_back_meanwhile_releases_nothing_of_a_group(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, written: list[int]
) -> None:
    policies.limited(monkeypatch, approval_evidence=0)
    policies.shipped(engine)
    source = policies.text(engine, "lenient", hate="0.9")
    lenient = policies.led(engine, "canary", source=source)
    really = handlers.prepare_texts

    def and_then_rolled_back(
        arrived: Sequence[tuple[AssetCreated, Envelope]],
    ) -> list[Judgement | Exception | None]:
        found = really(arrived)
        services.roll_back_policy(
            version_id=lenient.pk, viewer=stage.staff("policy_admin"), reason="too lenient"
        )
        return found

    group = replace(listener("moderation").groups[AssetCreated], prepare=and_then_rolled_back)
    assets = [stage.pending(content=f"some hatemaybe {number}") for number in range(2)]
    events = [stage.arrived(asset) for asset in assets]
    once = replace(listener("moderation"), groups={AssetCreated: group})
    assert handle_group(once, events) == [Handled()] * 2
    assert [stage.visibility(asset) for asset in assets] == ["held"] * 2
    assert written == [0]


def test_shadows_are_noted_of_each(engine: Engine, written: list[int]) -> None:
    policies.shipped(engine)
    policies.led(engine, "shadow", source=policies.text(engine, "tried", hate="0.9"))
    assets = [stage.pending() for _ in range(3)]
    stage.consume_together(assets)
    assert written == [3]
    assert ShadowDecision.objects.filter(asset__in=assets).count() == 3


def test_an_outage_puts_each_off_and_one_that_breaks_holds_nobody(
    engine: Engine, detectors: FakeDetectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    detectors.everything_down()
    assets = [stage.pending(content=f"Water {number}.") for number in range(3)]
    outcomes = stage.consume_together(assets)
    assert all(isinstance(one, Waiting) for one in outcomes)
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["unavailable"] * 3
    assert {stage.visibility(asset) for asset in assets} == {"pending"}
    detectors.down.clear()
    really = detectors._signal

    def breaks(name: str, content: bytes) -> object:
        if b"1" in content:
            raise ValueError("nobody foresaw this")
        return really(name, content)

    monkeypatch.setattr(detectors, "_signal", breaks)
    first, broken, last = stage.consume_together(assets)
    assert (first, last) == (Handled(), Handled())
    assert isinstance(broken, Waiting)
    tries = Attempt.objects.filter(asset=assets[1]).order_by("number")
    assert list(tries.values_list("outcome", flat=True)) == ["unavailable", "error"]


@pytest.mark.django_db(transaction=True)
def test_groups_that_share_assets_and_organisations_neither_wait_for_ever_nor_write_twice(
    engine: Engine, in_threads: Callable[[list[Callable[[], object]]], list[object]]
) -> None:
    projects = [factories.make_project() for _ in range(3)]
    assets = [
        factories.make_asset(projects[number % 3], visibility="pending") for number in range(12)
    ]
    orders = [assets, assets[::-1], assets[6:] + assets[:6], assets[1::2] + assets[::2]]
    results = in_threads([partial(stage.consume_together, order) for order in orders])
    assert results == [[Handled()] * 12] * 4
    assert [stage.verdicts(asset) for asset in assets] == [["release"]] * 12
    assert all(verifies(project.organisation_id) for project in projects)
