"""One examiner per process, made when it is first needed."""

import os
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from django.conf import settings

from moderation.app.configuration import Configuration, configuration
from moderation.app.examination import Asks, Examiner
from moderation.app.memo import Memo
from moderation.app.services.policies import activate_policy
from moderation.core import policy as policies
from moderation.core.guards import entries as guards
from moderation.core.policy import Policy
from moderation.core.signals import Signal
from moderation.core.triton import Detectors
from moderation.core.wordlists import WordLists, load


@dataclass(frozen=True, slots=True)
class Engine:
    """The policy in force, who examines under it, and the deadlines to keep."""

    policy: Policy
    examiner: Examiner
    detectors: Asks
    configuration: Configuration

    def under(self, policy: Policy) -> "Engine":
        """Return this engine judging by another policy; detectors and remembered scores stay."""
        if policy.version == self.policy.version:
            return self
        return replace(self, policy=policy, examiner=self.examiner.under(policy))


@cache
def engine() -> Engine:
    """Return the engine of this process; the first call takes up the policy file, where it may.

    Its own policy is that of the file. What judges is asked of `in_force`, which the database
    answers. Not done when Django starts: a migration or a static check must not need a database.

    Raises:
        InvalidPolicy, OSError: the policy file cannot be obeyed or read: no process judges
            under a policy that it does not understand.
    """
    words = load()
    path = configuration().policy_file or policies.DEFAULT_POLICY
    policy = policies.load(path, lists_digest=words.digest, guards=_guards())
    activate_policy(policy=policy, lists_digest=words.digest)
    return build(policy=policy, words=words, detectors=Detectors(settings.TRITON_GRPC_URL))


def build(
    *,
    policy: Policy,
    words: WordLists,
    detectors: Asks,
    limits: Configuration | None = None,
) -> Engine:
    """Put an engine together; tests give their own detectors."""
    chosen = limits or configuration()
    memo: Memo[tuple[str, str], Signal] = Memo(
        entries=chosen.memo_entries, seconds=chosen.memo_seconds
    )
    examiner = Examiner(detectors=detectors, policy=policy, words=words, memo=memo)
    return Engine(policy, examiner, detectors, chosen)


def _guards() -> frozenset[str]:
    """Return the names of the guard models that the operator has added (docs/guards.md)."""
    name = os.environ.get("TIDEGATE_GUARDS_FILE")
    if not name:
        return frozenset()
    return frozenset(one.name for one in guards.read(Path(name).read_text("utf-8")))
