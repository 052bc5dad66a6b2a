"""The documents about the API that are kept beside the code."""

import json
from collections.abc import Mapping

from drf_spectacular.generators import SchemaGenerator

from tidegate.api import codes


def documents() -> Mapping[str, str]:
    """Return the text of every file of `docs/api` that is made from the code, by name."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # untyped library
    schema = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    openapi = json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=False)
    return {"openapi.json": f"{openapi}\n", "problems.md": codes.as_markdown()}
