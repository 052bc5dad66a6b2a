"""The published description of every event: JSON Schemas and an AsyncAPI document."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tidegate.contracts.catalogue import EVENTS
from tidegate.contracts.envelope import CONTENT_TYPE, SOURCE, SPEC_VERSION
from tidegate.contracts.topics import Topic
from tidegate.events.codec import adapter
from tidegate.events.registry import listeners

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_REQUIRED = (
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "correlationid",
    "datacontenttype",
    "partitionkey",
    "data",
)

_TOPICS = {
    Topic.GENERATION: "Jobs that were accepted and jobs that ended, keyed by job; models that"
    " changed, keyed by name.",
    Topic.ASSETS: "Outputs that exist and the moves of their visibility, keyed by asset.",
    Topic.MODERATION: "Verdicts and cases, keyed by asset.",
    Topic.INTERACTIONS: "What people do with what they see, keyed by viewer.",
    Topic.CREDITS: "What organisations were granted and charged, keyed by organisation.",
    Topic.DEAD_LETTERS: "Records a consumer gave up, keyed by consumer.",
}


def documents() -> Mapping[str, str]:
    """Return every file's name and content."""
    files = {
        f"{event.TYPE}.schema.json": json.dumps(schema(event), indent=2, ensure_ascii=False) + "\n"
        for event in EVENTS
    }
    header = "# Written by `manage.py export_events`; a test says when it is out of date.\n"
    files["asyncapi.yaml"] = header + yaml.safe_dump(
        asyncapi(), sort_keys=False, allow_unicode=True, width=100
    )
    return files


def schema(event: type[Any]) -> dict[str, Any]:
    """Return the JSON Schema of one event's whole record: the envelope and its data."""
    data = adapter(event.TYPE).json_schema(mode="validation")
    definitions = data.pop("$defs", {})
    document: dict[str, Any] = {
        "$schema": _DIALECT,
        "$id": f"urn:tidegate:event:{event.TYPE}",
        "title": event.TYPE,
        "description": _first_paragraph(event),
        "type": "object",
        "required": list(_REQUIRED),
        "properties": {
            "specversion": {"const": SPEC_VERSION},
            "id": {"type": "string", "format": "uuid", "description": "UUIDv7, unique for ever"},
            "source": {"const": SOURCE},
            "type": {"const": event.TYPE},
            "subject": {"type": "string", "minLength": 1, "description": "the ordering key"},
            "time": {"type": "string", "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "correlationid": {
                "type": "string",
                "format": "uuid",
                "description": "one causal id, from a prompt to what people see",
            },
            "partitionkey": {"type": "string", "minLength": 1},
            "data": {**data, "description": "unknown members are ignored"},
        },
    }
    if definitions:
        document["$defs"] = definitions
    return document


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of all topics, messages and consumers."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tidegate events",
            "version": "1.0.0",
            "description": "CloudEvents 1.0, JSON, structured mode, over Kafka. Delivered at least"
            " once, in order per key; a consumer keeps the ids it has handled.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"description": "KAFKA_BOOTSTRAP_SERVERS"}},
            }
        },
        "channels": {topic.name.lower(): _channel(topic) for topic in Topic},
        "operations": {**_sending(), **_receiving()},
        "components": {"messages": {event.__name__: _message(event) for event in EVENTS}},
    }


def write(folder: Path) -> list[Path]:
    """Write every file, remove schemas of events that are gone, and return what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    changed = []
    for name, content in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text() != content:
            path.write_text(content)
            changed.append(path)
    for path in folder.glob("*.schema.json"):
        if path.name not in wanted:
            path.unlink()
            changed.append(path)
    return changed


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.value,
        "description": _TOPICS[topic],
        "messages": {
            event.__name__: {"$ref": f"#/components/messages/{event.__name__}"}
            for event in EVENTS
            if topic is event.TOPIC
        },
    }


def _message(event: type[Any]) -> dict[str, Any]:
    return {
        "name": event.TYPE,
        "title": event.__name__,
        "summary": _first_paragraph(event),
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": f"./{event.TYPE}.schema.json"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": inspect.getdoc(event.key) or ""},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _sending() -> dict[str, Any]:
    return {
        f"relay.{topic.name.lower()}": {
            "action": "send",
            "channel": {"$ref": f"#/channels/{topic.name.lower()}"},
            "summary": "The relay ships the outbox.",
        }
        for topic in Topic
    }


def _receiving() -> dict[str, Any]:
    return {
        f"{listener.name}.{topic.name.lower()}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{topic.name.lower()}"},
            "summary": f"The consumer {listener.name} listens.",
            "messages": [
                {"$ref": f"#/channels/{topic.name.lower()}/messages/{event.__name__}"}
                for event in sorted(listener.events, key=lambda event: str(event.TYPE))
                if event.TOPIC is topic
            ],
        }
        for listener in listeners()
        for topic in listener.topics
    }


def _first_paragraph(thing: object) -> str:
    return " ".join((inspect.getdoc(thing) or "").split("\n\n", maxsplit=1)[0].split())
