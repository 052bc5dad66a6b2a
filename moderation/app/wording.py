"""What people are told about decisions, in the language that is active.

Pieces of a statement of reasons (Digital Services Act, Art. 17(3)), and whole letters. The author
of something about children is told no more than that a rule was broken (see `public_reasons`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, gettext_lazy

from moderation.app.models import Appeal, Case, Decision, Restriction, TakedownNotice
from moderation.app.public_reasons import GENERAL, public_reasons
from moderation.core.dsa import Automation, Ground, Measure, Source
from moderation.core.taxonomy import Language, taxonomy

Words = Mapping[str, str | Promise]

_WHAT: Final[Words] = {
    "text": gettext_lazy("a text"),
    "image": gettext_lazy("an image"),
    "speech": gettext_lazy("a recording of speech"),
    "music": gettext_lazy("a piece of music"),
    "video": gettext_lazy("a video"),
}
_ANYTHING = gettext_lazy("an output")
_SUBJECTS: Final[Words] = {
    Measure.BLOCKED: gettext_lazy("We blocked something you made (%(reference)s)"),
    Measure.HELD: gettext_lazy("Something you made is held back (%(reference)s)"),
    Measure.COOLDOWN: gettext_lazy("A pause for your account (%(reference)s)"),
    Measure.NO_PUBLIC: gettext_lazy("What you make is not public for now (%(reference)s)"),
    Measure.HOLD_ALL: gettext_lazy("We look at what you make first (%(reference)s)"),
    Measure.SUSPENDED: gettext_lazy("Your account is suspended (%(reference)s)"),
}
_EFFECTS: Final[Words] = {
    Measure.BLOCKED: gettext_lazy("We blocked it. Only you and our staff see it, everywhere."),
    Measure.HELD: gettext_lazy(
        "We hold it back. Only you and our staff see it, everywhere, until a person has looked."
    ),
    Measure.COOLDOWN: gettext_lazy("You cannot make anything new. What you made stays."),
    Measure.NO_PUBLIC: gettext_lazy("What you make now is seen by your own organisation only."),
    Measure.HOLD_ALL: gettext_lazy("Others see what you make after a person has looked at it."),
    Measure.SUSPENDED: gettext_lazy(
        "You cannot make anything new, and what you made lately is held back."
    ),
}
_LAWS: Final[Words] = {
    TakedownNotice.Basis.COPYRIGHT: gettext_lazy("Copyright law"),
    TakedownNotice.Basis.PRIVACY: gettext_lazy("Data protection and the rights of persons"),
    TakedownNotice.Basis.COURT_ORDER: gettext_lazy("The order of a court"),
    TakedownNotice.Basis.AUTHORITY: gettext_lazy("The order of an authority"),
    TakedownNotice.Basis.OTHER: gettext_lazy("The rights of others"),
}
ORDERS: Final = (TakedownNotice.Basis.COURT_ORDER.value, TakedownNotice.Basis.AUTHORITY.value)
"""Reasons of decisions that are the law's and not ours."""
_SOURCES: Final[Words] = {
    Source.OWN: gettext_lazy("We found it on our own initiative."),
    Source.NOTICE: gettext_lazy("Somebody who claims a right gave us notice of it."),
    Source.REPORT: gettext_lazy("People reported it."),
}
_AUTOMATION: Final[Words] = {
    Automation.FULL: gettext_lazy("The decision was taken by automatic means."),
    Automation.PARTIAL: gettext_lazy(
        "The decision was taken by automatic means that a person had started."
    ),
    Automation.NONE: gettext_lazy("A person took the decision."),
}


@dataclass(frozen=True, slots=True)
class Written:
    """A letter: its subject, and its body in paragraphs."""

    subject: str
    body: str


def rule_ground(hazards: Sequence[str]) -> Ground:
    """Return what rests on our content rules: the rules that were broken, and what they say."""
    told = {reason.code for reason in public_reasons(hazards)}
    language: Language = "zh" if (get_language() or "").startswith("zh") else "en"
    broken = [entry for entry in taxonomy().hazards if entry.name in told]
    if not broken:
        return Ground(False, gettext("Our content rules"), public_reasons([GENERAL])[0].titled())
    names = gettext(", ").join(entry.title[language] for entry in broken)
    return Ground(
        False,
        gettext("Our content rules: %(names)s") % {"names": names},
        " ".join(entry.definition[language] for entry in broken),
    )


def law_ground(notice: TakedownNotice, *, is_decided: bool) -> Ground:
    """Return what rests on somebody's right, claimed or found."""
    why = (
        gettext("We looked at the claim and found that it is right.")
        if is_decided
        else gettext("A right is claimed; a person has yet to look at the claim.")
    )
    reference = (
        " " + gettext("Their reference is %(reference)s.") % {"reference": notice.reference}
        if notice.reference
        else ""
    )
    return Ground(True, str(_LAWS[notice.basis]), why + reference)


def order_ground(decision: Decision) -> Ground:
    """Return what rests on an order that a reviewer names in their decision."""
    by = decision.details.get("court") or decision.details.get("authority") or ""
    why = gettext("%(by)s ordered it. The reference is %(reference)s.") % {
        "by": by,
        "reference": decision.details.get("reference", ""),
    }
    return Ground(True, str(_LAWS[decision.reason_code]), why)


def waiting_ground(because: str) -> Ground:
    """Return why something is held back that nobody has found to break a rule."""
    reason = public_reasons([because])[0].titled()
    return Ground(False, gettext("Our rules about checking content"), reason)


