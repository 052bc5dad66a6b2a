"""Writes of queues and of what reviewers can do: by leads, each in the trail."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from moderation.app.models import Case, ReviewerSkill, ReviewQueue
from moderation.app.models.queues import RULE_CHARACTERS, SKILL_CHARACTERS
from moderation.app.roles import require_lead
from moderation.app.selectors.queues import reviewers
from moderation.app.services.routing import taken_by
from moderation.core.expressions import InvalidExpression
from moderation.core.routing import condition
from tidegate.accounts.models import User
from tidegate.accounts.viewers import Viewer
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.correlation import correlation_id
from tidegate.primitives.errors import Conflict, FieldError, InvalidInput, NotAllowed, NotFound

CHAIN: Final = "platform"
TITLE_CHARACTERS: Final = 60
LAST_POSITION: Final = 9_999
MOST_SKILLS: Final = 50
PREVIEWED: Final = 1_000
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SKILL: Final = re.compile(r"[a-z][a-z0-9_:-]{0,31}")


@dataclass(frozen=True, slots=True)
class RulePreview:
    """How many of the newest undecided cases a rule would take, of how many looked at."""

    taken: int
    of: int


@transaction.atomic
def save_queue(
    *,
    viewer: Viewer,
    queue_id: UUID | None = None,
    name: str,
    title: str,
    title_zh: str = "",
    position: int,
    rule: str,
    needs: Iterable[str] = (),
    members: Collection[UUID] = (),
    is_paused: bool = False,
) -> ReviewQueue:
    """Make a queue, or change one; every undecided case is routed again.

    Nobody loses a case that they have in hand.

    Raises:
        NotAllowed: not senior staff.
        NotFound: no such queue.
        InvalidInput: every field that is wrong, with the places where a rule is.
        Conflict: another queue has this name.
    """
    _require_keeper(viewer)
    queue = _locked(queue_id) if queue_id is not None else ReviewQueue()
    before = _picture(queue) if queue_id is not None else None
    wanted = tuple(dict.fromkeys(needs))
    people = list(reviewers(viewer).filter(pk__in=list(members)))
    errors = [
        *_wrong_names(name, title, title_zh, position),
        *_wrong_rule(rule),
        *_wrong_skills(wanted, "/needs"),
    ]
    if len(people) != len(set(members)):
        errors.append(FieldError("/members", "user_not_found", "Members are reviewers."))
    if errors:
        raise InvalidInput("The queue is not right.", errors=errors)
    if ReviewQueue.objects.filter(name=name).exclude(pk=queue.pk).exists():
        raise Conflict(f"There is a queue {name} already.", code="queue_exists")
    queue.name, queue.position, queue.rule = name, position, rule.strip()
    queue.title = {"en": title.strip(), "zh": title_zh.strip() or title.strip()}
    queue.needs, queue.is_paused = list(wanted), is_paused
    queue.save()
    queue.members.set(people)
    _route_all()
    after = _picture(queue)
    if after != before:
        _tell(
            Action.QUEUE_CHANGED if before else Action.QUEUE_CREATED, queue, viewer, before, after
        )
    return queue


@transaction.atomic
def remove_queue(*, queue_id: UUID, viewer: Viewer) -> None:
    """Take a queue away; its cases go where the other rules say. Twice is no error.

    Raises:
        NotAllowed: not senior staff.
    """
    _require_keeper(viewer)
    queue = ReviewQueue.objects.select_for_update().filter(pk=queue_id).first()
    if queue is None:
        return
    before = _picture(queue)
    Case.objects.filter(queue=queue).update(queue=None, routed_at=None)
    queue.delete()
    _route_all()
    queue.pk = queue_id
    _tell(Action.QUEUE_REMOVED, queue, viewer, before, None)


def preview_rule(*, rule: str, viewer: Viewer) -> RulePreview:
    """Return how much a rule would take by itself. Nothing is written.

    Raises:
        NotAllowed: not senior staff.
        InvalidInput: the rule, with the places where it is wrong.
    """
    require_lead(viewer)
    if errors := list(_wrong_rule(rule)):
        raise InvalidInput("The rule is not right.", errors=errors)
    cases = Case.objects.exclude(state=Case.State.DECIDED).select_related(
        "asset", "verdict__policy"
    )
    if viewer.organisation_id is not None:
        cases = cases.filter(organisation_id=viewer.organisation_id)
    newest = list(cases.order_by("-created_at")[:PREVIEWED])
    return RulePreview(taken_by(condition(rule.strip()), newest), len(newest))


@transaction.atomic
def set_skills(*, person_id: UUID, skills: Iterable[str], viewer: Viewer) -> tuple[str, ...]:
    """Say what a reviewer can do; what they have in hand stays theirs. The same again is nothing.

    Raises:
        NotAllowed: not senior staff.
        NotFound: nobody on the review staff has this id.
        InvalidInput: a skill that is no code, or too many.
    """
    _require_keeper(viewer)
    wanted = tuple(sorted(set(skills)))
    if errors := list(_wrong_skills(wanted, "/skills")):
        raise InvalidInput("The skills are not right.", errors=errors)
    person = reviewers(viewer).filter(pk=person_id).first()
    if person is None:
        raise NotFound("Nobody on the review staff has this id.", code="user_not_found")
    # One lead after the other.
    User.objects.select_for_update(no_key=True).get(pk=person_id)
    rows = ReviewerSkill.objects.filter(person_id=person_id)
    before = tuple(rows.order_by("skill").values_list("skill", flat=True))
    if before != wanted:
        rows.exclude(skill__in=wanted).delete()
        ReviewerSkill.objects.bulk_create(
            [ReviewerSkill(person_id=person_id, skill=one) for one in wanted if one not in before]
        )
        record(
            Action.SKILLS_CHANGED,
            chain=CHAIN,
            actor=viewer.actor(),
            subject_type="accounts.user",
            subject_id=str(person_id),
            before={"skills": list(before)},
            after={"skills": list(wanted)},
            correlation_id=correlation_id(),
        )
    return wanted


def _require_keeper(viewer: Viewer) -> None:
    """Queues are everybody's: a key of one organisation does not change them."""
    require_lead(viewer)
    if viewer.organisation_id is not None:
        raise NotAllowed("Sign in: a key does not change queues.", code="staff_scope")


