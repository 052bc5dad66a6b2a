"""Making a policy stricter for some: audiences of the policy itself, organisations, projects.

Stricter only. What is looser is refused when it is written (`require_tighter`); and should the
policy below become stricter later, the stricter of both counts (`tightened`), whatever was written.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import yaml

from moderation.core.context import Audience
from moderation.core.decisions import RANK, Verdict, Waiting
from moderation.core.marked_yaml import Marked, Mistake
from moderation.core.policy_file import (
    ANY,
    AudienceFile,
    InvalidPolicy,
    Name,
    PartialThreshold,
    PolicyFile,
    RuleFile,
    SurfaceFile,
    ThresholdFile,
    TighterFile,
    WaitingFile,
    WordsFile,
    rule_names_differ,
    shaped,
)

LONGEST: Final = 20_000
"""Characters of what an organisation writes."""
MOST_RULES: Final = 20


class TighteningFile(TighterFile):
    """What an organisation, or a project of it, makes stricter for itself.

    `rating` and `region` say whom it works for: the platform's policy may have stricter rules for
    such an audience.
    """

    name: Name
    rating: str = ""
    region: str = ""


def read(source: str) -> tuple[TighteningFile, Marked]:
    """Read the text of what an organisation makes stricter.

    Raises:
        InvalidPolicy: naming every place that is wrong.
    """
    if len(source) > LONGEST:
        what = f"it has {len(source)} characters, more than {LONGEST}"
        raise InvalidPolicy([Mistake("", 1, 1, what, "Say less.")])
    file, marked = shaped(TighteningFile, source)
    mistakes = list(rule_names_differ(file.rules, ("rules",), marked))
    if len(file.rules) > MOST_RULES:
        what = f"there are {len(file.rules)} rules, more than {MOST_RULES}"
        mistakes.append(marked.mistake(("rules",), what, "Join some of them."))
    if mistakes:
        raise InvalidPolicy(mistakes)
    return file, marked


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


def tightened(base: PolicyFile, tighter: TighterFile) -> PolicyFile:
    """Return the policy with the stricter of both everywhere, and with all rules of both."""
    surfaces = {
        surface: _tightened_surface(rules, surface, tighter)
        for surface, rules in base.surfaces.items()
    }
    reports = base.reports
    if tighter.reports:
        reports = min(reports, tighter.reports, key=lambda one: one.hold_at)
    return base.model_copy(
        update={
            "surfaces": surfaces,
            "reports": reports,
            "unavailable": _tightened_waiting(base, tighter),
            "rules": [*base.rules, *_renamed(tighter.rules, base.rules)],
        }
    )


def for_audience(
    base: PolicyFile, audience: Audience, further: Sequence[TighteningFile] = ()
) -> PolicyFile:
    """Return the policy for an audience: all of the policy's own that match, then `further` ones.

    It has no audiences any more. With nothing to tighten it is the policy itself.
    """
    matching = [one for one in base.audiences if matches(one, audience)]
    policy = base
    for one in (*matching, *further):
        policy = tightened(policy, one)
    return policy.model_copy(update={"audiences": []}) if matching or further else base


def matches(file: AudienceFile, audience: Audience) -> bool:
    """Whether an item's audience is the one that is meant."""
    match = file.match.model_dump(exclude_unset=True)
    return all(getattr(audience, key) in values for key, values in match.items())


def written(file: PolicyFile) -> str:
    """Return a policy as a text that is read as the same policy: what a verdict's row keeps."""
    document: dict[str, Any] = file.model_dump(mode="json")
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return f"# The platform's policy with what an audience has stricter.\n{text}"


def _surfaces(base: PolicyFile, place: str) -> Iterator[tuple[str, SurfaceFile]]:
    for surface, rules in base.surfaces.items():
        if place in (ANY, surface):
            yield surface, rules


def _tightened_surface(rules: SurfaceFile, surface: str, tighter: TighterFile) -> SurfaceFile:
    words = rules.words
    thresholds, by_detector = dict(rules.thresholds), {**rules.by_detector}
    for place in (ANY, surface):
        for hazard, given in tighter.thresholds.get(place, {}).items():  # type: ignore[call-overload]  # a surface's name
            # What has no threshold holds at any score; a threshold would only let some through.
            if hazard in thresholds:
                thresholds[hazard] = _stricter(thresholds[hazard], given)
            for detector, own in by_detector.items():
                if hazard in own:
                    by_detector[detector] = {**own, hazard: _stricter(own[hazard], given)}
        if stated := tighter.words.get(place):  # type: ignore[call-overload]  # a surface's name
            words = WordsFile.model_validate(
                {
                    severity: max(getattr(words, severity), action or "release", key=_rank)
                    for severity, action in stated.model_dump().items()
                }
            )
    return rules.model_copy(
        update={"words": words, "thresholds": thresholds, "by_detector": by_detector}
    )


def _stricter(standing: ThresholdFile, given: PartialThreshold) -> ThresholdFile:
    block_at = _least(standing.block_at, given.block_at)
    hold_at = _least(_least(standing.hold_at, given.hold_at), block_at)
    return ThresholdFile.model_validate({"hold_at": hold_at, "block_at": block_at})


def _least(one: float | None, other: float | None) -> float | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _tightened_waiting(base: PolicyFile, tighter: TighterFile) -> dict[Any, WaitingFile]:
    """Return for each hazard the stricter of both.

    What one of both says of all others ("otherwise") also tightens what the other names.
    """
    sides: tuple[dict[Any, WaitingFile], ...] = (dict(base.unavailable), dict(tighter.unavailable))
    keys = dict.fromkeys(key for side in sides for key in side)
    found = {}
    for key in keys:
        said = [side.get(key) or side.get("otherwise") for side in sides]
        found[key] = max(
            (one for one in said if one is not None), key=lambda one: _waiting(one).strictness
        )
    return found


def _renamed(rules: Iterable[RuleFile], taken: Iterable[RuleFile]) -> list[RuleFile]:
    """Return further rules under names that are free: the policy may have got one since."""
    names = {rule.name for rule in taken}
    found = []
    for rule in rules:
        name, number = rule.name, 2
        while name in names:
            name = f"{rule.name[:70]} ({number})"
            number += 1
        names.add(name)
        found.append(rule if name == rule.name else rule.model_copy(update={"name": name}))
    return found


def _waiting(file: WaitingFile) -> Waiting:
    return Waiting(file.then, file.seconds)


def _rank(action: str) -> int:
    return RANK[Verdict(action)]


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what an organisation may write."""
    return TighteningFile.model_json_schema()
