"""A look into a case leaves an entry, once per person and look."""

from datetime import timedelta

import pytest

from moderation.app import services
from moderation.app.services import viewings
from tests import factories
from tests.integration.moderation import stage
from tidegate.audit.actions import Action
from tidegate.audit.models import Entry
from tidegate.primitives.clock import now
from tidegate.primitives.errors import NotAllowed, NotFound
from tidegate.primitives.ids import new_id

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


def looks() -> int:
    return Entry.objects.filter(action=Action.CASE_VIEWED).count()


def test_each_person_leaves_one_entry_per_look(monkeypatch: pytest.MonkeyPatch) -> None:
    _, case = stage.held()
    rita, rui = stage.staff("reviewer"), stage.staff("auditor", name="Rui")
    assert services.note_view(case_id=case.pk, viewer=rita)
    assert not services.note_view(case_id=case.pk, viewer=rita)
    assert services.note_view(case_id=case.pk, viewer=rui)
    monkeypatch.setattr(viewings, "now", lambda: now() + timedelta(hours=1))
    assert services.note_view(case_id=case.pk, viewer=rita)
    assert looks() == 3


def test_who_may_not_look_leaves_nothing() -> None:
    _, case = stage.held()
    with pytest.raises(NotAllowed):
        services.note_view(case_id=case.pk, viewer=factories.viewer_of(factories.make_user()))
    with pytest.raises(NotFound):
        services.note_view(case_id=new_id(), viewer=stage.staff("reviewer"))
    assert looks() == 0
