"""What organisations have stricter: written, refused, and counted where things are judged."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from moderation.app import audiences
from moderation.app.engine import Engine
from moderation.app.gate import ModerationGate
from moderation.app.models import OrganisationRules, PolicyVersion, Verdict
from moderation.app.selectors import rules_of
from moderation.app.selectors.backtests import stored_decisions
from moderation.app.services import organisations as services
from moderation.core.backtesting import Backtest
from moderation.core.policy import parse
from tests import factories
from tests.integration.moderation import stage
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = pytest.mark.django_db

STRICT = "name: ours\nthresholds: {any: {violence: {hold_at: 0.005}}}\n"
BLOCKING = "name: ours\nthresholds: {any: {violence: {hold_at: 0.3, block_at: 0.7}}}\n"
LOOSE = "name: ours\nthresholds: {any: {violence: {hold_at: 0.9}}}\n"


def put(asset: Asset, document: str = STRICT, *, project: bool = False) -> OrganisationRules:
    """Let the organisation of an asset, or the asset's project, have stricter rules."""
    return services.set_rules(
        viewer=keeper(asset),
        organisation_id=asset.organisation_id,
        project_id=asset.project_id if project else None,
        source=document,
        reason="We make books for children.",
    )


def keeper(asset: Asset) -> Viewer:
    return factories.viewer_of(factories.owner_of(asset.organisation))


@pytest.fixture(autouse=True)
def _nothing_known(engine: Engine) -> None:
    audiences.forget()


@pytest.fixture
def asset() -> Asset:
    return stage.pending(content="a calm harbour")


@pytest.mark.parametrize("project", [False, True], ids=["organisation", "project"])
def test_an_output_is_judged_by_what_its_organisation_has_stricter(
    asset: Asset, engine: Engine, *, project: bool
) -> None:
    rules = put(asset, project=project)
    audiences.forget()
    other = stage.pending(content="a calm harbour")

    stage.consume(asset)
    stage.consume(other)

    assert (stage.visibility(asset), stage.visibility(other)) == ("held", "released")
    verdict, usual = Verdict.objects.get(asset=asset), Verdict.objects.get(asset=other)
    assert usual.policy.version == engine.policy.version != verdict.policy.version
    context = verdict.signals[0]["context"]
    assert context["tightened_by"] == [str(rules.pk)]
    assert context["audience"]["organisation"] == str(asset.organisation_id)
    assert not PolicyVersion.objects.get(version=verdict.policy.version).active


def test_the_stamped_version_is_kept_as_a_text_that_is_read_as_that_version(
    asset: Asset, engine: Engine
) -> None:
    put(asset)
    audiences.forget()
    stage.consume(asset)

    kept = Verdict.objects.get(asset=asset).policy

    assert parse(kept.source, lists_digest=engine.policy.lists_digest).version == kept.version


def test_a_decision_under_stricter_rules_is_repeated_exactly_even_after_they_ended(
    asset: Asset, engine: Engine
) -> None:
    rules = put(asset)
    audiences.forget()
    stage.consume(asset)
    services.remove_rules(
        viewer=keeper(asset),
        organisation_id=asset.organisation_id,
        project_id=None,
        reason="No longer.",
    )

    backtest = Backtest(engine.policy)
    for stored in stored_decisions(since=rules.created_at, until=now()):
        backtest.add(stored)

    assert (backtest.decisions, backtest.changed) == (1, 0)


def test_a_prompt_is_screened_by_what_its_project_has_stricter(
    asset: Asset, gate: ModerationGate
) -> None:
    put(asset, BLOCKING, project=True)
    audiences.forget()

    def screened(**whose: Any) -> str:
        ruling = gate.screen_prompt(
            prompt="some violencemaybe here",
            modality="text",
            correlation_id=new_id(),
            **whose,
        )
        return ruling.verdict

    whose = {"organisation_id": asset.organisation_id, "project_id": asset.project_id}
    assert screened(**whose) == "block"
    assert screened(organisation_id=asset.organisation_id) == "hold"
    assert screened() == "hold"


def test_a_stream_is_shown_by_what_its_organisation_has_stricter(
    asset: Asset, gate: ModerationGate
) -> None:
    put(asset)
    audiences.forget()

    def shown(**whose: Any) -> str:
        return gate.window(
            text="A calm harbour.",
            released_characters=0,
            is_final=True,
            correlation_id=new_id(),
            **whose,
        ).verdict

    assert shown(organisation_id=asset.organisation_id) == "hold"
    assert shown() == "release"


def test_asking_whom_a_prompt_is_for_costs_no_query_in_the_steady_state(
    asset: Asset, engine: Engine
) -> None:
    audiences.serving(engine, asset.organisation_id, asset.project_id)

    with CaptureQueriesContext(connection) as queries:
        for _ in range(3):
            audiences.serving(engine, asset.organisation_id, asset.project_id)

    assert not queries.captured_queries


def test_the_organisation_and_its_project_are_both_kept_to(asset: Asset, engine: Engine) -> None:
    put(asset, "name: all\nthresholds: {any: {spam: {hold_at: 0.2}}}\nrating: children\n")
    put(asset, "name: one\nthresholds: {any: {hate: {hold_at: 0.1}}}\nregion: de\n", project=True)
    audiences.forget()

    served = audiences.serving(engine, asset.organisation_id, asset.project_id, shown_to="public")

    thresholds = served.engine.policy.surfaces["text"].thresholds
    assert (thresholds["spam"].hold_at, thresholds["hate"].hold_at) == (0.2, 0.1)
    audience = served.context.audience
    assert (audience.rating, audience.region, audience.shown_to) == ("children", "de", "public")
    again = audiences.engine_for_audience(engine, asset.organisation_id, asset.project_id)
    assert again.policy is served.engine.policy


