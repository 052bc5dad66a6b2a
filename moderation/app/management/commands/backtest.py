"""`manage.py backtest POLICY`: what a policy would have decided over a period."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive, make_aware

from moderation.app.selectors.backtests import stored_decisions
from moderation.core import policy as policies
from moderation.core import wordlists
from moderation.core.backtesting import Backtest
from moderation.core.intervals import Interval
from moderation.core.policy_file import InvalidPolicy
from tidegate.primitives.clock import now

_USUAL = timedelta(days=30)


class Command(BaseCommand):
    """Reads stored signals only; nothing is asked of a detector and nothing is written."""

    help = "Run a policy file over the decisions of a period, from their stored signals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("policy", type=Path, help="the policy file")
        parser.add_argument("--since", help="date or time (ISO 8601); 30 days ago")
        parser.add_argument("--until", help="date or time, not included; now")
        parser.add_argument("--examples", type=int, default=5, help="of each kind of change")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        until = _moment(options["until"], "--until") or now()
        since = _moment(options["since"], "--since") or until - _USUAL
        if since >= until:
            raise CommandError("--since must lie before --until")
        try:
            policy = policies.load(options["policy"], lists_digest=wordlists.load().digest)
        except (InvalidPolicy, OSError) as error:
            raise CommandError(f"{options['policy']}: {error}") from error
        began = perf_counter()
        backtest = Backtest(policy, most_examples=options["examples"])
        for stored in stored_decisions(since=since, until=until):
            backtest.add(stored)
        figures = backtest.figures(days=(until - since) / timedelta(days=1))
        figures |= {"since": since.isoformat(), "until": until.isoformat()}
        figures["seconds"] = round(perf_counter() - began, 3)
        if options["json"]:
            self.stdout.write(json.dumps(figures, ensure_ascii=False))
            return
        self._tell(backtest, figures)

    def _tell(self, backtest: Backtest, figures: dict[str, Any]) -> None:
        write = self.stdout.write
        write(
            f"{figures['decisions']} decisions in {figures['seconds']} s, {backtest.changed} change"
            f" under {backtest.policy.name} ({backtest.policy.version[:12]})"
        )
        for (then, after), count in sorted(backtest.moves.items()):
            write(f"  {then:>11} → {after:<11} {count:>9}")
        if backtest.not_repeatable:
            write(f"  {backtest.not_repeatable} kept no signals and stay what they were")
        write(
            f"cases a day: {figures['cases_per_day_then']:.1f} → {figures['cases_per_day_now']:.1f}"
        )
        for name, tally in (("then", backtest.then), ("now", backtest.now)):
            write(
                f"against people, {name}: precision {_said(tally.precision)},"
                f" recall {_said(tally.recall)}"
            )
        for one in backtest.examples:
            write(f"  {one.asset_id}: {one.before} → {one.after}: {'; '.join(one.because)}")


def _said(interval: Interval | None) -> str:
    if interval is None:
        return "— (nobody looked at any)"
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}] of {interval.count}"


def _moment(given: str | None, name: str) -> datetime | None:
    if given is None:
        return None
    try:
        moment = parse_datetime(given)
        if moment is None and (day := parse_date(given)) is not None:
            moment = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - made aware below
    except ValueError as error:
        raise CommandError(f"{name}: {given!r} is no date: {error}") from error
    if moment is None:
        raise CommandError(f"{name}: {given!r} is neither a date (2026-11-01) nor a time")
    return make_aware(moment) if is_naive(moment) else moment
