"""What each kind of evidence says against an item, as reasons."""

from collections.abc import Iterable, Mapping, Sequence

from moderation.core.decisions import HashHit, ListHit, Place, Reason, Verdict
from moderation.core.signals import Signal
from moderation.core.surfaces import SurfaceRules


def outages(
    detectors: Mapping[str, Sequence[str]],
    rules: SurfaceRules,
    required: Sequence[str],
    signals: Sequence[Signal],
) -> Iterable[Reason]:
    """Yield a reason for each required detector, and each of its labels, that there is none of."""
    given: dict[str, list[Signal]] = {}
    for signal in signals:
        given.setdefault(signal.detector, []).append(signal)
    for detector in required:
        if detector not in given:
            yield _outage(detector, "detector_missing", "", _concerned(detectors, rules, detector))
        for signal in given.get(detector, ()):
            if signal.error is not None:
                concerned = _concerned(detectors, rules, detector)
                yield _outage(detector, "detector_failed", signal.error, concerned)
                continue
            for hazard in detectors[detector]:
                if signal.score(hazard) is None:
                    yield _outage(detector, "label_missing", hazard, (hazard,))


def _concerned(
    detectors: Mapping[str, Sequence[str]], rules: SurfaceRules, detector: str
) -> tuple[str, ...]:
    """Return the hazards that nobody can speak about while a detector is away.

    Of one that reads or listens they are those of what it would have read; of one that only takes
    apart, all that the surface has.
    """
    if detectors[detector]:
        return tuple(detectors[detector])
    readers = (hazard for name in rules.required_with_text for hazard in detectors[name])
    return tuple(dict.fromkeys(readers)) or tuple(rules.thresholds)


def _outage(detector: str, rule: str, detail: str, hazards: tuple[str, ...]) -> Reason:
    return Reason("", None, None, rule, detector, Verdict.UNAVAILABLE, detail, hazards=hazards)


def scored(rules: SurfaceRules, signal: Signal) -> Iterable[Reason]:
    """Yield a reason for each score that reaches a threshold, and for each nobody has ruled on."""
    at_ms = signal.detail.get("at_ms")
    # Of a film as a whole it is a list.
    place = Place(at_ms=at_ms) if isinstance(at_ms, int) else None
    for hazard in signal.scores:
        score = signal.score(hazard)
        if score is None:
            continue
        threshold = rules.threshold(signal.detector, hazard)
        limit: float | None = None
        if threshold is None:
            rule, verdict = "unknown_hazard", Verdict.HOLD
        elif threshold.block_at is not None and score >= threshold.block_at:
            limit, rule, verdict = threshold.block_at, "score_block", Verdict.BLOCK
        elif score >= threshold.hold_at:
            limit, rule, verdict = threshold.hold_at, "score_hold", Verdict.HOLD
        else:
            continue
        yield Reason(hazard, score, limit, rule, signal.detector, verdict, place=place)


def listed(rules: SurfaceRules, hits: Sequence[ListHit]) -> Iterable[Reason]:
    """Yield a reason for each listed word that does anything on this surface."""
    for hit in hits:
        verdict = Verdict(rules.words[hit.severity])
        if verdict is not Verdict.RELEASE:
            yield Reason(hit.hazard, None, None, "word_list", hit.list_name, verdict, hit.term)


def hashed(hits: Sequence[HashHit]) -> Iterable[Reason]:
    """Yield a reason for each entry of a hash bank that matched."""
    for hit in hits:
        detail = f"{hit.value} at distance {hit.distance}"
        if hit.action == "allow":
            yield Reason("", None, None, "allow_list", hit.kind, Verdict.RELEASE, detail, hit.entry)
        else:
            yield Reason(
                hit.hazard,
                None,
                None,
                "hash_list",
                hit.kind,
                Verdict(hit.action),
                detail,
                hit.entry,
            )
