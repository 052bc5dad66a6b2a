"""The forms of the care for reviewers, read and said in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from moderation.app.care_choices import CareChoice, HazardChoice, MannerChoice, RulesChoice
from moderation.app.models import ReviewerCare
from moderation.core.care import CareRules
from moderation.core.taxonomy import taxonomy
from tidegate.primitives.errors import InvalidInput, TidegateError

_FLAGS = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class HazardRow:
    """One hazard as the form shows it; `place` is empty for what does not come last."""

    name: str
    blur: str
    grey: str
    place: str
    is_opted_out: bool


def rows_of(chosen: ReviewerCare, rules: CareRules) -> list[HazardRow]:
    """Return every hazard, the gravest first, with what somebody chose for it."""
    last = list(rules.last if chosen.last is None else chosen.last)
    return [
        HazardRow(
            name=hazard,
            blur=str(chosen.by_hazard.get(hazard, {}).get("blur", "")),
            grey=_answer(chosen.by_hazard.get(hazard, {}).get("is_grey")),
            place=str(last.index(hazard) + 1) if hazard in last else "",
            is_opted_out=hazard in chosen.opted_out,
        )
        for hazard in _hazards()
    ]


def places_of(last: Sequence[str]) -> list[tuple[str, str]]:
    """Return every hazard with its place among what comes last, empty for the others."""
    return [(name, str(last.index(name) + 1) if name in last else "") for name in _hazards()]


def read_care(form: Mapping[str, str], opted_out: Sequence[str], rules: CareRules) -> CareChoice:
    """Read what somebody chose.

    Raises:
        InvalidInput: an answer or a place that the form does not offer.
    """
    given = {
        hazard: HazardChoice(form.get(f"blur:{hazard}", ""), _flag(form.get(f"grey:{hazard}", "")))
        for hazard in _hazards()
    }
    last = _places(form)
    return CareChoice(
        blur=form.get("blur", ""),
        is_grey=_flag(form.get("grey", "")),
        is_muted=_flag(form.get("muted", "")),
        has_stills=_flag(form.get("stills", "")),
        by_hazard={name: one for name, one in given.items() if one.blur or one.is_grey is not None},
        # What everybody has stays what everybody has, also when a lead changes it.
        last=None if tuple(last) == tuple(rules.last) else last,
        opted_out=opted_out,
    )


def read_rules(form: Mapping[str, str]) -> RulesChoice:
    """Read what a lead sets for everybody.

    Raises:
        InvalidInput: a place or a number that is none.
    """
    return RulesChoice(
        defaults=_manner(form, ""),
        floor=_manner(form, "floor_"),
        last=_places(form),
        work_minutes=_whole(form.get("work_minutes", "")),
        exposures=_whole(form.get("exposures", "")),
        break_minutes=_whole(form.get("break_minutes", "")),
    )


def said(error: TidegateError) -> list[str]:
    """Return what is wrong with a form, in words."""
    sentences = {
        "below_floor": _("Your lead set that nobody is shown more than that."),
        "unknown_blur": _("Choose one of the offered strengths."),
        "unknown_hazard": _("There is no such hazard."),
        "named_twice": _("Each hazard once."),
        "out_of_range": _("A number is too small or too large."),
        "reason_missing": _("Say why."),
    }
    if not isinstance(error, InvalidInput) or not error.errors:
        return [sentences.get(error.code, str(error))]
    return list(dict.fromkeys(sentences.get(one.code, one.message) for one in error.errors))


def _hazards() -> list[str]:
    return [entry.name.value for entry in taxonomy().hazards]


def _manner(form: Mapping[str, str], prefix: str) -> MannerChoice:
    return MannerChoice(
        blur=form.get(f"{prefix}blur", ""),
        is_grey=form.get(f"{prefix}grey") == "on",
        is_muted=form.get(f"{prefix}muted") == "on",
        has_stills=form.get(f"{prefix}stills") == "on",
    )


def _answer(flag: object) -> str:
    return "" if flag is None else "yes" if flag else "no"


def _flag(text: str) -> bool | None:
    if text not in _FLAGS:
        raise InvalidInput(_("Choose one of the offered answers."), code="invalid_choice")
    return _FLAGS[text]


def _places(form: Mapping[str, str]) -> list[str]:
    """Return the hazards that have a number, the smallest first."""
    given = [
        (_whole(text), place, hazard)
        for place, hazard in enumerate(_hazards())
        if (text := form.get(f"last:{hazard}", "").strip())
    ]
    return [hazard for _number, _place, hazard in sorted(given)]


def _whole(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()):
        raise InvalidInput(_("This is no whole number."), code="not_an_integer")
    return int(text.strip()[:10])