def conduct_ground(restriction: Restriction) -> Ground:
    """Return what a restriction of a person rests on."""
    name = gettext("Our rules about repeated breaches")
    if restriction.points is None:
        # One that comes with a block says the public reason of the block, which is translated.
        return Ground(False, name, gettext(restriction.reason))
    return Ground(
        False,
        name,
        gettext("You have %(points)s points or more for content that was blocked.")
        % {"points": restriction.points},
    )


def facts(
    *,
    modality: str,
    made_on: date,
    hazards: Sequence[str],
    source: Source,
    found_by_machine: bool,
    automation: Automation,
) -> str:
    """Return what the decision relies on, as sentences."""
    what = gettext("It is about %(what)s made on %(date)s.") % {
        "what": _WHAT.get(modality, _ANYTHING),
        "date": date_format(made_on, "DATE_FORMAT"),
    }
    told = [reason.titled() for reason in public_reasons(hazards)]
    found = gettext("Automatic checks pointed to it.") if found_by_machine else ""
    parts = [what, *told, str(_SOURCES[source]), found, str(_AUTOMATION[automation])]
    return " ".join(part for part in parts if part)


def conduct_facts(*, source: Source, automation: Automation) -> str:
    """Return what a restriction of a person relies on."""
    about = gettext("It is about what you did, not about one output.")
    return " ".join([about, str(_SOURCES[source]), str(_AUTOMATION[automation])])


def statement_letter(
    *,
    name: str,
    reference: str,
    measure: Measure,
    facts: str,
    ground: Ground,
    until: datetime | None,
    appeal_until: datetime | None,
    link: str,
) -> Written:
    """Return a statement of reasons as its recipient reads it."""
    effect = str(_EFFECTS[measure])
    if until is not None:
        ends = {"until": date_format(until, "DATETIME_FORMAT")}
        effect += " " + gettext("It ends on %(until)s.") % ends
    basis = gettext("The law") if ground.is_legal else gettext("The rule")
    return Written(
        str(_SUBJECTS[measure]) % {"reference": reference},
        _paragraphs(
            _greeting(name),
            _titled(gettext("What we did"), effect),
            _titled(gettext("What it is about"), facts),
            _titled(basis, f"{ground.name}. {ground.explanation}"),
            _titled(gettext("What you can do"), _redress(measure, appeal_until)),
            _titled(gettext("Case number"), reference),
            link,
        ),
    )


def restored_letter(*, name: str, reference: str, link: str) -> Written:
    """Return the news that what a statement restricted is not restricted any more."""
    return Written(
        gettext("It is not held back any more (%(reference)s)") % {"reference": reference},
        _paragraphs(
            _greeting(name),
            gettext("We told you that something of yours was restricted. That has ended."),
            link,
        ),
    )


def appeal_letter(*, name: str, appeal: Appeal, link: str) -> Written:
    """Return the answer to an appeal, to who made it."""
    is_author = appeal.party == Appeal.Party.AUTHOR
    if appeal.state == Appeal.State.OVERTURNED:
        subject = gettext("Your appeal: the decision was overturned")
        answer = (
            gettext("It is shown again. What followed from it was taken back, points too.")
            if is_author
            else gettext("It is not shown any more. Thank you for insisting.")
        )
    else:
        subject = gettext("Your appeal: the decision stands")
        answer = gettext(
            "Within the European Union you may turn to an out-of-court dispute body, and anywhere"
            " to a court."
        )
    looked = gettext("Another person than the one who decided first has looked at it again.")
    return Written(
        subject,
        _paragraphs(
            _greeting(name),
            looked,
            answer,
            _titled(gettext("Your words"), appeal.words),
            _titled(gettext("Case number"), str(appeal.answer_id)),
            link if is_author else "",
        ),
    )


def report_letter(*, name: str, reported_on: datetime, ruling: Case.Ruling) -> Written:
    """Return what became of a report, to who made it."""
    on = {"date": date_format(reported_on, "DATE_FORMAT")}
    if ruling == Case.Ruling.BLOCK:
        answer = gettext("It breaks our rules. Nobody sees it any more.")
    else:
        answer = gettext(
            "It follows our rules and stays. If that is wrong, you may appeal on its page."
        )
    return Written(
        gettext("What became of your report"),
        _paragraphs(
            _greeting(name),
            gettext("On %(date)s you reported something. A person has looked at it.") % on,
            answer,
            gettext("Thank you for helping."),
        ),
    )


def _greeting(name: str) -> str:
    return gettext("Hello %(name)s,") % {"name": name}


def _titled(title: str, text: str) -> str:
    return f"{title}\n{text}"


def _redress(measure: Measure, appeal_until: datetime | None) -> str:
    if appeal_until is not None:
        return gettext(
            "Until %(until)s you may appeal on its page, free of charge; a person other than the"
            " one who decided looks again. Within the European Union you may also turn to an"
            " out-of-court dispute body, and anywhere to a court."
        ) % {"until": date_format(appeal_until, "DATE_FORMAT")}
    if measure == Measure.HELD:
        return gettext("A person looks at it next; you need not do anything.")
    return gettext(
        "Each block that it rests on can be appealed against on its page; if one falls, this falls"
        " with it. Within the European Union you may also turn to an out-of-court dispute body, and"
        " anywhere to a court."
    )


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
