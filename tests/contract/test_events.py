"""What is on the wire today must be readable tomorrow: samples, schemas and the envelope."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tidegate.contracts.catalogue import EVENTS
from tidegate.contracts.envelope import Unreadable, decode, wrap
from tidegate.events.codec import event_of
from tidegate.events.documents import documents

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))
PUBLISHED = ROOT / "docs" / "events"

# The attributes of the CloudEvents 1.0 JSON schema, as far as structured mode with JSON data
# uses them; the specification's own schema only adds `data_base64` and an open set of names.
CLOUD_EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "source", "specversion", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "format": "uri-reference", "minLength": 1},
        "specversion": {"type": "string", "const": "1.0"},
        "type": {"type": "string", "minLength": 1},
        "datacontenttype": {"type": "string", "minLength": 1},
        "subject": {"type": "string", "minLength": 1},
        "time": {"type": "string", "format": "date-time"},
        "data": {"type": ["object", "string", "number", "array", "boolean", "null"]},
    },
    "propertyNames": {"pattern": "^[a-z0-9]+$"},
}


# What came to an event after its first records: those lack it, and mean the default.
ADDED = {"tidegate.interaction.recorded.v1": {"reason"}}


def sample_of(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_every_event_has_a_sample() -> None:
    assert {path.stem for path in SAMPLES} == {event.TYPE for event in EVENTS}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_read_and_written_without_a_change(path: Path) -> None:
    envelope = decode(path.read_bytes())
    event = event_of(envelope)
    again = wrap(
        event, event_id=envelope.id, time=envelope.time, correlation_id=envelope.correlation_id
    )
    assert json.loads(again.encode()) == sample_of(path)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_is_a_cloud_event_and_fits_its_published_schema(path: Path) -> None:
    document = sample_of(path)
    published = json.loads((PUBLISHED / f"{path.stem}.schema.json").read_text())
    for schema in (CLOUD_EVENT, published):
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(document)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_later_version_may_add_what_this_one_ignores(path: Path) -> None:
    document = sample_of(path)
    document["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    document["data"]["added_later"] = {"anything": [1, 2]}
    assert event_of(decode(json.dumps(document).encode()))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_without_one_of_its_fields_is_unreadable_and_the_field_is_named(
    path: Path,
) -> None:
    document = sample_of(path)
    for field in set(document["data"]) - ADDED.get(path.stem, set()):
        less = {**document, "data": {k: v for k, v in document["data"].items() if k != field}}
        with pytest.raises(Unreadable, match=f"data.{field}"):
            event_of(decode(json.dumps(less).encode()))


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem in ADDED])
def test_a_record_from_before_a_field_was_added_is_read(path: Path) -> None:
    document = sample_of(path)
    kept = {k: v for k, v in document["data"].items() if k not in ADDED[path.stem]}
    now, before = (
        event_of(decode(json.dumps({**document, "data": data}).encode()))
        for data in (document["data"], kept)
    )
    assert before == now


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_field_of_another_type_is_unreadable(path: Path) -> None:
    document = sample_of(path)
    for field, value in document["data"].items():
        wrong = {"not": "this"} if not isinstance(value, dict) else 7
        forged = {**document, "data": {**document["data"], field: wrong}}
        with pytest.raises(Unreadable, match=field):
            event_of(decode(json.dumps(forged).encode()))


def test_every_topic_and_message_of_the_async_api_document_exists() -> None:
    document = yaml.safe_load((PUBLISHED / "asyncapi.yaml").read_text())
    assert document["asyncapi"] == "3.0.0"
    messages = document["components"]["messages"]
    assert {message["name"] for message in messages.values()} == {event.TYPE for event in EVENTS}
    for message in messages.values():
        assert (PUBLISHED / message["payload"]["$ref"]).is_file()
    for operation in document["operations"].values():
        assert _resolve(document, operation["channel"]["$ref"])
        for message in operation.get("messages", ()):
            assert _resolve(document, message["$ref"])


def test_the_published_documents_are_current() -> None:
    stale = [
        name
        for name, content in documents().items()
        if not (PUBLISHED / name).exists() or (PUBLISHED / name).read_text() != content
    ]
    left_over = {path.name for path in PUBLISHED.glob("*.schema.json")} - documents().keys()
    assert not stale, "run `manage.py export_events`"
    assert not left_over, "run `manage.py export_events`"


def test_a_time_is_written_in_utc_with_six_digits() -> None:
    envelope = decode(SAMPLES[0].read_bytes())
    assert envelope.time == datetime(2026, 11, 1, 12, 30, 0, 250_000, tzinfo=UTC)
    assert json.loads(envelope.encode())["time"] == "2026-11-01T12:30:00.250000+00:00"


def _resolve(document: dict[str, Any], reference: str) -> object:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found
