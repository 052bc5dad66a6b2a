"""Care for reviewers over HTTP: choices, rules, figures, and what is refused for one's own sake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in
from tests.integration.moderation.conftest import detectors, engine  # noqa: F401  # fixtures

if TYPE_CHECKING:
    from moderation.app.models import Case
    from tidegate.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("engine")]

MANNER = {"blur": "strong", "is_grey": True, "is_muted": True, "has_stills": True}
BARE = {"blur": "none", "is_grey": False, "is_muted": False, "has_stills": False}
RULES = {
    "defaults": MANNER,
    "floor": BARE,
    "last": ["violence"],
    "work_minutes": 45,
    "exposures": 1,
    "break_minutes": 15,
    "reason": "We agreed on it.",
}


@pytest.fixture
def reviewer() -> User:
    return make.make_user(staff=["reviewer"])


@pytest.fixture
def gore() -> Case:
    from tests.integration.moderation import caring

    return caring.case_about("violence")


def put(client: Any, path: str, body: Any) -> Any:
    return client.put(path, body, content_type="application/json")


def test_somebody_reads_and_chooses_how_they_are_shown_what_they_judge(
    reviewer: User, gore: Case
) -> None:
    client: Any = signed_in(reviewer)
    shipped = client.get("/api/v1/me/care").json()
    assert shipped["effective"] == MANNER
    assert shipped["last"] == ["violence", "violent_crime"]
    chosen = {
        "blur": "light",
        "is_muted": False,
        "by_hazard": {"spam": {"blur": "none", "is_grey": False}},
        "last": ["hate"],
        "opted_out": ["sexual"],
    }
    answer = put(client, "/api/v1/me/care", chosen)
    assert answer.status_code == 200, answer.content
    assert answer.json()["effective"] == MANNER | {"blur": "light", "is_muted": False}
    assert answer.json()["chosen"] == {"is_grey": None, "has_stills": None, **chosen}
    assert client.get("/api/v1/me/care").json() == answer.json()
    manner = client.get(f"/api/v1/cases/{gore.pk}").json()["manner"]
    assert manner == MANNER | {"blur": "light", "is_muted": False}
    assert put(client, "/api/v1/me/care", {}).json()["chosen"]["opted_out"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"blur": "heavy"}, "/blur"),
        ({"blur": 3}, "/blur"),
        ({"blur": ["strong"]}, "/blur"),
        ({"is_grey": "yes"}, "/is_grey"),
        ({"is_muted": 1}, "/is_muted"),
        ({"by_hazard": []}, "/by_hazard"),
        ({"by_hazard": {"violence": "strong"}}, "/by_hazard/violence"),
        ({"by_hazard": {"violence": {"blur": "?"}}}, "/by_hazard/violence/blur"),
        ({"by_hazard": {"gore": {"blur": "strong"}}}, "/by_hazard"),
        ({"last": "violence"}, "/last"),
        ({"last": [["violence"]]}, "/last/0"),
        ({"last": ["hate", "hate"]}, "/last"),
        ({"opted_out": ["gore"]}, "/opted_out"),
        ({"opted_out": None}, "/opted_out"),
        ({"opted_out": ["spam"] * 500}, "/opted_out"),
        ({"opted_out": ["a\0b"]}, "/opted_out/0"),
    ],
)
def test_nonsense_is_refused_with_its_place(
    reviewer: User, body: dict[str, Any], pointer: str
) -> None:
    answer = put(signed_in(reviewer), "/api/v1/me/care", body)
    assert problem(answer, 400, "invalid_input") == [pointer]


def test_a_lead_sets_defaults_floor_and_breaks(reviewer: User) -> None:
    lead: Any = signed_in(make.make_user(staff=["policy_admin"]))
    assert lead.get("/api/v1/care-rules").json()["exposures"] == 30
    answer = put(lead, "/api/v1/care-rules", RULES)
    assert answer.status_code == 200, answer.content
    assert answer.json() == {name: RULES[name] for name in RULES if name != "reason"}
    client: Any = signed_in(reviewer)
    assert client.get("/api/v1/care-rules").json() == answer.json()
    problem(put(client, "/api/v1/care-rules", RULES), 403, "policy_admin_only")
    for wrong, pointer in (
        ({"exposures": -1}, "/exposures"),
        ({"work_minutes": 1.5}, "/work_minutes"),
        ({"break_minutes": 0}, "/break_minutes"),
        ({"floor": {}}, "/floor/blur"),
        ({"defaults": BARE, "floor": MANNER}, "/defaults/blur"),
    ):
        refused = put(lead, "/api/v1/care-rules", RULES | wrong)
        assert problem(refused, 400, "invalid_input")[0] == pointer
    put(lead, "/api/v1/care-rules", RULES | {"floor": MANNER})
    below = put(client, "/api/v1/me/care", {"is_grey": False})
    assert problem(below, 400, "invalid_input") == ["/is_grey"]


def test_what_is_about_something_else_is_given_as_before(reviewer: User, gore: Case) -> None:
    client: Any = signed_in(reviewer)
    put(client, "/api/v1/me/care", {"opted_out": ["sexual", "violent_crime"]})
    assert len(client.get("/api/v1/cases").json()["items"]) == 1
    assert post(client, f"/api/v1/cases/{gore.pk}/claim").status_code == 200
    assert post(client, "/api/v1/cases/next", {}).json()["id"] == str(gore.pk)


@pytest.mark.parametrize(
    ("opted_out", "hazard"),
    [
        ("violence", "violence"),
        ("violence", "violent_crime"),
        ("dangerous", "weapons"),
        ("child_safety", "child_safety"),
        ("spam", "spam"),
    ],
)
def test_a_case_of_what_one_opted_out_of_is_not_listed_given_claimed_or_decided(
    reviewer: User, gore: Case, opted_out: str, hazard: str
) -> None:
    type(gore).objects.filter(pk=gore.pk).update(hazards=[hazard])
    client: Any = signed_in(reviewer)
    at = f"/api/v1/cases/{gore.pk}"
    put(client, "/api/v1/me/care", {"opted_out": [opted_out]})
    assert client.get("/api/v1/cases").json()["items"] == []
    assert post(client, "/api/v1/cases/next", {}).status_code == 204
    problem(post(client, f"{at}/claim"), 403, "hazard_opted_out")
    ruling = {"action": "release", "reason": "So."}
    refused = post(client, f"{at}/decision", ruling)
    problem(refused, 403, "hazard_opted_out")
    assert refused.json()["hazards"] == [hazard]
    put(client, "/api/v1/me/care", {})
    assert post(client, "/api/v1/cases/next", {}).json()["id"] == str(gore.pk)


def test_a_break_says_how_long_it_lasts_and_who_leads_reads_of_it(
    reviewer: User, gore: Case
) -> None:
    from tests.integration.moderation import caring

    other = caring.case_about("spam")
    lead: Any = signed_in(make.make_user(display_name="Lea", staff=["policy_admin"]))
    put(lead, "/api/v1/care-rules", RULES)
    client: Any = signed_in(reviewer)
    client.get(f"/api/v1/cases/{gore.pk}")
    for path in (f"/api/v1/cases/{other.pk}/claim", "/api/v1/cases/next"):
        refused = post(client, path, {})
        problem(refused, 429, "break_running")
        assert refused.json()["because"] == "exposures"
        assert 14 * 60 < int(refused.headers["Retry-After"]) <= 15 * 60
        assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
    own = client.get("/api/v1/me/exposure").json()
    assert own["due"]["because"] == "exposures"
    assert own["today"]["total"] == {
        "hazard": "",
        "cases": 1,
        "opened": 1,
        "uncovered": 0,
        "decided": 0,
    }
    everybody = lead.get("/api/v1/reviewers/exposure").json()
    assert {one["person_id"]: one["today"]["total"]["cases"] for one in everybody}[
        str(reviewer.pk)
    ] == 1
    problem(client.get("/api/v1/reviewers/exposure"), 403, "senior_staff_only")


@pytest.mark.parametrize("path", ["me/care", "me/exposure", "care-rules", "reviewers/exposure"])
def test_who_is_no_review_staff_reads_none_of_it(path: str) -> None:
    client: Any = signed_in(make.make_user())
    assert client.get(f"/api/v1/{path}").status_code == 403
