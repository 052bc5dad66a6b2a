"""From Triton's requests to what a back-end works with, and which of them may run together."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import triton_python_backend_utils as pb_utils

from generation.core.backends.served import SERVED_FILE, Served, Value, decode_served
from generation.core.wire import INPUT_TENSORS, GenerateRequest, InvalidRequest, decode_request
from generation.serving.tidegate_backends.replies import Reply


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with its checked values, its pictures' bytes by name, and its reply."""

    request: GenerateRequest
    values: Mapping[str, Value]
    pictures: Mapping[str, bytes]
    reply: Reply

    @property
    def likeness(self) -> str:
        """Equal for requests that one call can make: all but the words, seeds and pictures."""
        return json.dumps([sorted(self.values.items()), sorted(self.pictures)])


def served_from(args: Mapping[str, str]) -> Served:
    """Read the document of the model folder that Triton loads; called once, at the beginning."""
    # Taking networks apart at the end would take seconds and change nothing.
    atexit.register(os._exit, 0)
    folder = Path(args["model_repository"]) / args["model_version"]
    return decode_served((folder / SERVED_FILE).read_text("utf-8"))


def read_requests(requests: Sequence[Any], served: Served) -> list[Asked]:
    """Read each request; one that is not in order is refused at once and left out."""
    shape = (1, 1) if served.options.batch > 1 else (1,)
    found = []
    for request in requests:
        reply = Reply(request.get_response_sender(), shape)
        try:
            found.append(_read(request, served, reply))
        except InvalidRequest as exc:
            reply.refuse(str(exc))
        except Exception as exc:  # noqa: BLE001  the others of the batch must be answered
            pb_utils.Logger.log_error(f"{served.entry}: {exc!r}")
            reply.fail(f"the request cannot be read: {exc}")
    return found


def together(asked: Sequence[Asked], size: int) -> Iterator[list[Asked]]:
    """Yield groups of at most `size` that are alike, oldest first."""
    groups: dict[str, list[Asked]] = {}
    for one in asked:
        groups.setdefault(one.likeness, []).append(one)
    for group in groups.values():
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _read(request: Any, served: Served, reply: Reply) -> Asked:
    asked = decode_request(
        _bytes(request, "REQUEST") or b"", max_prompt_characters=served.prompt_characters
    )
    pictures = {name: _bytes(request, tensor) for name, tensor in INPUT_TENSORS.items()}
    given = {name: data for name, data in pictures.items() if data is not None}
    accepted = {item.name for item in served.parameters if item.type == "image"}
    if unknown := sorted(set(given) - accepted):
        raise InvalidRequest(f"this model takes no {', '.join(unknown)}")
    return Asked(asked, served.values(asked), given, reply)


def _bytes(request: Any, name: str) -> bytes | None:
    tensor = pb_utils.get_input_tensor_by_name(request, name)
    return None if tensor is None else bytes(tensor.as_numpy().reshape(-1)[0])
