"""Both shapes of a check, field by field, and as the committed document describes them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from moderation.app import checks
from moderation.core import personal_data
from moderation.core.hazards import Hazard
from tests import factories as make
from tests.fakes.detectors import NUDE, TEXT_HAZARDS, FakeDetectors
from tests.fakes.engine import engine_around
from tests.integration.api.checking import PATH, drawn, encoded, url_of

pytestmark = pytest.mark.django_db

CATEGORIES = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
]
NEVER_SCORED = {"self-harm/intent", "self-harm/instructions", "violence/graphic"}
# As the official Python client sends it, apart from facts about the machine.
HEADERS = {
    "Accept": "application/json",
    "User-Agent": "OpenAI/Python 2.8.1",
    "X-Stainless-Lang": "python",
    "X-Stainless-Retry-Count": "0",
    "X-Stainless-Async": "false",
}


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch) -> FakeDetectors:
    fake = FakeDetectors()
    made = engine_around(fake)
    monkeypatch.setattr(checks, "engine", lambda: made)
    return fake


@pytest.fixture
def key(db: None) -> str:
    account = make.make_account()
    return make.make_key(account.organisation, scopes={"moderations:check"})[1]


def sent(key: str, body: object) -> dict[str, Any]:
    """Send a body, check the answer against the committed document, return it."""
    headers = {"Authorization": f"Bearer {key}", **HEADERS}
    response = Client().post(
        PATH, json.dumps(body), content_type="application/json", headers=headers
    )
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "private, no-store"
    answer: dict[str, Any] = response.json()
    valid("ModerationsResponse", answer)
    return answer


def valid(component: str, value: object) -> None:
    path = Path(settings.ROOT) / "docs" / "api" / "openapi.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    schema = {"$ref": f"#/components/schemas/{component}", "components": document["components"]}
    errors = Draft202012Validator(schema).iter_errors(value)
    assert [error.message for error in errors] == []


def test_our_shape_field_by_field(key: str, detectors: FakeDetectors) -> None:
    body = {"inputs": [{"text": "Where to buy heroin? hatemaybe"}, {"text": "a calm harbour"}]}
    valid("ModerationsRequest", body)
    answer = sent(key, body)
    assert set(answer) == {"results", "judged_in_ms"}
    assert answer["judged_in_ms"] > 0
    held, passed = answer["results"]
    policy, evaluation = held.pop("policy_version"), held.pop("evaluation_version")
    assert (len(policy), len(evaluation)) == (64, 64)
    assert held == {
        "index": 0,
        "surface": "text",
        "verdict": "hold",
        "reasons": [
            {
                "hazard": "hate",
                "score": 0.85,
                "threshold": 0.80,
                "rule": "score_hold",
                "detector": "text_hazards",
                "verdict": "hold",
                "term": None,
                "spans": [],
            },
            {
                "hazard": "dangerous",
                "score": None,
                "threshold": None,
                "rule": "word_list",
                "detector": "en",
                "verdict": "hold",
                "term": "buy heroin",
                "spans": [{"start": 9, "end": 19}],
            },
        ],
        "scores": {
            **{hazard.value: None for hazard in Hazard},
            **dict.fromkeys(TEXT_HAZARDS, 0.01),
            "hate": 0.85,
            "privacy": 0.0,
        },
        "detector_versions": {
            "text_hazards": "text_hazards@fake",
            "personal_data": personal_data.version(),
        },
    }
    assert set(passed["scores"]) == {str(hazard) for hazard in Hazard}
    assert (passed["index"], passed["verdict"], passed["reasons"]) == (1, "release", [])
    assert (passed["policy_version"], passed["evaluation_version"]) == (policy, evaluation)


def test_our_shape_of_a_picture(key: str, detectors: FakeDetectors) -> None:
    data = drawn(detectors, NUDE)
    bodies = [{"inputs": [{"image": image}]} for image in (encoded(data), url_of(data))]
    first, second = (sent(key, body)["results"] for body in bodies)
    assert first == second
    assert first[0]["surface"] == "image"
    assert first[0]["verdict"] == "block"
    scored = {name: score for name, score in first[0]["scores"].items() if score is not None}
    assert scored == {"sexual": 0.99}
    assert set(first[0]["detector_versions"]) == {"image_safety", "image_text"}


def test_openais_shape_field_by_field(key: str, detectors: FakeDetectors) -> None:
    body = {"model": "omni-moderation-latest", "input": "hatemark violencemark"}
    valid("ModerationsRequest", body)
    answer = sent(key, body)
    assert set(answer) == {"id", "model", "results"}
    assert answer["id"].startswith("modr-")
    version = checks.policy_in_force()[1]
    assert answer["model"] == f"tidegate-default@{version[:12]}"
    (result,) = answer["results"]
    met = {"hate", "hate/threatening", "violence"}
    likely = {"hate": 0.99, "hate/threatening": 0.99, "violence": 0.99}
    assert result == {
        "flagged": True,
        "categories": {name: name in met for name in CATEGORIES},
        "category_scores": {
            name: 0.0 if name in NEVER_SCORED else likely.get(name, 0.01) for name in CATEGORIES
        },
        "category_applied_input_types": {
            name: [] if name in NEVER_SCORED else ["text"] for name in CATEGORIES
        },
    }
    assert sent(key, body)["id"] != answer["id"]


def test_openais_shape_takes_a_text_texts_and_parts(key: str, detectors: FakeDetectors) -> None:
    data = drawn(detectors, NUDE)
    one = sent(key, {"input": "a calm harbour"})
    many = sent(key, {"input": ["a calm harbour", "hatemark", "a calm harbour"]})
    assert [result["flagged"] for result in one["results"]] == [False]
    assert [result["flagged"] for result in many["results"]] == [False, True, False]
    assert many["results"][0] == many["results"][2] == one["results"][0]
    parts: list[dict[str, Any]] = [
        {"type": "text", "text": "a calm harbour"},
        {"type": "image_url", "image_url": {"url": url_of(data)}},
    ]
    body = {"model": "omni-moderation-latest", "input": parts}
    valid("ModerationsRequest", body)
    (both,) = sent(key, body)["results"]
    assert both["flagged"]
    assert [name for name, met in both["categories"].items() if met] == ["sexual"]
    assert both["category_scores"]["sexual"] == 0.99
    applied = both["category_applied_input_types"]
    assert (applied["sexual"], applied["hate"]) == (["text", "image"], ["text"])
    (picture,) = sent(key, {"input": parts[1:]})["results"]
    applied = picture["category_applied_input_types"]
    assert {name for name, types in applied.items() if types} == {"sexual"}
