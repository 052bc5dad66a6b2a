"""`manage.py grant_credits ORGANISATION AMOUNT`: give credits, or correct what is there."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidegate.accounts.models import Organisation
from tidegate.accounts.viewers import system
from tidegate.ledger import services
from tidegate.ledger.models import Kind
from tidegate.primitives.errors import TidegateError


class Command(BaseCommand):
    """Ends with 0 and the new balance, or with 1 and the reason why nothing was done."""

    help = "Grant credits to an organisation; with --adjust, correct them up or down."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="its id or its slug")
        parser.add_argument("amount", type=int, help="in credits; negative with --adjust only")
        parser.add_argument("--note", required=True, help="why; kept in the audit trail")
        parser.add_argument("--id", type=UUID, help="granting the same id twice grants once")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--purchase", action="store_true", help="they were paid for")
        how.add_argument("--adjust", action="store_true", help="a correction, up or down")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = self._organisation(options["organisation"])
        viewer = system("grant_credits")
        try:
            if options["adjust"]:
                balance = services.adjust(
                    viewer=viewer,
                    organisation_id=organisation.pk,
                    amount=options["amount"],
                    note=options["note"],
                    adjustment_id=options["id"],
                )
            else:
                balance = services.grant(
                    viewer=viewer,
                    organisation_id=organisation.pk,
                    amount=options["amount"],
                    note=options["note"],
                    kind=Kind.PURCHASE if options["purchase"] else Kind.GRANT,
                    grant_id=options["id"],
                )
        except TidegateError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{organisation.name}: {balance.available} available, {balance.reserved} reserved"
        )

    def _organisation(self, named: str) -> Organisation:
        try:
            found = Organisation.objects.filter(pk=UUID(named)).first()
        except ValueError:
            found = Organisation.objects.filter(slug=named).first()
        if found is None:
            raise CommandError(f"there is no organisation {named!r}")
        return found
