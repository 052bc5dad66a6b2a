"""`manage.py feed_experiment`: compare ways to rank on shares of people."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from recommendations.app import selectors, services
from recommendations.app.models import Experiment
from recommendations.core.experiments import HOLDOUT
from tidegate.primitives.actor import Actor


class Command(BaseCommand):
    """Starts, ends and tells of experiments."""

    help = "Compare weights of actions on shares of people: start, end, results."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done."""
        what = parser.add_subparsers(dest="what", required=True)
        start = what.add_parser("start", help="divide people from now on")
        start.add_argument("name")
        start.add_argument(
            "arms", type=Path, help='a JSON file: {"bold": {"share": 0.1, "weights": {"like": 8}}}'
        )
        what.add_parser("end", help="everybody gets the same again")
        results = what.add_parser("results", help="what came of it, each arm beside the holdout")
        results.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; what is wrong is said in one line."""
        actor = Actor.system("feed_experiment")
        try:
            match options["what"]:
                case "start":
                    arms = json.loads(options["arms"].read_text("utf-8"))
                    services.start_experiment(name=options["name"], arms=arms, actor=actor)
                    self.stdout.write(f"{options['name']} runs.")
                case "end":
                    ended = services.end_experiment(actor=actor)
                    self.stdout.write(f"{ended.name} has ended.")
                case _:
                    self._tell(options["name"])
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from error

    def _tell(self, name: str) -> None:
        experiment = Experiment.objects.filter(name=name).first()
        if experiment is None:
            raise CommandError(f"No experiment is named {name}.")
        found = selectors.results_of(experiment)
        holdout = next(arm for arm in found if arm.name == HOLDOUT)
        table = Table("arm", "people", "shown", *selectors.RATES, "creator Gini", title=name)
        for arm in found:
            table.add_row(
                arm.name,
                f"{arm.people:,}",
                f"{arm.shown:,}",
                *(_cell(arm, holdout, key) for key in selectors.RATES),
                f"{arm.creator_gini:.3f}",
            )
        Console(file=self.stdout, width=120).print(table)  # type: ignore[arg-type]  # writes text


def _cell(arm: selectors.ArmResult, holdout: selectors.ArmResult, key: str) -> str:
    rate = arm.rates[key]
    if arm is holdout:
        return f"{rate.value:.4f}"
    gap, low, high = rate.less(holdout.rates[key])
    return f"{rate.value:.4f} ({gap:+.4f} [{low:+.4f}, {high:+.4f}])"
