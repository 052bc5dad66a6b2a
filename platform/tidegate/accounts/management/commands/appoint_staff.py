"""`manage.py appoint_staff E-MAIL ROLE`: the first policy admin of an installation, and others."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tidegate.accounts.models import StaffAppointment, User
from tidegate.accounts.services import appoint_staff
from tidegate.accounts.viewers import system


class Command(BaseCommand):
    """Give somebody who has an account a staff role, in the platform's name."""

    help = "Give somebody who has an account a staff role; /console/people does the same later."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare who, and which role."""
        parser.add_argument("email", help="of somebody who has an account")
        parser.add_argument("role", choices=StaffAppointment.Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        """Appoint; twice is once."""
        person = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if person is None:
            raise CommandError(f"Nobody has an account with the address {options['email']}.")
        appoint_staff(viewer=system("appoint_staff"), user_id=person.pk, role=options["role"])
        self.stdout.write(f"{person.email} is {options['role']}.")
