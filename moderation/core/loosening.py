"""Finding what would make a policy looser, so that it is refused beside the policy's own value."""

from collections.abc import Iterator, Sequence

from moderation.core.decisions import RANK, Verdict, Waiting
from moderation.core.marked_yaml import Marked, Mistake
from moderation.core.policy_file import (
    ANY,
    InvalidPolicy,
    PolicyFile,
    SurfaceFile,
    TighterFile,
    WaitingFile,
)


def require_tighter(
    base: PolicyFile, tighter: TighterFile, marked: Marked, at: Sequence[str | int] = ()
) -> None:
    """Refuse what would make a policy looser, or changes nothing that the policy knows.

    Raises:
        InvalidPolicy: each value that is looser, beside the policy's own.
    """
    if mistakes := list(looser(base, tighter, marked, at)):
        raise InvalidPolicy(mistakes)


def looser(
    base: PolicyFile, tighter: TighterFile, marked: Marked, at: Sequence[str | int] = ()
) -> Iterator[Mistake]:
    """Yield a mistake for each value that is looser than the policy's."""
    yield from _looser_thresholds(base, tighter, marked, at)
    yield from _looser_words(base, tighter, marked, at)
    for key, waiting in tighter.unavailable.items():
        standing = base.unavailable.get(key) or base.unavailable.get("otherwise")
        if standing and _waiting(waiting).strictness < _waiting(standing).strictness:
            yield marked.mistake(
                (*at, "unavailable", key),
                f"{waiting.then} within {waiting.seconds:g} s is looser than the policy's "
                f"{standing.then} within {standing.seconds:g} s",
                "retry is looser than hold, hold than escalate; of the same, more seconds are.",
            )
    if tighter.reports and tighter.reports.hold_at > base.reports.hold_at:
        yield marked.mistake(
            (*at, "reports", "hold_at"),
            f"{tighter.reports.hold_at} reports are more than the policy's {base.reports.hold_at}",
            f"Write {base.reports.hold_at} or fewer.",
        )
    taken = {rule.name for rule in base.rules}
    for number, rule in enumerate(tighter.rules):
        if rule.name in taken:
            yield marked.mistake(
                (*at, "rules", number, "name"),
                f"the policy has a rule {rule.name!r}, and none of its rules can be replaced",
                "Give it another name.",
            )


def _looser_thresholds(
    base: PolicyFile, tighter: TighterFile, marked: Marked, at: Sequence[str | int]
) -> Iterator[Mistake]:
    for place, hazards in tighter.thresholds.items():
        for hazard, given in hazards.items():
            path = (*at, "thresholds", place, hazard)
            found = [
                (surface, rules.thresholds[hazard])
                for surface, rules in _surfaces(base, place)
                if hazard in rules.thresholds
            ]
            if not found:
                what = f"the policy has no threshold of {hazard} here, so every score holds"
                yield marked.mistake(path, what, "Take it out.", is_key=True)
            limits = {
                "hold_at": [(one.hold_at, surface) for surface, one in found],
                "block_at": [
                    (one.block_at, surface) for surface, one in found if one.block_at is not None
                ],
            }
            for key, standing in limits.items():
                value, (limit, surface) = getattr(given, key), min(standing, default=(1.0, ""))
                if value is not None and value > limit:
                    yield marked.mistake(
                        (*path, key),
                        f"{value:g} is looser than the policy's {limit:g} of {surface}",
                        f"Write {limit:g} or less, or take it out.",
                    )


def _looser_words(
    base: PolicyFile, tighter: TighterFile, marked: Marked, at: Sequence[str | int]
) -> Iterator[Mistake]:
    for place, words in tighter.words.items():
        for severity, action in words.model_dump(exclude_none=True).items():
            found = [
                (getattr(rules.words, severity), surface)
                for surface, rules in _surfaces(base, place)
            ]
            standing, surface = max(found, key=lambda one: _rank(one[0]), default=("release", ""))
            if _rank(action) < _rank(standing):
                yield marked.mistake(
                    (*at, "words", place, severity),
                    f"{action} is looser than the policy's {standing} of {surface}",
                    f"Write {standing} or stricter, or take it out.",
                )


def _surfaces(base: PolicyFile, place: str) -> Iterator[tuple[str, SurfaceFile]]:
    for surface, rules in base.surfaces.items():
        if place in (ANY, surface):
            yield surface, rules


def _waiting(file: WaitingFile) -> Waiting:
    return Waiting(file.then, file.seconds)


def _rank(action: str) -> int:
    return RANK[Verdict(action)]
