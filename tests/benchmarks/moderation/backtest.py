"""`python -m tests.benchmarks.moderation.backtest`: a policy over 100,000 stored decisions.

The decisions are one verdict's row, of a text with its prompt as the gate keeps them, a hundred
thousand times, in a database of their own; one score of each is its own. No detector is asked:
the row is judged by a fake one.
"""

import sys
import time
from datetime import timedelta

from django.db import connection, transaction
from rich.console import Console

from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.backtesting import Backtest
from tests.benchmarks.figures import Result, Target, print_summary
from tests.benchmarks.stand import Stand
from tests.fakes.detectors import FakeDetectors
from tidegate.primitives.clock import now
from tidegate.primitives.ids import new_id

_DECISIONS = 100_000
_COPIES = """
INSERT INTO moderation_verdict (id, asset_id, event_id, signals, created_at, verdict, reasons,
       hazards, hash_hits, pdq, policy_version, policy_id, judged_in_ms)
SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
       jsonb_set(signals, '{0,signals,0,scores,hate}', to_jsonb(random() * 0.6)),
       created_at, verdict, reasons, hazards, hash_hits, pdq, policy_version, policy_id,
       judged_in_ms
  FROM moderation_verdict, generate_series(1, %s) WHERE id = %s
"""


def main() -> int:
    """Measure, print, write `var/bench/backtest.json`. A missed promise is no failure."""
    with Stand.of_database() as stand:
        result = measure()
        result.write(stand.folder)
    console = Console(highlight=False)
    result.print(console)
    print_summary(console, [result])
    return 0


def measure() -> Result:
    """Return seconds, decisions a second and how many changed; the database is there."""
    # Only now: these modules need Django, which needs the database's address.
    from moderation.app import engine as engines
    from moderation.app.judging import judge_asset
    from moderation.app.models import Verdict
    from moderation.app.selectors.backtests import stored_decisions
    from moderation.app.services import record_verdict
    from tests.factories import make_asset

    words = wordlists.load()
    policy = policies.load(lists_digest=words.digest)
    engine = engines.build(policy=policy, words=words, detectors=FakeDetectors())
    asset = make_asset(visibility="pending", prompt="a calm harbour", text="Still water. " * 40)
    one = record_verdict(
        asset_id=asset.pk,
        event_id=new_id(),
        judgement=judge_asset(asset, engine),
        correlation_id=asset.correlation_id,
    )
    with transaction.atomic(), connection.cursor() as cursor:
        # The copies' assets do not exist.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(_COPIES, [_DECISIONS - 1, one.pk])
    stricter = policies.parse(policy.source.replace("hate: {hold_at: 0.80", "hate: {hold_at: 0.55"))
    backtest = Backtest(stricter)
    began = time.perf_counter()
    for stored in stored_decisions(since=now() - timedelta(days=1), until=now()):
        backtest.add(stored)
    seconds = time.perf_counter() - began
    if backtest.decisions != _DECISIONS or not 0 < backtest.changed < _DECISIONS:
        raise RuntimeError(f"{backtest.decisions} decisions, {backtest.changed} changed")
    Verdict.objects.exclude(pk=one.pk).delete()
    return Result(
        "backtest",
        {
            "backtest_decisions_count": backtest.decisions,
            "backtest_changed_count": backtest.changed,
            "backtest_s": seconds,
            "backtest_decisions_per_s": backtest.decisions / seconds,
        },
        [Target(f"backtest of {_DECISIONS:,} decisions (s)", 60.0, seconds)],
    )


if __name__ == "__main__":
    sys.exit(main())
