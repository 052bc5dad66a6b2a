"""Pages of figures: the work, and the transparency report for staff and, switched on, for all."""

from typing import Any

import pytest
from django.test import Client

from moderation.app.models import Statement
from tests import factories
from tests.integration.moderation import conduct

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]


@pytest.fixture
def auditor() -> Client:
    client = Client()
    client.force_login(factories.make_user(staff=["auditor"]))
    return client


@pytest.fixture(autouse=True)
def a_block() -> None:
    conduct.decided(conduct.held_of(factories.make_user(), factories.make_project(), "violence"))


def test_the_work_is_drawn_and_refreshes_itself(auditor: Client) -> None:
    page = auditor.get("/console/work?hours=168").content.decode()
    assert 'data-figure="backlog"' in page
    assert page.count('class="chart-out"') >= 7
    assert 'hx-get="/console/work?hours=168"' in page
    part = auditor.get("/console/work", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "chart-in" in part
    assert auditor.get("/console/work?hours=nonsense").status_code == 200


def test_the_report_is_shown_and_taken_away(auditor: Client) -> None:
    page = auditor.get("/console/transparency").content.decode()
    assert f'data-figure="taken">{Statement.objects.count()}<' in page
    assert "Violence" in page
    table = auditor.get("/console/transparency?format=csv")
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert "transparency-20" in table["Content-Disposition"]
    assert "measures taken,STATEMENT_CATEGORY_VIOLENCE" in table.content.decode("utf-8-sig")
    assert auditor.get("/console/transparency?since=1999-99").status_code == 400


def test_everybody_reads_it_only_where_it_is_published(settings: Any) -> None:
    anybody = Client()
    assert anybody.get("/transparency").status_code == 404
    assert b"/transparency" not in anybody.get("/").content
    settings.TIDEGATE_PUBLISHES_TRANSPARENCY = True
    page = anybody.get("/transparency").content.decode()
    assert "Violence" in page
    assert b"/transparency" in anybody.get("/").content
    assert b"measures taken" in anybody.get("/transparency?format=csv").content


def test_others_have_neither_page() -> None:
    client = Client()
    client.force_login(factories.make_user())
    assert client.get("/console/work").status_code == 404
    assert client.get("/console/transparency").status_code == 404
