"""Which models are offered, at which version, and who decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django.asserts import assertNumQueries

from generation.app import runner
from generation.app.models import ModelVersion, RegisteredModel
from generation.app.registry import selectors, services
from generation.app.registry.snapshot import forget
from generation.core.catalogue import catalogue, use_folders
from tests.factories import make_account, make_user, viewer_of
from tests.fakes.generator import draws
from tests.integration.generation.maker import Maker
from tidegate.accounts.viewers import Viewer, system
from tidegate.audit.models import Entry
from tidegate.contracts import ports
from tidegate.events.models import Outbox
from tidegate.primitives.clock import now
from tidegate.primitives.errors import Conflict, InvalidInput, NotAllowed, NotFound

pytestmark = pytest.mark.django_db

ENTRY: dict[str, Any] = {
    "name": "another",
    "title": "Another",
    "modality": "image",
    "triton_model": "another",
    "licence": "MIT",
    "languages": ["en"],
    "description": "Another model.",
    "cost_credits": 1,
    "limits": {"prompt_characters": 10, "deadline_seconds": 5, "wait_seconds": 60},
}


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    forget()
    yield
    forget()


@pytest.fixture
def operator() -> Viewer:
    return viewer_of(make_user(staff=["policy_admin"]))


def added(operator: Viewer, **changes: Any) -> ModelVersion:
    return services.add_entry(viewer=operator, document={**ENTRY, **changes})


def meant(asked: str, *, seed: int = 1, organisation: Any = None) -> str:
    return selectors.resolve(asked, organisation_id=organisation or uuid4(), seed=seed).version


def test_what_is_shipped_is_offered_before_anything_was_synchronised() -> None:
    assert set(selectors.offered_models()) == {
        model.name for model in catalogue().values() if model.is_enabled
    }
    assert not RegisteredModel.objects.exists()


def test_synchronising_again_changes_nothing() -> None:
    assert len(services.sync_shipped()) == len(catalogue())
    enabled = RegisteredModel.objects.filter(state="enabled")
    assert set(enabled.values_list("because", "reason")) == {("", "")}
    entries = Entry.objects.count()
    assert services.sync_shipped() == []
    assert Entry.objects.count() == entries


def test_a_request_pays_one_query_every_two_seconds_at_most(
    operator: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long the machine takes from here on, it counts as within two seconds.
    monkeypatch.setattr("generation.app.registry.snapshot.FRESH_SECONDS", 3600.0)
    added(operator)
    selectors.offered_models()
    with assertNumQueries(0):
        selectors.offered_models()
        meant("another")
        meant("another@stable")
        assert selectors.model_of("another", "") is not None


def test_an_operator_adds_a_model_and_the_same_content_again_is_the_same_version(
    operator: Viewer,
) -> None:
    version = added(operator)
    assert selectors.offered_models()["another"].version == version.version
    assert added(operator).pk == version.pk
    assert Entry.objects.filter(action="model.added", subject_id="another").count() == 1
    told = Outbox.objects.filter(type="tidegate.model.changed.v1")
    assert told.count() == 1


def test_another_content_is_a_version_that_nobody_gets_until_an_alias_means_it(
    operator: Viewer,
) -> None:
    first, second = added(operator), added(operator, title="Better")
    assert first.version != second.version
    assert meant("another") == first.version
    with pytest.raises(InvalidInput) as refused:
        meant(f"another@{second.version}")
    assert refused.value.errors[0].code == "unknown_version"
    services.set_aliases(
        viewer=operator, name="another", stable=second.version, reason="it is better"
    )
    assert meant("another") == second.version
    assert meant(f"another@{first.version}") == first.version


def test_the_canary_gets_its_share_and_the_same_request_the_same_version(
    operator: Viewer,
) -> None:
    first, second = added(operator), added(operator, title="Better")
    services.set_aliases(
        viewer=operator,
        name="another",
        stable=first.version,
        canary=second.version,
        canary_percent=30,
        reason="try it",
    )
    organisation = uuid4()
    once = [meant("another", seed=seed, organisation=organisation) for seed in range(300)]
    forget()
    again = [meant("another", seed=seed, organisation=organisation) for seed in range(300)]
    assert once == again
    assert 50 < once.count(second.version) < 130
    assert meant("another@canary") == second.version
    assert meant("another@stable") == first.version


@pytest.mark.parametrize(
    ("wanted", "pointer"),
    [
        ({"stable": "nothing"}, "/stable"),
        ({"canary": "nothing"}, "/canary"),
        ({"canary_percent": 5}, "/canary_percent"),
        ({"canary_percent": 101}, "/canary_percent"),
        ({"reason": "  "}, "/reason"),
    ],
)
def test_wrong_aliases_are_refused_with_their_field(
    operator: Viewer, wanted: Mapping[str, Any], pointer: str
) -> None:
    version = added(operator).version
    with pytest.raises(InvalidInput) as refused:
        services.set_aliases(
            **{"viewer": operator, "name": "another", "stable": version, "reason": "r", **wanted}
        )
    assert refused.value.errors[0].pointer == pointer


def test_a_disabled_model_takes_no_request_and_runs_nothing_and_says_why(
    operator: Viewer,
) -> None:
    added(operator)
    services.disable_model(viewer=operator, name="another", reason="it draws hands badly")
    assert "another" not in selectors.offered_models()
    with pytest.raises(InvalidInput) as refused:
        meant("another")
    assert refused.value.errors[0].code == "model_disabled"
    assert "hands" in refused.value.errors[0].message
    assert selectors.model_of("another", "") is None
    services.enable_model(viewer=operator, name="another", reason="a new decoder")
    assert meant("another")
    actions = Entry.objects.filter(subject_id="another").order_by("seq")
    assert [entry.action for entry in actions] == [
        "model.added",
        "model.disabled",
        "model.enabled",
    ]


def test_a_model_that_needs_a_phase_nobody_handles_cannot_be_enabled(operator: Viewer) -> None:
    added(operator, safety={"output": ["image", "smell"]})
    row = RegisteredModel.objects.get(name="another")
    assert (row.state, row.because) == ("disabled", "unsafe")
    with pytest.raises(Conflict, match="smell") as refused:
        services.enable_model(viewer=operator, name="another", reason="please")
    assert refused.value.code == "phase_not_handled"


def test_a_phase_that_loses_its_handler_takes_the_model_away(operator: Viewer) -> None:
    added(operator)
    handled = ports.phases()
    try:
        ports.register_phases(handled - {"text-in-image"})
        forget()
        assert "another" not in selectors.offered_models()
    finally:
        ports.register_phases(handled)


def test_a_shipped_model_that_waited_for_a_judge_is_offered_once_there_is_one() -> None:
    handled = ports.phases()
    try:
        ports.register_phases(handled - {"text-in-image"})
        services.sync_shipped()
        row = RegisteredModel.objects.get(name="tidegate-image")
        assert (row.state, row.because) == ("disabled", "unsafe")
        ports.register_phases(handled)
        assert any("tidegate-image: enabled" in line for line in services.sync_shipped())
    finally:
        ports.register_phases(handled)
    assert services.sync_shipped() == []
    assert "tidegate-image" in selectors.offered_models()


def test_a_deprecated_model_is_offered_until_it_retires(operator: Viewer) -> None:
    added(operator)
    services.deprecate_model(
        viewer=operator,
        name="another",
        retires_at=now() + timedelta(days=30),
        successor="tidegate-image",
        reason="there is a better one",
    )
    offer = selectors.offer_of("another")
    assert offer is not None
    assert offer.is_offered(now())
    assert not offer.is_offered(now() + timedelta(days=31))
    assert offer.successor == "tidegate-image"


def test_only_policy_admins_change_models_and_strangers_see_no_registry(
    operator: Viewer,
) -> None:
    added(operator)
    for viewer in (viewer_of(make_account().user), viewer_of(make_user(staff=["reviewer"]))):
        with pytest.raises(NotAllowed):
            added(viewer, title="Mine")
        with pytest.raises(NotAllowed):
            services.disable_model(viewer=viewer, name="another", reason="r")
        with pytest.raises(NotAllowed):
            selectors.registered(viewer)
    assert selectors.registered(viewer_of(make_user(staff=["auditor"])))


def test_an_unknown_model_is_not_found(operator: Viewer) -> None:
    with pytest.raises(NotFound):
        services.disable_model(viewer=operator, name="nothing", reason="r")
    with pytest.raises(InvalidInput):
        meant("nothing")


def test_a_release_that_changes_an_entry_makes_it_stable_unless_an_operator_chose(
    operator: Viewer, tmp_path: Any
) -> None:
    services.sync_shipped()
    before = meant("tidegate-image")
    changed = {**ENTRY, "name": "tidegate-image", "title": "The next release"}
    (tmp_path / "entry.yaml").write_text(str(changed))
    try:
        use_folders([tmp_path])
        assert len(services.sync_shipped()) == 1
        after = meant("tidegate-image")
        assert after == catalogue()["tidegate-image"].version != before
        # What the old version ran on is gone; a job of it that waits still finds its entry.
        with pytest.raises(InvalidInput):
            meant(f"tidegate-image@{before}")
        assert selectors.model_of("tidegate-image", before) is not None
        services.set_aliases(
            viewer=operator, name="tidegate-image", stable=before, reason="the old one is back"
        )
        (tmp_path / "entry.yaml").write_text(str({**changed, "title": "One more"}))
        use_folders([tmp_path])
        services.sync_shipped()
        assert meant("tidegate-image") == before
    finally:
        use_folders([])


def test_a_malformed_entry_is_refused_with_its_field() -> None:
    with pytest.raises(InvalidInput, match="cost_credits") as refused:
        services.add_entry(viewer=system("test"), document={**ENTRY, "cost_credits": 0})
    assert refused.value.errors[0].pointer == "/entry"


def test_a_shell_adds_a_model_from_a_file_and_switches_it(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        out = StringIO()
        call_command("model", *arguments, stdout=out)
        return out.getvalue()

    file = tmp_path / "entry.yaml"
    file.write_text(yaml.safe_dump(ENTRY))
    assert "the model is enabled" in said("add", str(file))
    said("disable", "another", "--reason", "hands")
    assert "operator (hands)" in said("list")
    assert "another is offered" in said("enable", "another", "--reason", "better")
    file.write_text("name: [")
    with pytest.raises(CommandError, match=r"entry\.yaml"):
        said("add", str(file))
    file.write_text(yaml.safe_dump({**ENTRY, "cost_credits": 0}))
    with pytest.raises(CommandError, match="cost_credits"):
        said("add", str(file))


def test_a_crash_while_switched_off_keeps_the_log_and_the_reason(operator: Viewer) -> None:
    added(operator)
    services.disable_model(viewer=operator, name="another", reason="hands")
    services.disable_crashed(name="another", log="no weights")
    row = RegisteredModel.objects.get(name="another")
    assert (row.because, row.reason, row.crash_log) == ("operator", "hands", "no weights")


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_at_once_take_up_each_entry_once() -> None:
    def start(_: int) -> int:
        try:
            return len(services.sync_shipped())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))
    assert RegisteredModel.objects.count() == len(catalogue())
    assert ModelVersion.objects.count() == len(catalogue())
    assert Entry.objects.filter(action="model.added").count() == len(catalogue())


def test_a_job_runs_the_version_it_was_accepted_for_although_the_aliases_moved(
    operator: Viewer, maker: Maker
) -> None:
    first = added(operator)
    second = added(operator, title="Better", triton_model="better")
    services.set_aliases(
        viewer=operator,
        name="another",
        stable=first.version,
        canary=second.version,
        canary_percent=100,
        reason="all of them",
    )
    canary = maker.asks("a boat", model_name="another")
    stable = maker.asks("a boat", model_name="another@stable")
    assert (canary.model_name, canary.model_version) == ("another", second.version)
    assert (stable.model_name, stable.model_version) == ("another", first.version)
    services.set_aliases(
        viewer=operator, name="another", stable=first.version, reason="no canary any more"
    )
    generator = draws()
    assert runner.run_next(modality="image", generator=generator)
    assert runner.run_next(modality="image", generator=generator)
    assert {asked["model"] for asked in generator.asked} == {"better", "another"}


def test_jobs_that_wait_for_a_model_fail_when_it_is_switched_off(
    operator: Viewer, maker: Maker
) -> None:
    added(operator)
    job = maker.asks("a boat", model_name="another")
    services.disable_model(viewer=operator, name="another", reason="it draws hands badly")
    assert runner.run_next(modality="image", generator=draws())
    job.refresh_from_db()
    assert (job.state, job.error_code) == ("failed", "model_withdrawn")
