"""The gate's engine around detectors of one's own: policy, word lists and memory are real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moderation.core import policy as policies
from moderation.core import wordlists

if TYPE_CHECKING:
    from moderation.app.engine import Engine
    from moderation.app.examination import Asks


def engine_around(detectors: Asks) -> Engine:
    """Return an engine with the default policy."""
    from moderation.app.engine import build

    words = wordlists.load()
    policy = policies.load(lists_digest=words.digest)
    return build(policy=policy, words=words, detectors=detectors)
