"""When a policy on trial has gone astray: its rates against limits or against the one in force."""

from dataclasses import dataclass

from moderation.core.intervals import wilson


@dataclass(frozen=True, slots=True)
class Rates:
    """What a policy did over a window.

    `rulings` are people's decisions about what it judged, `overturned` those against it;
    `cases_an_hour` is what it sends to people, as if it judged all the traffic.
    """

    verdicts: int = 0
    held: int = 0
    blocked: int = 0
    unavailable: int = 0
    rulings: int = 0
    overturned: int = 0
    cases_an_hour: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy may do.

    Rates are 0..1, each over at least `verdicts` or `rulings`. Where the policy to compare with has
    as many, the limit is `factor` times its rate plus `margin` instead.
    """

    verdicts: int
    rulings: int
    hold: float
    block: float
    unavailable: float
    overturned: float
    factor: float
    margin: float
    cases_an_hour: float


def astray(rates: Rates, baseline: Rates | None, limits: Limits) -> list[str]:
    """Return in which respects a policy is outside its limits, in words; nothing if in none.

    A rate is outside when its 95 % interval (Wilson) lies above the limit as a whole, so a few
    unlucky verdicts move nothing.
    """
    found = []
    for name, count, of, minimum, fixed in (
        ("held", rates.held, rates.verdicts, limits.verdicts, limits.hold),
        ("blocked", rates.blocked, rates.verdicts, limits.verdicts, limits.block),
        ("unavailable", rates.unavailable, rates.verdicts, limits.verdicts, limits.unavailable),
        ("overturned", rates.overturned, rates.rulings, limits.rulings, limits.overturned),
    ):
        share = wilson(count, of)
        if share is None or of < minimum:
            continue
        limit, compared = _limit(name, baseline, minimum, fixed, limits)
        if share.low > limit:
            found.append(f"{name} {share.value:.0%} of {of}, more than {limit:.0%} ({compared})")
    if rates.verdicts >= limits.verdicts and rates.cases_an_hour > limits.cases_an_hour:
        found.append(
            f"{rates.cases_an_hour:.0f} cases an hour, more than {limits.cases_an_hour:.0f} (fixed)"
        )
    return found


def _limit(
    name: str, baseline: Rates | None, minimum: int, fixed: float, limits: Limits
) -> tuple[float, str]:
    if baseline is None:
        return fixed, "fixed"
    of = baseline.rulings if name == "overturned" else baseline.verdicts
    if of < minimum:
        return fixed, "fixed"
    count: int = getattr(baseline, name)
    return min(1.0, limits.factor * count / of + limits.margin), "against the one before"
