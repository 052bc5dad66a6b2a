"""`manage.py model`: the registry from a shell: list, add, sync, enable, disable, alias, load."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from generation.app.registry import selectors, services
from generation.app.registry.snapshot import Offer
from tidegate.accounts.viewers import system
from tidegate.primitives.clock import now
from tidegate.primitives.errors import TidegateError

OPERATOR = system("manage.py model")


class Command(BaseCommand):
    """One action on the registry, in the name of the platform."""

    help = "Show and change which models are offered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="every model with its versions and state")
        actions.add_parser("sync", help="take up what this release ships")
        add = actions.add_parser("add", help="take up an entry from a YAML file")
        add.add_argument("file", type=Path)
        for name in ("enable", "disable", "unload"):
            change = actions.add_parser(name)
            change.add_argument("name")
            change.add_argument("--reason", required=True)
        load = actions.add_parser("load", help="have a model server load it, and wait")
        load.add_argument("name")
        alias = actions.add_parser("alias", help="which versions stable and canary mean")
        alias.add_argument("name")
        alias.add_argument("--stable", required=True)
        alias.add_argument("--canary", default="")
        alias.add_argument("--percent", type=int, default=0)
        alias.add_argument("--reason", required=True)

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            lines = getattr(self, f"_{action}")(options)
        except TidegateError as error:
            further = "; ".join(f"{item.pointer}: {item.message}" for item in _fields(error))
            raise CommandError(f"{error} {further}".strip()) from error
        for line in lines:
            self.stdout.write(line)

    def _list(self, options: dict[str, Any]) -> list[str]:
        return [_line(offer) for offer in selectors.registered(OPERATOR)]

    def _sync(self, options: dict[str, Any]) -> list[str]:
        return services.sync_shipped() or ["nothing new"]

    def _add(self, options: dict[str, Any]) -> list[str]:
        file: Path = options["file"]
        try:
            written = yaml.safe_load(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise CommandError(f"{file}: {error}") from error
        if not isinstance(written, dict):
            raise CommandError(f"{file} holds no entry")
        version = services.add_entry(viewer=OPERATOR, document=written)
        row = version.model
        because = f" ({row.because}: {row.reason})" if row.because else ""
        return [f"{row.name}@{version.version} is there; the model is {row.state}{because}"]

    def _enable(self, options: dict[str, Any]) -> list[str]:
        services.enable_model(viewer=OPERATOR, name=options["name"], reason=options["reason"])
        return [f"{options['name']} is offered"]

    def _disable(self, options: dict[str, Any]) -> list[str]:
        services.disable_model(viewer=OPERATOR, name=options["name"], reason=options["reason"])
        return [f"{options['name']} is no longer offered"]

    def _alias(self, options: dict[str, Any]) -> list[str]:
        services.set_aliases(
            viewer=OPERATOR,
            name=options["name"],
            stable=options["stable"],
            canary=options["canary"],
            canary_percent=options["percent"],
            reason=options["reason"],
        )
        return self._list(options)

    def _load(self, options: dict[str, Any]) -> list[str]:
        services.load_model(viewer=OPERATOR, name=options["name"])
        return [f"{options['name']} is loaded"]

    def _unload(self, options: dict[str, Any]) -> list[str]:
        services.unload_model(viewer=OPERATOR, name=options["name"], reason=options["reason"])
        return [f"{options['name']} is unloaded"]


def _line(offer: Offer) -> str:
    state = "offered" if offer.is_offered(now()) else offer.because or "not offered"
    canary = f", canary {offer.canary.version} {offer.canary_percent} %" if offer.canary else ""
    why = f" ({offer.reason})" if offer.reason else ""
    return f"{offer.name}  {offer.stable.modality}  {offer.stable.version}{canary}  {state}{why}"


def _fields(error: TidegateError) -> list[Any]:
    return list(getattr(error, "errors", ()))
