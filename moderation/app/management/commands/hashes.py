"""Hash banks on the command line: see them, take lists up, hand them on."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.app import selectors, services
from moderation.core import exchange
from tidegate.accounts.viewers import system
from tidegate.primitives.errors import InvalidInput, TidegateError

OPERATOR = system("manage.py hashes")


class Command(BaseCommand):
    """One action on the hash banks, in the name of the platform."""

    help = "Show hash banks; import and export them as ThreatExchange writes them (CSV, JSON)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("list", help="every bank with its figures")
        create = actions.add_parser("create", help="make an empty bank")
        create.add_argument("bank")
        create.add_argument("--effect", required=True)
        create.add_argument("--share", type=float, default=1.0)
        create.add_argument("--reason", required=True)
        take = actions.add_parser("import", help="put a list into a bank: all of it or nothing")
        take.add_argument("bank")
        take.add_argument("file", type=Path, help="named .csv or .json")
        take.add_argument("--reason", required=True)
        give = actions.add_parser("export", help="write a bank's entries into a file")
        give.add_argument("bank")
        give.add_argument("file", type=Path, help="named .csv or .json")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            lines = getattr(self, f"_{action}")(options)
        except InvalidInput as error:
            faults = [one.message for one in error.errors if one.message != str(error)]
            raise CommandError("\n".join([str(error), *faults])) from error
        except TidegateError as error:
            raise CommandError(str(error)) from error
        for line in lines:
            self.stdout.write(line)

    def _list(self, options: dict[str, Any]) -> list[str]:
        return [
            f"{one.bank.name}  {one.bank.effect}  share {one.bank.enabled_share:g}"
            f"  {one.entries} entries, {one.paused} paused, {one.expired} expired"
            for one in selectors.banks(OPERATOR)
        ]

    def _create(self, options: dict[str, Any]) -> list[str]:
        services.create_bank(
            name=options["bank"],
            effect=options["effect"],
            enabled_share=options["share"],
            viewer=OPERATOR,
            reason=options["reason"],
        )
        return self._list(options)

    def _import(self, options: dict[str, Any]) -> list[str]:
        file: Path = options["file"]
        bank = selectors.bank_named(OPERATOR, options["bank"])
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{file}: {error}") from error
        done = services.import_hashes(
            bank_id=bank.pk,
            text=text,
            form=_form(file),
            viewer=OPERATOR,
            reason=options["reason"],
        )
        return [f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged"]

    def _export(self, options: dict[str, Any]) -> list[str]:
        file: Path = options["file"]
        bank = selectors.bank_named(OPERATOR, options["bank"])
        text = selectors.exported(OPERATOR, bank_id=bank.pk, form=_form(file))
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file}: {error}") from error
        return [f"{bank.name} is in {file}"]


def _form(file: Path) -> exchange.Form:
    for form in exchange.FORMS:
        if file.suffix == f".{form}":
            return form
    raise CommandError(f"{file} is named neither .csv nor .json")
