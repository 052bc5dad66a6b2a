"""Statements of reasons over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import problem, signed_in

if TYPE_CHECKING:
    from tests.integration.api.caller import Caller
    from tidegate.assets.models import Asset

pytestmark = pytest.mark.django_db


@pytest.fixture
def blocked(caller: Caller) -> Asset:
    from tests.integration.moderation import conduct

    case = conduct.held_of(make.make_user(), make.make_project(), "child_safety")
    conduct.decided(case)
    return case.asset


def test_an_author_reads_why_and_no_more_than_they_may(blocked: Asset) -> None:
    author: Any = signed_in(blocked.owner)
    # Blocked, and suspended for the points of it.
    suspended, told = author.get("/api/v1/statements").json()["items"]
    assert (suspended["measure"], suspended["asset_id"]) == ("suspended", None)
    assert (told["measure"], told["asset_id"], told["ended_at"]) == (
        "blocked",
        str(blocked.pk),
        None,
    )
    assert told["reference"] in told["text"]
    assert told["appeal_until"]
    assert "MINORS" not in str(told)
    assert "hild" not in told["text"]
    assert signed_in(make.make_user()).get("/api/v1/statements").json()["items"] == []


def test_staff_export_in_order_page_by_page_and_it_is_written_down(blocked: Asset) -> None:
    from tests.integration.moderation import conduct
    from tidegate.audit.models import Entry

    conduct.decided(conduct.held_of(make.make_user(), make.make_project(), "hate"))
    auditor: Any = signed_in(make.make_user(staff=["auditor"]))
    first = auditor.get("/api/v1/statements/export?limit=2").json()
    second = auditor.get(f"/api/v1/statements/export?limit=2&cursor={first['next']}").json()
    exported = [*first["items"], *second["items"]]
    stated = [one["statement"] for one in exported]
    assert [one["category"] for one in stated if "decision_visibility" in one] == [
        "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
        "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    ]
    assert [one["problems"] for one in exported] == [[], [], []]
    assert (first["has_more"], second["has_more"]) == (True, False)
    looked = Entry.objects.filter(action="statements.exported").order_by("id")
    assert [(entry.after or {})["count"] for entry in looked] == [2, 1]
    assert (looked[0].after or {})["first"] == stated[0]["puid"]


def test_an_export_is_narrowed_by_time(blocked: Asset) -> None:
    auditor: Any = signed_in(make.make_user(staff=["auditor"]))
    address = "/api/v1/statements/export"
    assert auditor.get(f"{address}?since=2099-01-01T00:00:00Z").json()["items"] == []
    assert auditor.get(f"{address}?until=2020-01-01T00:00:00Z").json()["items"] == []
    assert len(auditor.get(f"{address}?since=2020-01-01T00:00:00Z").json()["items"]) == 2
    problem(auditor.get(f"{address}?since=yesterday"), 400, "invalid_input")


def test_only_review_staff_export(blocked: Asset) -> None:
    author: Any = signed_in(blocked.owner)
    problem(author.get("/api/v1/statements/export"), 403, "review_staff_only")