def _locked(queue_id: UUID) -> ReviewQueue:
    queue = ReviewQueue.objects.select_for_update().filter(pk=queue_id).first()
    if queue is None:
        raise NotFound("There is no such queue.", code="queue_not_found")
    return queue


def _route_all() -> None:
    """Let the next run of the task ask the rules about everything that waits."""
    Case.objects.exclude(state=Case.State.DECIDED).update(routed_at=None)


def _wrong_names(name: str, title: str, title_zh: str, position: int) -> Iterable[FieldError]:
    if not _CODE.fullmatch(name):
        yield FieldError(
            "/name", "name_invalid", "Small letters, digits and _, a letter first; at most 40."
        )
    if not title.strip() or len(title) > TITLE_CHARACTERS or "\0" in title:
        yield FieldError("/title", "title_invalid", f"1 to {TITLE_CHARACTERS} characters.")
    if len(title_zh) > TITLE_CHARACTERS or "\0" in title_zh:
        yield FieldError("/title_zh", "title_invalid", f"At most {TITLE_CHARACTERS} characters.")
    if not 0 <= position <= LAST_POSITION:
        yield FieldError("/position", "position_invalid", f"A number from 0 to {LAST_POSITION}.")


def _wrong_rule(rule: str) -> Iterable[FieldError]:
    if not rule.strip() or len(rule) > RULE_CHARACTERS or "\0" in rule:
        yield FieldError("/rule", "rule_invalid", f"1 to {RULE_CHARACTERS} characters.")
        return
    try:
        condition(rule.strip())
    except InvalidExpression as error:
        yield FieldError("/rule", "rule_invalid", str(error))


def _wrong_skills(skills: Collection[str], pointer: str) -> Iterable[FieldError]:
    wrong = [one for one in skills if not _SKILL.fullmatch(one)]
    if wrong or len(skills) > MOST_SKILLS:
        yield FieldError(
            pointer,
            "skill_invalid",
            f"At most {MOST_SKILLS} codes of small letters, digits, _ : and -, at most"
            f" {SKILL_CHARACTERS} characters each.",
        )


def _picture(queue: ReviewQueue) -> dict[str, Any]:
    return {
        "name": queue.name,
        "title": dict(queue.title),
        "position": queue.position,
        "rule": queue.rule,
        "needs": list(queue.needs),
        "members": sorted(str(one) for one in queue.members.values_list("pk", flat=True)),
        "is_paused": queue.is_paused,
    }


def _tell(
    action: Action,
    queue: ReviewQueue,
    viewer: Viewer,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    record(
        action,
        chain=CHAIN,
        actor=viewer.actor(),
        subject_type="moderation.queue",
        subject_id=str(queue.pk),
        before=before,
        after=after,
        correlation_id=correlation_id(),
    )
