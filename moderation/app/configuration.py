"""The gate's settings, typed: defaults here, changes in Django's `MODERATION` mapping."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from moderation.core.clocks import DEFAULT_CLOCKS, Clocks
from moderation.core.clocks import load as load_clocks
from moderation.core.consequences import DEFAULT_CONSEQUENCES, Consequences, load
from moderation.core.house_rules import DEFAULT_HOUSE_RULES, HouseRules
from moderation.core.house_rules import load as load_house_rules
from moderation.core.quality_rules import DEFAULT_QUALITY_RULES, QualityRules
from moderation.core.quality_rules import load as load_quality_rules
from moderation.core.spam import Limits

_LEAST_APPEAL_DAYS = 184
UNDO_ON_THE_WAY = timedelta(seconds=5)
"""A request to undo that leaves in time may arrive a little later."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a deployment may change. Durations are seconds unless the name says otherwise.

    Attributes:
        policy_file: the policy to load; None means the one that comes with the product.
        consequences_file: what follows from rulings and reports; None as above.
        clocks_file: how long people have for which case; None as above.
        house_rules_file: how people decide, and on which grounds; None as above.
        quality_rules_file: what is looked at again; None as above.
        prompt_deadline: how long a request may wait for its prompt's screening.
        picture_deadline: how long a request may wait for the screening of its picture.
        check_deadline: how long a call of /moderations may wait for detectors, in all.
        window_deadline: how long a stream may wait for one window.
        asset_deadline: how long one detector may take over one output.
        film_deadline: how long detectors may take over all pictures of one film, in each round.
        unavailable_after: age at which an output that could not be judged goes to people.
        appeal_days: how long a decision can be appealed against; half a year at the least, as the
            Digital Services Act (Art. 20) wants it.
        claim_minutes: how long a reviewer's claim lasts without being renewed.
        mail_gap_seconds: how long after a mail to somebody the next one waits: what is decided
            meanwhile comes together.
        memo_entries, memo_seconds: how many texts' scores are remembered, and for how long.
        fuse_matches, fuse_seconds: a list entry that matches more different contents than this
            within this time is paused by itself; a bank may have figures of its own.
        approval_evidence: on how many outputs a policy must have been shadowed, or over how many
            decisions backtested, before somebody may approve it.
        most_shadows: policies that run beside the traffic at once.
        shadow_days: how long is kept what they would have said.
        probation_seconds: how long a fuse watches a policy after it became active.
        policy_fuse_seconds: over which time the fuse of a policy looks back.
        policy_fuse_verdicts, policy_fuse_rulings: below these counts it does not judge a rate.
        policy_fuse_hold, policy_fuse_block, policy_fuse_unavailable, policy_fuse_overturned: limits
            of rates (0..1) where nothing is there to compare with.
        policy_fuse_factor, policy_fuse_margin: where there is, `factor * rate + margin`
            is the limit.
        policy_fuse_cases: cases an hour that people can take, of all traffic.
        audience_seconds: how old what organisations have stricter may be when it counts.
        spam_seconds, spam_alike, spam_requests: requests of one author within this time that are
            certain to be spam, of nearly the same output and in all.
        threads: detector calls that may run at once in one process.
    """

    policy_file: Path | None = None
    consequences_file: Path | None = None
    clocks_file: Path | None = None
    house_rules_file: Path | None = None
    quality_rules_file: Path | None = None
    prompt_deadline: float = 1.5
    picture_deadline: float = 10.0
    check_deadline: float = 30.0
    window_deadline: float = 2.0
    asset_deadline: float = 30.0
    film_deadline: float = 60.0
    unavailable_after: float = 120.0
    appeal_days: float = 184.0
    claim_minutes: float = 5.0
    mail_gap_seconds: float = 300.0
    memo_entries: int = 4_096
    memo_seconds: float = 600.0
    fuse_matches: int = 20
    fuse_seconds: float = 3_600.0
    approval_evidence: int = 100
    most_shadows: int = 3
    shadow_days: float = 30.0
    probation_seconds: float = 3_600.0
    policy_fuse_seconds: float = 900.0
    policy_fuse_verdicts: int = 50
    policy_fuse_rulings: int = 20
    policy_fuse_hold: float = 0.5
    policy_fuse_block: float = 0.5
    policy_fuse_unavailable: float = 0.5
    policy_fuse_overturned: float = 0.8
    policy_fuse_factor: float = 2.0
    policy_fuse_margin: float = 0.05
    policy_fuse_cases: float = 600.0
    spam_seconds: float = 3_600.0
    spam_alike: int = 80
    spam_requests: int = 800
    threads: int = 8
    audience_seconds: float = 5.0

    @property
    def claim_lease(self) -> timedelta:
        """How long a claim lasts."""
        return timedelta(minutes=self.claim_minutes)

    @property
    def mail_gap(self) -> timedelta:
        """How long after a mail to somebody the next one waits."""
        return timedelta(seconds=self.mail_gap_seconds)

    @property
    def spam_limits(self) -> Limits:
        """What counts as spam."""
        return Limits(self.spam_seconds, self.spam_alike, self.spam_requests)


@cache
def configuration() -> Configuration:
    """Return the settings of this process.

    Raises:
        ImproperlyConfigured: for a name that does not exist, or a time that is too short.
    """
    given = dict(getattr(settings, "MODERATION", {}))
    try:
        chosen = Configuration(**given)
    except TypeError as error:
        raise ImproperlyConfigured(f"MODERATION: {error}") from error
    if chosen.appeal_days < _LEAST_APPEAL_DAYS:
        raise ImproperlyConfigured(
            f"MODERATION: appeal_days is {chosen.appeal_days:g}; appeals are open for half a year,"
            f" {_LEAST_APPEAL_DAYS} days, at the least"
        )
    return chosen


@cache
def clocks() -> Clocks:
    """Return how long people have for cases, in this process.

    Raises:
        InvalidClocks, OSError: the file cannot be obeyed or read.
    """
    return load_clocks(configuration().clocks_file or DEFAULT_CLOCKS)


@cache
def house_rules() -> HouseRules:
    """Return how people decide in this process.

    Raises:
        InvalidHouseRules, OSError: the file cannot be obeyed or read.
    """
    return load_house_rules(configuration().house_rules_file or DEFAULT_HOUSE_RULES)


@cache
def quality_rules() -> QualityRules:
    """Return what is looked at again in this process.

    Raises:
        InvalidQualityRules, OSError: the file cannot be obeyed or read.
    """
    return load_quality_rules(configuration().quality_rules_file or DEFAULT_QUALITY_RULES)


@cache
def consequences() -> Consequences:
    """Return what follows from rulings and reports in this process.

    Raises:
        InvalidConsequences, OSError: the file cannot be obeyed or read.
    """
    return load(configuration().consequences_file or DEFAULT_CONSEQUENCES)
