"""Making a policy stricter for some: audiences of the policy itself, organisations, projects.

Stricter only. What is looser is refused when it is written (`moderation.core.loosening`); should
the policy below become stricter later, the stricter of both counts, whatever was written.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

import yaml

from moderation.core.context import Audience
from moderation.core.decisions import RANK, Verdict, Waiting
from moderation.core.documents import shaped
from moderation.core.hazards import Hazard
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
    SurfaceName,
    ThresholdFile,
    TighterFile,
    WaitingFile,
    WordsFile,
    rule_names_differ,
)

LONGEST: Final = 20_000
"""Characters of what an organisation writes."""
MOST_RULES: Final = 20

_STRICTER: Final = "The platform's policy with what an audience has stricter."


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


def read_stored(source: str) -> TighteningFile:
    """Read a text that was fine when it was written.

    One that is no such document any more makes every hazard unavailable, for whom it was written
    and for nobody else: an outage holds, and what was held is judged again once it is mended.
    """
    try:
        return read(source)[0]
    except InvalidPolicy:
        return _UNREADABLE


def is_unreadable(file: TighteningFile) -> bool:
    """Whether a stored text could not be read."""
    return file is _UNREADABLE


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


def written(file: PolicyFile, *, title: str = _STRICTER) -> str:
    """Return a policy as a text that is read as the same policy: what a verdict's row keeps."""
    document: dict[str, Any] = file.model_dump(mode="json", exclude_unset=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return f"# {title}\n{text}"


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


_UNREADABLE: Final = TighteningFile.model_validate(
    {
        "name": "unreadable",
        "rules": [
            {
                "name": f"stricter rules that cannot be read: {hazard}",
                # No condition has less of an answer.
                "when": "1 / 0 == 1",
                "on": list(get_args(SurfaceName)),
                "then": "hold",
                "hazard": hazard,
            }
            for hazard in Hazard
        ],
    }
)


def schema() -> dict[str, Any]:
    """Return the JSON Schema of what an organisation may write."""
    return TighteningFile.model_json_schema()
