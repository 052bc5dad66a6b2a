"""Ports: where services meet synchronously without importing each other.

`moderation.app` registers its gate at start-up and `generation.app` asks it. With nothing
registered the answer is "unavailable", which holds: an unwired process never releases.

The other way round, `generation.app` registers who makes things, and `moderation.app` stops whom
it restricts. Such an order must not get lost: with nobody registered it is an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol
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


class Screening(Protocol):
    """Waits for the ruling on a prompt of a project of an organisation, where it is of one."""

    def __call__(
        self, *, organisation_id: UUID | None = None, project_id: UUID | None = None
    ) -> Ruling:
        """Return the ruling."""
        ...


class Gate(Protocol):
    """The synchronous face of moderation."""

    def screen_prompt(
        self,
        *,
        prompt: str,
        modality: str,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> Ruling:
        """Judge a prompt before its job may run. A time-out is `unavailable`, no exception.

        By the platform's policy, and by what the organisation and the project have stricter.
        """
        ...

    def start_screening(self, *, prompt: str, modality: str, correlation_id: UUID) -> Screening:
        """Ask what `screen_prompt` asks and return what waits for the ruling; call it once.

        Whom the prompt is for may be found out meanwhile.
        """
        ...

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        """Judge a picture that is brought along, before anything may work on it.

        `image` is the file as it is kept, `source_sha256` (hexadecimal) that of the file as it
        came, which is what lists know. A time-out is `unavailable`, no exception.
        """
        ...

    def window(
        self,
        *,
        text: str,
        released_characters: int,
        is_final: bool,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> WindowRuling:
        """Judge the text streamed so far; only scored text may be counted as released."""
        ...


class Closed:
    """The gate of a process where moderation is not wired: everything waits."""

    def screen_prompt(
        self,
        *,
        prompt: str,
        modality: str,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> Ruling:
        """Hold."""
        return Ruling("unavailable", (), "")

    def start_screening(self, *, prompt: str, modality: str, correlation_id: UUID) -> Screening:
        """Hold."""
        return lambda **_: Ruling("unavailable", (), "")

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        """Hold."""
        return Ruling("unavailable", (), "")

    def window(
        self,
        *,
        text: str,
        released_characters: int,
        is_final: bool,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> WindowRuling:
        """Show nothing more."""
        return WindowRuling("unavailable", released_characters, ())


@dataclass(frozen=True, slots=True)
class Bar:
    """Somebody may not ask for anything: everywhere, or in one organisation.

    `until` None is until it is taken away; `restriction_id` is whose effect it is.
    """

    restriction_id: UUID
    author_id: UUID
    organisation_id: UUID | None
    code: Literal["cooldown", "suspended"]
    until: datetime | None


class Makers(Protocol):
    """The face of generation for whoever restricts people. Each call needs a transaction."""

    def lock(self, *, author_id: UUID, organisation_id: UUID | None) -> frozenset[UUID]:
        """Let the person ask for nothing meanwhile, and lock what they wait for and who pays.

        Call it before anything that others lock later (assets, cases, the trail). Returns the
        organisations concerned.
        """
        ...

    def stop(self, *, author_id: UUID, organisation_id: UUID | None, reason: str) -> int:
        """Cancel what the person waits for; return how many jobs. `lock` comes before it."""
        ...

    def bar(self, bar: Bar) -> None:
        """Refuse the person's requests from this commit on. Saying it again changes nothing."""
        ...

    def admit(self, *, restriction_id: UUID) -> None:
        """Take the bar of a restriction away; without one nothing happens."""
        ...


@dataclass(frozen=True, slots=True)
class Restraint:
    """A restriction as whom it concerns may know it."""

    kind: str
    until: datetime | None


class Restraints(Protocol):
    """The face of moderation for whoever makes something public."""

    def on_publishing(self, *, author_id: UUID, organisation_id: UUID | None) -> Restraint | None:
        """Return why this person may make nothing public now; None when they may.

        `organisation_id` is where it belongs; None: to the person alone.
        """
        ...

    def on_restoring(
        self, *, asset_id: UUID, author_id: UUID, organisation_id: UUID
    ) -> Restraint | None:
        """Return why this locked asset, withdrawn by its author, may not be shown again now."""
        ...


class Reach(Protocol):
    """Knows how far an output has come."""

    def seen_by(self, asset_id: UUID) -> int:
        """Return how many people have seen it."""
        ...