def test_setting_again_changes_nothing_and_another_text_keeps_the_one_before(asset: Asset) -> None:
    first = put(asset)
    assert put(asset).pk == first.pk
    second = put(asset, BLOCKING)

    kept = OrganisationRules.objects.order_by("version").values_list("version", "active")
    assert list(kept) == [(1, False), (2, True)]
    assert rules_of(keeper(asset), asset.organisation_id, None).pk == second.pk
    entries = Entry.objects.filter(action="organisation_rules.set").order_by("id")
    assert [(entry.before or {}).get("version") for entry in entries] == [None, 1]
    assert {entry.chain for entry in entries} == {f"organisation:{asset.organisation_id}"}


def test_removing_twice_is_recorded_once(asset: Asset) -> None:
    put(asset)
    for _ in range(2):
        services.remove_rules(
            viewer=keeper(asset),
            organisation_id=asset.organisation_id,
            project_id=None,
            reason="No longer.",
        )

    assert Entry.objects.filter(action="organisation_rules.removed").count() == 1
    with pytest.raises(NotFound):
        rules_of(keeper(asset), asset.organisation_id, None)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            LOOSE,
            "line 2, column 40: thresholds.any.violence.hold_at: 0.9 is looser than the policy's",
        ),
        ("name: ours\nwords: {any: {severe: hold}}", "hold is looser than the policy's block"),
        ("name: ours\nthreshold: {}", "line 2, column 1: threshold: there is no such key here"),
        (
            "name: a\nrules: [{name: r, when: nobody == 1, on: [text], then: hold, hazard: hate}]",
            "undeclared reference to 'nobody'",
        ),
        ("[", "this is not YAML"),
    ],
    ids=["a threshold", "a word", "a typing mistake", "a condition", "no yaml"],
)
def test_what_is_looser_or_wrong_is_refused_and_nothing_is_written(
    asset: Asset, document: str, said: str
) -> None:
    for attempt in (
        lambda: put(asset, document),
        lambda: services.check_rules(
            viewer=keeper(asset),
            organisation_id=asset.organisation_id,
            project_id=None,
            source=document,
        ),
    ):
        with pytest.raises(InvalidInput) as refused:
            attempt()
        assert refused.value.errors[0].pointer == "/document"
        assert said in refused.value.errors[0].message
    assert not OrganisationRules.objects.exists()


@pytest.mark.parametrize(
    ("role", "error"),
    [("member", NotAllowed), ("viewer", NotAllowed), ("stranger", NotFound)],
)
def test_only_owners_and_admins_set_rules(asset: Asset, role: str, error: type[Exception]) -> None:
    user = (
        factories.make_user()
        if role == "stranger"
        else factories.make_member(asset.organisation, role)
    )
    with pytest.raises(error):
        services.set_rules(
            viewer=factories.viewer_of(user),
            organisation_id=asset.organisation_id,
            project_id=None,
            source=STRICT,
            reason="Because.",
        )


def test_rules_of_another_organisations_project_are_refused(asset: Asset) -> None:
    other = factories.make_project()
    with pytest.raises(NotFound):
        services.set_rules(
            viewer=keeper(asset),
            organisation_id=asset.organisation_id,
            project_id=other.pk,
            source=STRICT,
            reason="Because.",
        )


def test_two_active_texts_of_one_organisation_are_impossible(asset: Asset) -> None:
    rules = put(asset)
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganisationRules.objects.create(
            organisation_id=rules.organisation_id,
            version=2,
            source=STRICT,
            set_by_id=rules.set_by_id,
            reason="Because.",
        )


@pytest.mark.django_db(transaction=True)
def test_texts_that_are_set_at_the_same_moment_follow_each_other(
    engine: Engine, in_threads: Callable[[list[Callable[[], object]]], list[object]]
) -> None:
    asset = stage.pending()
    texts = [f"name: ours {number}\nreports: {{hold_at: 1}}\n" for number in range(5)]

    results = in_threads([lambda text=text: put(asset, text) for text in texts])  # type: ignore[misc]

    assert all(isinstance(result, OrganisationRules) for result in results), results
    kept = OrganisationRules.objects.order_by("version").values_list("version", "active")
    assert list(kept) == [(1, False), (2, False), (3, False), (4, False), (5, True)]


def test_a_stricter_number_of_reports_holds_earlier(asset: Asset) -> None:
    from moderation.app.handlers import on_interaction

    put(asset, "name: ours\nreports: {hold_at: 1}\n")
    audiences.forget()
    stage.consume(asset)
    assert stage.visibility(asset) == "released"

    on_interaction(*stage.reported(asset, stage.established()))

    assert stage.visibility(asset) == "held"


def test_a_text_that_cannot_be_read_any_more_holds_its_own_organisation_only(
    asset: Asset, impatient: Engine
) -> None:
    rules = put(asset)
    OrganisationRules.objects.filter(pk=rules.pk).update(source="name: ours\nforgotten: {}\n")
    audiences.forget()
    other = stage.pending(content="a calm harbour")

    stage.consume(asset)
    stage.consume(other)

    assert (stage.visibility(asset), stage.visibility(other)) == ("held", "released")
    assert stage.verdicts(asset) == ["unavailable"]
