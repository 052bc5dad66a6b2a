"""Which policy judges what: the database says, and a process asks it at most once a second.

A version in the database is a text; the process that judges reads it together with its own word
lists, so what it stamps is what it evaluated, also while processes of two releases run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeAlias
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from moderation.app.models import PolicyVersion
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.draws import is_drawn
from moderation.core.policy import Policy
from moderation.core.policy_file import InvalidPolicy

if TYPE_CHECKING:
    # An engine is made with the services, which ask here what judges.
    from moderation.app.engine import Engine

log = structlog.get_logger(__name__)

SECONDS: Final = 1.0
_STATE = PolicyVersion.State
JUDGING: Final = (_STATE.SHADOW, _STATE.CANARY, _STATE.ACTIVE)
_Row: TypeAlias = "tuple[UUID, str, str, float | None, str]"


@dataclass(frozen=True, slots=True)
class InForce:
    """What judges and what is tried beside it.

    `active` is None while the database knows no version: then an engine's own policy judges.
    `shadows` are policies by the id of their version.
    """

    active: Policy | None = None
    canary: Policy | None = None
    canary_share: float = 0.0
    canary_seed: str = ""
    shadows: tuple[tuple[UUID, Policy], ...] = ()

    def policy_for(self, key: object) -> Policy | None:
        """Return the policy that judges what this key names; the same key draws the same one."""
        if self.canary is not None and is_drawn(
            self.canary_seed, str(key), share=self.canary_share
        ):
            return self.canary
        return self.active


def engine_for(engine: "Engine", key: object) -> "Engine":
    """Return the engine that judges what this key names: under the canary, or the active policy.

    Keys are ids of assets, and correlation ids of prompts and of what streams for them.
    """
    policy = in_force().policy_for(key)
    return engine if policy is None else engine.under(policy)


def active_engine(engine: "Engine") -> "Engine":
    """Return the engine under the active policy, for what nobody may see by share."""
    policy = in_force().active
    return engine if policy is None else engine.under(policy)


def in_force() -> InForce:
    """Return what is known, at most `SECONDS` old.

    A database that cannot be asked leaves the policy as it was known: what is judged is written
    to the same database, where `record_verdict` looks again. Nothing known is an error, because
    there is no policy then that anything could be released under.

    Raises:
        OperationalError, InterfaceError: the database is away and nothing was known before.
    """
    return _known.get()


def read() -> InForce:
    """Return what the database says now, inside the caller's transaction.

    Raises:
        InvalidPolicy: the active version cannot be obeyed by this release.
    """
    rows = list(
        PolicyVersion.objects.filter(state__in=JUDGING)
        .order_by("id")
        .values_list("id", "state", "source", "canary_share", "canary_seed")
    )
    return _parsed(rows)


def forget() -> None:
    """Let the next one who asks read again: after a change by this process, and in tests."""
    _known.forget()


@cache
def lists_digest() -> str:
    """Return the digest of this process's word lists, which is a part of every version."""
    return wordlists.load().digest


def policy_of(source: str) -> Policy:
    """Return a policy text as this process evaluates it.

    Raises:
        InvalidPolicy: the text cannot be obeyed.
    """
    return _policy(source, lists_digest())


class _Known:
    """What was read last; safe between threads, of which one reads at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: tuple[float, InForce] | None = None

    def get(self) -> InForce:
        held = self._held
        if held is not None and monotonic() < held[0]:
            return held[1]
        # While one thread reads, the others go on with what is known, if anything is.
        if not self._lock.acquire(blocking=held is None):
            return held[1] if held is not None else self.get()
        try:
            held = self._held
            if held is None or monotonic() >= held[0]:
                held = self._held = (monotonic() + SECONDS, _read_again(held))
            return held[1]
        finally:
            self._lock.release()

    def forget(self) -> None:
        self._held = None


def _read_again(held: tuple[float, InForce] | None) -> InForce:
    try:
        return read()
    except (OperationalError, InterfaceError, InvalidPolicy) as error:
        if held is None:
            raise
        log.warning("policies_not_read", error=str(error))
        return held[1]


_known = _Known()


@lru_cache(maxsize=64)
def _policy(source: str, digest: str) -> Policy:
    return policies.parse(source, lists_digest=digest)


def _parsed(rows: Sequence[_Row]) -> InForce:
    active = canary = None
    share, seed = 0.0, ""
    shadows: list[tuple[UUID, Policy]] = []
    for key, state, source, canary_share, canary_seed in rows:
        if state == _STATE.ACTIVE:
            active = policy_of(source)
        elif state == _STATE.CANARY:
            canary, share, seed = _tried(source), canary_share or 0.0, canary_seed
        elif (shadow := _tried(source)) is not None:
            shadows.append((key, shadow))
    return InForce(active, canary, share, seed, tuple(shadows))


def _tried(source: str) -> Policy | None:
    """Return a policy that is on trial; one that this release cannot obey is not tried by it."""
    try:
        return policy_of(source)
    except InvalidPolicy as error:
        log.warning("policy_not_obeyed", error=str(error))
        return None