class Unseen:
    """The reach of a process where nobody counts: nothing is known to have been seen."""

    def seen_by(self, asset_id: UUID) -> int:
        """Return none."""
        return 0


class Meanings(Protocol):
    """Knows which outputs mean nearly the same."""

    def nearest(self, asset_id: UUID, *, limit: int) -> Mapping[UUID, float]:
        """Return the nearest, whatever their state, each with its likeness (0..1)."""
        ...


class Meaningless:
    """The meanings of a process where nobody compares them."""

    def nearest(self, asset_id: UUID, *, limit: int) -> Mapping[UUID, float]:
        """Return none."""
        return {}


@dataclass(frozen=True, slots=True)
class Translation:
    """A text in another language, and what translated it."""

    text: str
    engine: str


class TranslatorAway(Exception):
    """A translator did not answer; the message says why."""


class Translator(Protocol):
    """Translates texts for reviewers."""

    @property
    def engine(self) -> str:
        """What readers are told that translated."""
        ...

    def translate(self, text: str, *, target: str) -> Translation:
        """Return a text in a language (`en`, `zh`). Raises TranslatorAway."""
        ...


class HouseMarks(Protocol):
    """What the marks of an output mean for recommending it. Which there are, its gate knows."""

    def is_limited(self, rating: str, labels: Sequence[str]) -> bool:
        """Whether it goes to those only who follow its author or work with them."""
        ...

    def is_covered(self, rating: str, labels: Sequence[str]) -> bool:
        """Whether it is seen after a click only."""
        ...

    def ratings(self) -> tuple[str, ...]:
        """Return the ratings there are, the mildest first."""
        ...


class Unmarked:
    """The marks of a process where nobody says what they mean: whatever is marked stays limited."""

    def is_limited(self, rating: str, labels: Sequence[str]) -> bool:
        """Limit what carries anything."""
        return bool(rating or labels)

    def is_covered(self, rating: str, labels: Sequence[str]) -> bool:
        """Cover what carries anything."""
        return bool(rating or labels)

    def ratings(self) -> tuple[str, ...]:
        """Know none."""
        return ()


class _Ports:
    gate: Gate = Closed()
    phases: frozenset[str] = frozenset()
    makers: Makers | None = None
    restraints: Restraints | None = None
    reach: Reach = Unseen()
    translator: Translator | None = None
    meanings: Meanings = Meaningless()
    house_marks: HouseMarks = Unmarked()


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


def register_makers(implementation: Makers) -> None:
    """Wire who makes things; called once by `generation.app` when Django is ready."""
    _Ports.makers = implementation


def makers() -> Makers:
    """Return who makes things.

    Raises:
        RuntimeError: nobody is wired, and a restriction would stop nothing.
    """
    if _Ports.makers is None:
        raise RuntimeError("no makers are registered: a restriction would stop nothing")
    return _Ports.makers


def register_restraints(implementation: Restraints) -> None:
    """Wire who knows of restrictions; called once by `moderation.app` when Django is ready."""
    _Ports.restraints = implementation


def restraints() -> Restraints:
    """Return who knows of restrictions.

    Raises:
        RuntimeError: nobody is wired, and everybody would pass for unrestricted.
    """
    if _Ports.restraints is None:
        raise RuntimeError("no restraints are registered: nobody would be restricted")
    return _Ports.restraints


def register_reach(implementation: Reach) -> None:
    """Wire who counts viewers; called once by `recommendations.app` when Django is ready."""
    _Ports.reach = implementation


def reach() -> Reach:
    """Return who counts viewers; it orders work and decides nothing, so nobody is an answer."""
    return _Ports.reach


def register_translator(implementation: Translator | None) -> None:
    """Wire who translates for reviewers; None takes it away."""
    _Ports.translator = implementation


def translator() -> Translator | None:
    """Return who translates for reviewers; None where nobody does."""
    return _Ports.translator


def register_meanings(implementation: Meanings) -> None:
    """Wire who compares meanings; called once by `recommendations.app` when Django is ready."""
    _Ports.meanings = implementation


def meanings() -> Meanings:
    """Return who compares meanings; without one there are other grounds to compare by."""
    return _Ports.meanings


def register_house_marks(implementation: HouseMarks) -> None:
    """Wire who knows what marks mean; called once by `moderation.app` when Django is ready."""
    _Ports.house_marks = implementation


def house_marks() -> HouseMarks:
    """Return who knows what marks mean; with nobody, whatever is marked stays limited."""
    return _Ports.house_marks
