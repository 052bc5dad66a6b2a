"""Renderers beside JSON."""

import json
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer


class EventStream(BaseRenderer):
    """Lets a client ask for `text/event-stream`; the stream itself is a streaming response.

    Only an error reaches `render`, and an error is a problem document.
    """

    media_type = "text/event-stream"
    format = "sse"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the problem as JSON bytes."""
        return json.dumps(data).encode()
