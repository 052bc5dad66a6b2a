"""Small translations from values to words and marks, for templates."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import UUID

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext

from generation.core.catalogue import Model, Parameter
from moderation.app.public_reasons import GENERAL, public_reason
from tidegate.assets.models import Asset, Rendition
from tidegate.ledger.models import Entry, Pot
from tidegate.primitives.clock import now
from tidegate.web import words

register = template.Library()

TINTS = 6
_MINUTE = timedelta(minutes=1)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a drawing of icons.svg; what it means is said beside it, in words."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("tidegate/icons.svg"),
        name,
    )


@register.filter
def price_data(model: Model) -> str:
    """Return a model's price for the script that adds up what a request costs."""
    return json.dumps(asdict(model.price))


@register.filter
def form(asset: Asset, kind: str) -> Rendition | None:
    """Return one form of an asset, such as its score, or None where it has none."""
    return next((item for item in asset.renditions.all() if item.kind == kind), None)


@register.filter
def seconds(file: Rendition) -> float | None:
    """Return how long a recording or film lasts; None where nobody said."""
    return None if file.duration_ms is None else file.duration_ms / 1000


@register.filter
def form_title(kind: str) -> str:
    """Return what a form of an asset is called."""
    return words.word(words.FORMS, kind)


@register.filter
def of(values: Mapping[UUID, object], key: UUID) -> object:
    """Return one of several values by its key."""
    return values.get(key, "")


@register.filter
def credit_title(entry: Entry) -> str:
    """Return a movement of credits in words, with its reason where there is one."""
    kind = words.word(words.CREDITS, entry.kind)
    known = entry.reason in words.CREDIT_REASONS
    return f"{kind}: {words.word(words.CREDIT_REASONS, entry.reason)}" if known else kind


@register.filter
def signed(entry: Entry) -> str:
    """Return what a movement did to the credits that may be spent; empty for none."""
    if entry.target == Pot.AVAILABLE:
        return f"+{entry.amount}"
    return f"−{entry.amount}" if entry.source == Pot.AVAILABLE else ""


@register.filter
def modality_title(name: str) -> str:
    """Return a modality in words."""
    return words.word(words.MODALITIES, name)


@register.filter
def facet_title(kind: str) -> str:
    """Return what kind of interest it is, in words."""
    return words.word(words.FACETS, kind)


@register.filter
def state_title(name: str) -> str:
    """Return a state or outcome of a job, asset or case in words."""
    return words.word(words.STATES, name)


@register.filter
def history_title(name: str) -> str:
    """Return a filter of the history in words."""
    return words.word(words.HISTORY, name)


@register.filter
def because_title(name: str) -> str:
    """Return why a case was opened."""
    return words.word(words.BECAUSE, name)


@register.filter
def hazard_title(name: str) -> str:
    """Return a hazard in words."""
    return words.word(words.HAZARDS, name)


@register.filter
def restriction_title(name: str) -> str:
    """Return what somebody may not do."""
    return words.word(words.RESTRICTIONS, name)


@register.filter
def report_title(name: str) -> str:
    """Return why somebody reported something; empty where they gave no reason."""
    return words.word(words.REPORT_REASONS, name) if name else ""


@register.filter
def basis_title(name: str) -> str:
    """Return on which grounds a notice demands something."""
    return words.word(words.BASES, name)


@register.filter
def public_title(hazard: str) -> str:
    """Return what an author may know of a hazard, in the words of all public reasons."""
    return gettext(public_reason(hazard or GENERAL).title)


@register.simple_tag
def report_reasons() -> list[tuple[str, str]]:
    """Return the reasons for a report, with their codes."""
    return [(code, str(title)) for code, title in words.REPORT_REASONS.items()]


@register.filter
def surface_title(name: str) -> str:
    """Return what was looked at."""
    return words.word(words.SURFACES, name)


@register.filter
def parameter_title(name: str) -> str:
    """Return a parameter's name as a label."""
    return words.word(words.PARAMETERS, name)


