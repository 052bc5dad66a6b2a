"""Whom an item is for, and the engine that judges by the policy as it is for them.

What organisations have stricter is read by one query for all of them, and again when it is older
than a few seconds: a request that waits for its prompt's screening nearly never pays for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock
from time import monotonic
from uuid import UUID

from moderation.app.configuration import configuration
from moderation.app.engine import Engine
from moderation.app.memo import Memo
from moderation.app.selectors.organisations import Stricter, stricter_rules
from moderation.core.context import Audience, Context
from moderation.core.policy import Policy, for_audience
from moderation.core.tightening import matches

_POLICIES = 512
_DAY = 86_400.0

Stated = Mapping[tuple[UUID, UUID | None], Stricter]


@dataclass(frozen=True, slots=True)
class Serving:
    """The engine for an audience, and the context that its judgements are made in so far."""

    engine: Engine
    context: Context


def engine_for_audience(
    engine: Engine, organisation_id: UUID | None, project_id: UUID | None = None
) -> Engine:
    """Return the engine that judges by the policy as it is for a project of an organisation."""
    return serving(engine, organisation_id, project_id).engine


def serving(
    engine: Engine,
    organisation_id: UUID | None,
    project_id: UUID | None = None,
    *,
    shown_to: str = "",
) -> Serving:
    """Return the engine for an audience and its context; without an organisation it is nobody's.

    `shown_to` is the project's audience where the caller has it at hand.
    """
    if organisation_id is None:
        return Serving(engine, Context())
    stated = _known.stated()
    places: list[tuple[UUID, UUID | None]] = [(organisation_id, None)]
    if project_id is not None:
        places.append((organisation_id, project_id))
    further = [one for place in places if (one := stated.get(place)) is not None]
    audience = Audience(
        organisation=str(organisation_id),
        project="" if project_id is None else str(project_id),
        shown_to=shown_to,
    )
    for one in further:
        audience = replace(
            audience,
            rating=one.file.rating or audience.rating,
            region=one.file.region or audience.region,
        )
    context = Context(audience=audience, tightened_by=tuple(str(one.id) for one in further))
    return Serving(engine.under(_policy(engine.policy, audience, further)), context)


def forget() -> None:
    """Read what organisations have stricter again at the next call."""
    _known.forget()


class _Known:
    """The rules of all organisations, as old as a few seconds. Safe between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stated: Stated = {}
        self._until = 0.0

    def stated(self) -> Stated:
        """Return the rules by organisation and project."""
        if monotonic() < self._until:
            return self._stated
        with self._lock:
            if monotonic() >= self._until:
                self._stated = stricter_rules(self._stated)
                self._until = monotonic() + configuration().audience_seconds
            return self._stated

    def forget(self) -> None:
        """Let the next call read again."""
        self._until = 0.0


_known = _Known()
_policies: Memo[tuple[str, ...], Policy] = Memo(entries=_POLICIES, seconds=_DAY)


def _policy(policy: Policy, audience: Audience, further: list[Stricter]) -> Policy:
    matching = [one for one in policy.file.audiences if matches(one, audience)]
    if not (matching or further):
        return policy
    # Rows never change, and names of audiences are not unique: their order in the file is.
    numbers = [str(policy.file.audiences.index(one)) for one in matching]
    key = (policy.version, *numbers, *(str(one.id) for one in further))
    known = _policies.get(key)
    if known is None:
        known = for_audience(policy, audience, [one.file for one in further])
        _policies.put(key, known)
    return known
