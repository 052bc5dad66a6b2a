"""What can be wrong with a request, in words a caller understands.

Services raise these; the API turns them into problem documents, the pages into messages.
A `code` is part of the API: it is never renamed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: `pointer` is a JSON pointer into the request ("/parameters/steps")."""

    pointer: str
    code: str
    message: str


class TidegateError(Exception):
    """The base: a message for people, a stable code for programs, the HTTP status it earns.

    `pointer` says which field of the request is meant, `extra` adds members to the problem.
    """

    STATUS: ClassVar[int] = 400

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = self.STATUS if status is None else status
        self.pointer = pointer
        self.extra: dict[str, Any] = dict(extra or {})


class NotFound(TidegateError):
    """There is no such thing, or the caller may not know that there is."""

    STATUS = 404

    def __init__(
        self,
        message: str = "There is nothing here that you may see.",
        *,
        code: str = "not_found",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)


class NotAllowed(TidegateError):
    """The caller is known, sees the thing, and may not do this to it."""

    STATUS = 403

    def __init__(
        self,
        message: str = "You may not do this.",
        *,
        code: str = "not_allowed",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)


class InvalidInput(TidegateError):
    """The request says something impossible; `errors` names every wrong field at once.

    With a `pointer` and no `errors`, the message itself becomes the one error.
    """

    def __init__(
        self,
        message: str = "Some fields are missing or wrong.",
        *,
        code: str = "invalid_input",
        errors: Iterable[FieldError] = (),
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)
        self.errors: list[FieldError] = list(errors)
        if pointer is not None and not self.errors:
            self.errors.append(FieldError(pointer, code, message))


class Conflict(TidegateError):
    """The request is fine, but the thing is not as the caller thought."""

    STATUS = 409

    def __init__(
        self,
        message: str,
        *,
        code: str = "conflict",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)


class InvalidMove(Conflict):
    """A state cannot follow the present one."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "invalid_move",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)


class TooLarge(TidegateError):
    """More bytes, characters or rows than the platform takes at once."""

    STATUS = 413

    def __init__(
        self,
        message: str,
        *,
        code: str = "too_large",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)


class Unavailable(TidegateError):
    """Something we depend on does not answer; the same request may succeed later."""

    STATUS = 503

    def __init__(
        self,
        message: str,
        *,
        code: str = "unavailable",
        pointer: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, pointer=pointer, extra=extra)