@register.filter
def role_title(name: str) -> str:
    """Return a role in an organisation or project."""
    return words.word(words.ROLES, name)


@register.filter
def move_reason(reason: str) -> str:
    """Return why something moved: in the reader's language when the platform said it."""
    return str(words.MOVES.get(reason, reason))


@register.filter
def failure_title(code: str) -> str:
    """Return why a job ended without an output."""
    return words.word(words.FAILURES, code)


@register.filter
def obstacle_title(code: str) -> str:
    """Return why a job may never start."""
    return words.word(words.OBSTACLES, code)


@register.filter
def starts_in(seconds: int) -> str:
    """Return when a job will probably start; an estimate deserves no more than minutes."""
    if seconds < _MINUTE.total_seconds():
        return gettext("starts within a minute")
    minutes = round(seconds / _MINUTE.total_seconds())
    return ngettext(
        "starts in about %(minutes)s minute", "starts in about %(minutes)s minutes", minutes
    ) % {"minutes": minutes}


@register.filter
def preset_state(name: str) -> str:
    """Return how a version of a preset stands."""
    return words.word(words.PRESET_STATES, name)


@register.filter
def preset_standing(name: str) -> str:
    """Return what that means for others, in a sentence."""
    return words.word(words.PRESET_STANDINGS, name)


@register.filter
def variable_type(name: str) -> str:
    """Return what may be filled in for a variable of a preset."""
    return words.word(words.VARIABLE_TYPES, name)


@register.filter
def picture_state(name: str) -> str:
    """Return how far a picture of the studio's form is."""
    return words.word(words.PICTURES, name)


@register.filter
def reason_title(code: str) -> str:
    """Return a public reason's sentence."""
    return gettext(public_reason(code).title)


@register.filter
def field_name(model: Model, parameter: Parameter) -> str:
    """Return the form field of a model's parameter."""
    return f"{model.name}.{parameter.name}"


@register.filter
def lookup(values: Mapping[str, object] | None, key: str) -> object:
    """Return a mapping's value, or None."""
    return (values or {}).get(key)


@register.filter
def plain(number: object) -> str:
    """Return a number as HTML wants it, whatever the language: a dot, no grouping.

    What is no number is shown as it was given: a text as it is, an object as JSON.
    """
    if isinstance(number, dict):
        return json.dumps(number, ensure_ascii=False)
    if isinstance(number, float) and number.is_integer():
        return str(int(number))
    return "" if number is None else str(number)


@register.filter
def step(parameter: Parameter) -> str:
    """Return the step of a range: whole numbers, or a hundredth of the span."""
    if parameter.type == "integer":
        return "1"
    span = (parameter.maximum or 1.0) - (parameter.minimum or 0.0)
    return "0.01" if span <= 1 else "0.05" if span <= 5 else "0.1"  # noqa: PLR2004  # readable steps


@register.filter
def hundredths(share: float | None) -> str:
    """Return a share 0..1 on the scale 0..100, as drawings measure it."""
    return "0" if share is None else f"{share * 100:.1f}"


@register.filter
def percent(share: float | None) -> str:
    """Return a share 0..1 as whole percent."""
    return "–" if share is None else f"{share * 100:.0f} %"


@register.filter
def ago(moment: datetime | None) -> str:
    """Return how long ago something was, in its largest unit."""
    if moment is None:
        return "–"
    if now() - moment < _MINUTE:
        return gettext("just now")
    return gettext("%(time)s ago") % {"time": age(moment)}


@register.filter
def age(moment: datetime) -> str:
    """Return the time since a moment, in its largest unit."""
    return timesince(moment, depth=1)


@register.filter
def initials(name: str) -> str:
    """Return up to two letters that stand for a person."""
    parts = name.split()
    return "".join(part[0] for part in (parts[0], parts[-1])[: len(parts)]).upper() if parts else ""


@register.filter
def tint(asset_id: UUID) -> str:
    """Return the paper a written thing is shown on: always the same for the same thing."""
    return f"tint-{asset_id.int % TINTS}"
