"""What drf-spectacular must know: authentication, problem answers, the scopes of each call."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from tidegate.api.authentication import HasScope, scopes_for

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "An error as RFC 9457 describes it.",
    "required": ["type", "title", "status", "detail", "code", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; never renamed."},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901 JSON pointer."},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
_ALWAYS = {"400": "The request is not valid", "401": "Sign in or send an API key"}
_OTHERS = {
    "403": "Not allowed",
    "404": "Not found, or not yours to see",
    "405": "This address does not know that method",
    "406": "That representation is not offered",
    "409": "Does not fit the present state",
    "413": "Too large",
    "415": "Content type not read here",
    "429": "Too many requests",
    "503": "Not available for the moment",
}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # untyped base
    """API keys in the document."""

    target_class = "tidegate.api.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of an organisation: `Authorization: Bearer tg_…`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # as above
    """Browser sessions in the document."""

    target_class = "tidegate.api.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": settings.SESSION_COOKIE_NAME,
            "description": "A session of `sign-in`. Unsafe calls also send its `csrf_token` as "
            "`X-CSRFToken`.",
        }


class Schema(AutoSchema):
    """Adds the problem answers and the scope a key needs to every operation."""

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return the ways in: keys only where a scope opens it, nobody where nobody is asked."""
        ways: list[dict[str, list[str]]] = super().get_auth()
        asked = self.view.permission_classes
        if HasScope not in asked:
            return [*ways, {}]
        is_for_keys = scopes_for(self.view, self.method) is not None
        return [way for way in ways if is_for_keys or KeyScheme.name not in way]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """Return the operation with its error answers."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        answer = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for status, description in {**_ALWAYS, **_OTHERS}.items():
            operation["responses"].setdefault(
                status, {"description": description, "content": answer}
            )
        if scopes := scopes_for(self.view, self.method):
            named = " and ".join(f"`{scope}`" for scope in sorted(scopes))
            note = f"An API key needs the scope{'s' * (len(scopes) > 1)} {named}."
            operation["description"] = f"{operation.get('description', '')}\n\n{note}".strip()
        return operation


def add_media(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: describe the bytes, which are served outside of the framework."""
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: dict[str, Any] = {"*/*": {"schema": {}}}
    result["paths"]["/media/uploads/{upload_id}"] = _of_uploads(problem, found)
    result["paths"]["/media/{rendition_id}"] = {
        "get": {
            "operationId": "media_read",
            "tags": ["assets"],
            "description": "Read the bytes of a rendition, whole or in part. The visibility check "
            "is made on every request.\n\nAn API key needs the scope `assets:read`.",
            "security": [{KeyScheme.name: []}, {SessionScheme.name: []}, {}],
            "parameters": [
                {
                    "in": "path",
                    "name": "rendition_id",
                    "required": True,
                    "schema": {"type": "string", "format": "uuid"},
                },
                {
                    "in": "header",
                    "name": "Range",
                    "schema": {"type": "string"},
                    "description": "One range of bytes, such as `bytes=0-1023`.",
                },
                {
                    "in": "header",
                    "name": "If-None-Match",
                    "schema": {"type": "string"},
                    "description": "The `ETag` that one has; 304 when it is still that.",
                },
            ],
            "responses": {
                "200": {"description": "The bytes", "content": found},
                "206": {"description": "The part that was asked for", "content": found},
                "304": {"description": "One has it already"},
                **{
                    status: {"description": description, "content": problem}
                    for status, description in {
                        "400": _ALWAYS["400"],
                        "401": "The API key opens nothing",
                        "404": _OTHERS["404"],
                        "405": _OTHERS["405"],
                        "416": "The range lies outside of the bytes",
                        "503": _OTHERS["503"],
                    }.items()
                },
            },
        }
    }
    return result


def _of_uploads(problem: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Return the operation that serves uploads to their owner."""
    failures = {"400": _ALWAYS["400"], "401": "The API key opens nothing"} | {
        status: _OTHERS[status] for status in ("404", "405", "503")
    }
    return {
        "get": {
            "operationId": "media_upload",
            "tags": ["uploads"],
            "description": "Read the bytes of one's own upload, as they are kept; ranges and "
            "conditions as for renditions.\n\nAn API key needs the scope `jobs:read`.",
            "security": [{KeyScheme.name: []}, {SessionScheme.name: []}, {}],
            "parameters": [
                {
                    "in": "path",
                    "name": "upload_id",
                    "required": True,
                    "schema": {"type": "string", "format": "uuid"},
                },
            ],
            "responses": {
                "200": {"description": "The bytes", "content": found},
                **{
                    status: {"description": description, "content": problem}
                    for status, description in failures.items()
                },
            },
        }
    }


def add_problem(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing hook: declare the Problem schema once."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    return result
