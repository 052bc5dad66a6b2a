"""Actions that end nothing: the case goes to somebody else, and others do not see the output."""

from moderation.app.models import Case
from moderation.app.services.actions.base import CaseAction

_SENT = ("tidegate.case.referred.v1", "statement of reasons where others had seen it")


class SecondLevel(CaseAction):
    """Held until a senior reviewer decides, who is not whoever asked."""

    name = "second_level"
    targets = ("case", "output")
    desk = Case.Desk.SENIOR
    is_reversible = False
    sends = _SENT


class ReferToLegal(CaseAction):
    """Held until somebody who answers for the law decides."""

    name = "refer_to_legal"
    targets = ("case", "output")
    desk = Case.Desk.LEGAL
    is_reversible = False
    sends = _SENT
