"""Ports: where services meet synchronously without importing each other.

`moderation.app` registers its gate at start-up and `generation.app` asks it. With nothing
registered the answer is "unavailable", which holds: an unwired process never releases.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from tidegate.contracts.moderation import VerdictName

EXPOSURE_BOUND: Final = 0
"""How many tokens of a streamed text a client may ever have seen unscored. No setting raises it."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says about a text or a picture. `reasons` are author-facing codes (hazards).

    `fields` are JSON pointers to what of a request it is about, where who asked knows of fields.
    """

    verdict: VerdictName
    reasons: tuple[str, ...]
    policy_version: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowRuling:
    """How much of a streamed text may be shown.

    `released_characters` counts from the start of the text and never falls. `verdict` other
    than release means: show nothing more of this stream.
    """

    verdict: VerdictName
    released_characters: int
    reasons: tuple[str, ...]


class Gate(Protocol):
    """The synchronous face of moderation."""

    def screen_prompt(self, *, prompt: str, modality: str, correlation_id: UUID) -> Ruling:
        """Judge a prompt before its job may run. A time-out is `unavailable`, no exception."""
        ...

    def start_screening(
        self, *, prompt: str, modality: str, correlation_id: UUID
    ) -> Callable[[], Ruling]:
        """Ask what `screen_prompt` asks and return what waits for the ruling; call it once."""
        ...

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        """Judge a picture that is brought along, before anything may work on it.

        `image` is the file as it is kept, `source_sha256` (hexadecimal) that of the file as it
        came, which is what lists know. A time-out is `unavailable`, no exception.
        """
        ...

    def window(
        self, *, text: str, released_characters: int, is_final: bool, correlation_id: UUID
    ) -> WindowRuling:
        """Judge the text streamed so far; only scored text may be counted as released."""
        ...


class Closed:
    """The gate of a process where moderation is not wired: everything waits."""

    def screen_prompt(self, *, prompt: str, modality: str, correlation_id: UUID) -> Ruling:
        """Hold."""
        return Ruling("unavailable", (), "")

    def start_screening(
        self, *, prompt: str, modality: str, correlation_id: UUID
    ) -> Callable[[], Ruling]:
        """Hold."""
        return lambda: Ruling("unavailable", (), "")

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        """Hold."""
        return Ruling("unavailable", (), "")

    def window(
        self, *, text: str, released_characters: int, is_final: bool, correlation_id: UUID
    ) -> WindowRuling:
        """Show nothing more."""
        return WindowRuling("unavailable", released_characters, ())


class _Ports:
    gate: Gate = Closed()
    phases: frozenset[str] = frozenset()


def register_gate(implementation: Gate) -> None:
    """Wire the gate; called once by `moderation.app` when Django is ready."""
    _Ports.gate = implementation


def gate() -> Gate:
    """Return the wired gate, or the closed one."""
    return _Ports.gate


def register_phases(names: Iterable[str]) -> None:
    """Say for which safety phases there are handlers; called beside `register_gate`."""
    _Ports.phases = frozenset(names)


def phases() -> frozenset[str]:
    """Return the safety phases that somebody handles; none in a process without moderation."""
    return _Ports.phases
