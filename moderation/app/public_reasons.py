"""What an author is told: plain words per hazard, and nothing that helps to get around a rule.

The stored title is the English message id; pages and the API translate it at reading time, so
one stored reason serves every language. Hazards about children name no detail at all: the
author learns only that a rule was broken.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext, gettext_noop

GENERAL = "rules"
WAITING = "being_checked"


@dataclass(frozen=True, slots=True)
class PublicReason:
    """A stable code, its English title (the message id of the translation), and listed words."""

    code: str
    title: str
    words: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the form stored with the asset; `words` only where there are any."""
        words = {"words": list(self.words)} if self.words else {}
        return {"code": self.code, "title": self.title, **words}

    def titled(self) -> str:
        """Return the title in the language that is active."""
        return gettext(self.title)


_TITLES = {
    GENERAL: gettext_noop("This does not follow our rules."),
    WAITING: gettext_noop("Our automatic checks could not finish; a person will look at it."),
    "reported": gettext_noop("People reported this; a person will look at it."),
    "lineage": gettext_noop("What this was made from was blocked; a person will look at it."),
    "duplicate": gettext_noop("The same was blocked elsewhere; a person will look at it."),
    "author_review": gettext_noop("A person looks at your outputs before others see them."),
    "notice": gettext_noop("Somebody claims a right against this; a person will look at it."),
    "listed": gettext_noop("This is the same as something that was blocked before."),
    "sexual": gettext_noop("This may show or describe sexual content."),
    "violence": gettext_noop("This may show or describe violence."),
    "hate": gettext_noop("This may attack people for who they are."),
    "harassment": gettext_noop("This may insult or threaten somebody."),
    "self_harm": gettext_noop("This may describe or encourage self-harm."),
    "dangerous": gettext_noop("This may help somebody to do something dangerous or illegal."),
    "weapons": gettext_noop("This may help somebody to make or use weapons of mass destruction."),
    "violent_crime": gettext_noop("This may help or encourage somebody to commit a violent crime."),
    "sexual_crime": gettext_noop("This may help or encourage somebody to commit a sexual crime."),
    "non_violent_crime": gettext_noop("This may help or encourage somebody to commit a crime."),
    "privacy": gettext_noop("This may reveal personal data or secrets."),
    "defamation": gettext_noop("This may say something false that harms a real person."),
    "copyright": gettext_noop("This may use the work of others without a right to it."),
    "deception": gettext_noop("This may mislead people or pretend to be somebody."),
    "elections": gettext_noop("This may mislead people about an election."),
    "specialised_advice": gettext_noop("This may give advice that needs a qualified person."),
    "code_abuse": gettext_noop("This looks like an attack on the system that runs code."),
    "spam": gettext_noop("This looks like spam or a scam."),
    "profanity": gettext_noop("This uses strong language."),
    "prompt_attack": gettext_noop("This looks like an attempt to get around our safety checks."),
    "second_look": gettext_noop("Another person looks at this before it is decided."),
    "review": gettext_noop("A person has to look at this first."),
}
_NEVER_NAMED = frozenset({"child_safety"})


def public_reason(code: str) -> PublicReason:
    """Return the author-facing reason of a hazard or code; unknown ones become "review"."""
    if code in _NEVER_NAMED:
        code = GENERAL
    return PublicReason(code, _TITLES[code]) if code in _TITLES else public_reason("review")


def public_reasons(
    hazards: Iterable[str], words: Mapping[str, Sequence[str]] | None = None
) -> list[PublicReason]:
    """Return one reason per distinct code, in the order given.

    `words` are the listed words that the author may know, by hazard. A hazard about children
    silences all others: naming them beside it would describe it.
    """
    names = list(dict.fromkeys(hazards))
    if _NEVER_NAMED.intersection(names):
        return [public_reason(GENERAL)]
    told = words or {}
    return list(
        dict.fromkeys(
            replace(public_reason(name), words=tuple(told.get(name, ()))) for name in names
        )
    )
