"""Signing in, staying in, and what a browser must send."""

import pytest
from django.test import Client

from tests import factories as make
from tests.integration.api.caller import post, problem, signed_in
from tidegate.accounts import services as accounts

pytestmark = pytest.mark.django_db


def test_a_person_signs_in_calls_with_the_token_and_signs_out() -> None:
    account = make.make_account("Ada@Example.test")
    client = Client(enforce_csrf_checks=True)
    answer = post(
        client, "/api/v1/sign-in", {"email": "ada@example.TEST", "password": make.PASSWORD}
    ).json()
    assert answer["me"]["email"] == account.user.email
    token = answer["csrf_token"]
    body = {"name": "Harbour"}
    problem(post(client, "/api/v1/organisations", body), 403, "csrf_failed")
    problem(
        post(client, "/api/v1/organisations", body, **{"X-CSRFToken": "x" * 64}), 403, "csrf_failed"
    )
    made = post(client, "/api/v1/organisations", body, **{"X-CSRFToken": token})
    assert made.status_code == 201
    assert post(client, "/api/v1/sign-out", **{"X-CSRFToken": token}).status_code == 204
    problem(client.get("/api/v1/me"), 401, "not_authenticated")


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ada@example.test", "password": "wrong"},
        {"email": "nobody@example.test", "password": "x"},
        {"email": "gone@example.test", "password": make.PASSWORD},
    ],
)
def test_a_wrong_password_an_unknown_address_and_a_closed_account_look_the_same(
    body: dict[str, str],
) -> None:
    make.make_account("ada@example.test")
    gone = make.make_account("gone@example.test").user
    accounts.deactivate_user(viewer=make.SYSTEM, user_id=gone.pk, reason="asked for it")
    problem(post(Client(), "/api/v1/sign-in", body), 401, "invalid_credentials")


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, {"/email", "/password"}),
        ({"email": "x", "password": "y"}, {"/email"}),
        ({"email": "a@b.example", "password": 5}, {"/password"}),
        ({"email": "a@b.example", "password": "\x00"}, {"/password"}),
        ({"email": ["a@b.example"], "password": "y"}, {"/email"}),
    ],
)
def test_a_sign_in_that_cannot_be_names_its_fields(
    body: dict[str, object], pointers: set[str]
) -> None:
    assert set(problem(post(Client(), "/api/v1/sign-in", body), 400, "invalid_input")) == pointers


def test_guessing_is_slowed_down_whatever_the_caller_says_where_it_comes_from() -> None:
    make.make_account("ada@example.test")
    for number in range(10):
        body = {"email": "ada@example.test", "password": f"guess {number}"}
        forwarded = {"X-Forwarded-For": f"10.0.0.{number}"}
        problem(post(Client(), "/api/v1/sign-in", body, **forwarded), 401, "invalid_credentials")
    right = {"email": "ada@example.test", "password": make.PASSWORD}
    slowed = post(Client(), "/api/v1/sign-in", right, **{"X-Forwarded-For": "10.0.0.99"})
    problem(slowed, 429, "throttled")
    assert int(slowed.headers["Retry-After"]) >= 1


def test_one_account_is_guarded_against_guesses_from_many_addresses() -> None:
    make.make_account("ada@example.test")
    answers = [
        post(
            Client(REMOTE_ADDR=f"10.0.0.{number}"),
            "/api/v1/sign-in",
            {"email": "ADA@example.test", "password": "guess"},
        ).status_code
        for number in range(31)
    ]
    assert answers == [401] * 30 + [429]


def test_people_still_sign_in_while_the_cache_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from redis.exceptions import ConnectionError as NoCache

    from tidegate.api.throttling import FromOneAddress

    class Away:
        def get(self, *_: object) -> None:
            raise NoCache

        set = get

    make.make_account("ada@example.test")
    monkeypatch.setattr(FromOneAddress, "cache", Away())
    body = {"email": "ada@example.test", "password": make.PASSWORD}
    assert post(Client(), "/api/v1/sign-in", body).status_code == 200


def test_a_deactivated_person_is_out_at_the_next_request() -> None:
    person = make.make_account().user
    client = signed_in(person)
    assert client.get("/api/v1/me").status_code == 200
    accounts.deactivate_user(viewer=make.SYSTEM, user_id=person.pk, reason="asked for it")
    problem(client.get("/api/v1/me"), 401, "not_authenticated")


def test_answers_are_kept_out_of_every_cache() -> None:
    client = signed_in(make.make_account().user)
    for path in (
        "/api/v1/me",
        "/api/v1/feed",
        "/api/v1/assets/00000000-0000-0000-0000-000000000000",
    ):
        assert client.get(path).headers["Cache-Control"] == "private, no-store"
