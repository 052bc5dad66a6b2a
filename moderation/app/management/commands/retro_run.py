"""`manage.py retro_run`: a policy over what is released, from the command line."""

from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from moderation.app.models import PolicyVersion, RetroRun
from moderation.app.services import advance_retro_run, move_retro_run, preview_retro_run
from tidegate.accounts.viewers import system
from tidegate.primitives.errors import TidegateError

_MOVES: Final = {
    "start": RetroRun.State.RUNNING,
    "resume": RetroRun.State.RUNNING,
    "pause": RetroRun.State.PAUSED,
    "undo": RetroRun.State.UNDOING,
    "cancel": RetroRun.State.CANCELLED,
}
_OPERATOR: Final = system("retro_run")


class Command(BaseCommand):
    """Works until the run has come to its next stop; Ctrl-C loses nothing, `start` goes on."""

    help = "Preview, start, pause, resume or undo a run of a policy over what is released."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["preview", *_MOVES])
        parser.add_argument(
            "which", help="preview: how the policy's version begins; else the id of the run"
        )
        parser.add_argument("--reason", required=True, help="why, for the trail")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._run(options["what"], options["which"], options["reason"])
        except TidegateError as error:
            raise CommandError(str(error)) from error
        while advance_retro_run(run.pk):
            pass
        run.refresh_from_db()
        self.stdout.write(
            f"{run.pk} {run.state}: would hold {run.would_hold} of {run.previewed},"
            f" held {run.held}, released {run.released_again} again,"
            f" {run.not_repeatable} without the signals that it needs"
        )

    def _run(self, what: str, which: str, reason: str) -> RetroRun:
        if what != "preview":
            try:
                key = UUID(which)
            except ValueError as error:
                raise CommandError(f"{which!r} is no id of a run") from error
            return move_retro_run(run_id=key, to=_MOVES[what], viewer=_OPERATOR, reason=reason)
        found = list(PolicyVersion.objects.filter(version__startswith=which)[:2])
        if len(found) != 1:
            raise CommandError(f"{len(found) or 'no'} versions begin with {which!r}")
        return preview_retro_run(version_id=found[0].pk, viewer=_OPERATOR, reason=reason)
