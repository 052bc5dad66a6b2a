"""`manage.py dead_letters list|replay`: look at what was given up, and try it again."""

import json
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.db.models import QuerySet

from tidegate.events.dead_letters import replay
from tidegate.events.models import DeadLetter
from tidegate.primitives.actor import Actor


class Command(BaseCommand):
    """`list` prints one line per letter; `replay` needs ids, `--consumer` or `--all`."""

    help = "List dead letters, or publish them again."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listing = verbs.add_parser("list", help="show dead letters, newest first")
        listing.add_argument("--json", action="store_true", help="one JSON object per line")
        listing.add_argument("--every-state", action="store_true", help="not the open ones only")
        replaying = verbs.add_parser("replay", help="publish dead letters again")
        replaying.add_argument("ids", nargs="*", type=UUID, help="ids, as `list` shows them")
        replaying.add_argument("--all", action="store_true", help="every open letter")
        replaying.add_argument("--dry-run", action="store_true", help="only say what would be done")
        replaying.add_argument("--reason", default="", help="kept in the audit trail")
        for verb in (listing, replaying):
            verb.add_argument("--consumer", help="only this consumer's")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verb"] == "list":
                self._list(**options)
            else:
                self._replay(**options)
        except OperationalError as error:
            raise CommandError(f"the database cannot be reached: {error}") from error

    def _list(self, *, consumer: str | None, every_state: bool, **options: Any) -> None:
        letters = _of(consumer).order_by("-created_at")
        if not every_state:
            letters = letters.filter(state=DeadLetter.State.OPEN)
        for letter in letters.iterator():
            self.stdout.write(_json(letter) if options["json"] else _line(letter))

    def _replay(self, *, ids: list[UUID], consumer: str | None, **options: Any) -> None:
        if ids:
            letters = _of(consumer).filter(pk__in=ids)
        elif options["all"] or consumer:
            letters = _of(consumer).filter(state=DeadLetter.State.OPEN)
        else:
            raise CommandError("say which: ids, --consumer NAME or --all")
        found = list(letters.order_by("created_at"))
        if missing := set(ids) - {letter.id for letter in found}:
            raise CommandError(f"no such dead letter: {', '.join(map(str, sorted(missing)))}")
        for letter in found:
            if options["dry_run"]:
                self.stdout.write(f"would replay {_line(letter)}")
                continue
            replayed = replay(
                letter_id=letter.id, actor=Actor.system("dead_letters"), reason=options["reason"]
            )
            self.stdout.write(f"replayed (time {replayed.replays}) {_line(letter)}")
        self.stdout.write(f"{len(found)} dead letters")


def _of(consumer: str | None) -> QuerySet[DeadLetter]:
    letters = DeadLetter.objects.all()
    return letters.filter(consumer=consumer) if consumer else letters


def _line(letter: DeadLetter) -> str:
    place = f"{letter.topic}[{letter.partition}]@{letter.offset}"
    first = letter.error.splitlines()[0] if letter.error else ""
    return (
        f"{letter.id} {letter.state} {letter.consumer} {letter.type or 'unreadable'}"
        f" {place} replays={letter.replays}: {first}"
    )


def _json(letter: DeadLetter) -> str:
    return json.dumps(
        {
            "id": str(letter.id),
            "state": letter.state,
            "consumer": letter.consumer,
            "event_id": str(letter.event_id) if letter.event_id else None,
            "type": letter.type,
            "correlation_id": str(letter.correlation_id) if letter.correlation_id else None,
            "topic": letter.topic,
            "partition": letter.partition,
            "offset": letter.offset,
            "attempts": letter.attempts,
            "replays": letter.replays,
            "created_at": letter.created_at.isoformat(),
            "error": letter.error,
            "value": bytes(letter.value or b"").decode("utf-8", errors="backslashreplace"),
        },
        ensure_ascii=False,
    )
