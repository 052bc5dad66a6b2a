"""Personal data out of what staff read, done at reading: what was stored before is masked, too.

Masked is what is held back from others. What is released is read by everybody as it is.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext

from moderation.app.selectors.clauses import spans_in
from moderation.app.selectors.views import CaseEvidence, CaseSummary, SurfaceEvidence
from moderation.core import masking
from moderation.core.marking import segments
from moderation.core.normalisation import undisguised
from moderation.core.personal_data import Kind
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Move, Visibility


def masked(text: str) -> str:
    """Return the text with kinds and numbers in the place of values, in the reader's language."""
    return masking.masked(text, _names())


def masked_asset(asset: Asset) -> Asset:
    """Return a copy of the asset to be read, never to be saved."""
    shown = copy(asset)
    shown.title, shown.prompt, shown.text = map(masked, (asset.title, asset.prompt, asset.text))
    shown.parameters = masked_values(asset.parameters)
    return shown


def asset_seen_by(viewer: Viewer, asset: Asset) -> Asset:
    """Return the asset as it is, or masked for staff who see what is held back from others."""
    if asset.visibility == Visibility.RELEASED or asset.owner_id == viewer.user_id:
        return asset
    return masked_asset(asset)


def masked_values(value: Any) -> Any:
    """Return JSON values with every text in them masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: masked_values(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [masked_values(one) for one in value]
    return value


def masked_summary(case: CaseSummary) -> CaseSummary:
    """Return a line of the queue without personal data."""
    return replace(
        case, title=masked(case.title), prompt=masked(case.prompt), reason=masked(case.reason)
    )


def masked_evidence(evidence: CaseEvidence) -> CaseEvidence:
    """Return a case without personal data; `has_masked` says whether there is any."""
    shown = replace(
        evidence,
        case=masked_summary(evidence.case),
        asset=masked_asset(evidence.asset),
        prompt=masked(evidence.prompt),
        found_text=masked(evidence.found_text),
        reasons=tuple(masked_values(reason) for reason in evidence.reasons),
        surfaces=tuple(_masked_surface(one, evidence.reasons) for one in evidence.surfaces),
        history=tuple(map(_masked_move, evidence.history)),
        reports=tuple(replace(one, note=masked(one.note)) for one in evidence.reports),
        appeals=tuple(replace(one, words=masked(one.words)) for one in evidence.appeals),
        previous=tuple(map(masked_summary, evidence.previous)),
        clauses=tuple(
            replace(one, text=masked(one.text), detail=masked(one.detail))
            for one in evidence.clauses
        ),
        related=tuple(replace(one, title=masked(one.title)) for one in evidence.related),
        similar=tuple(
            replace(one, title=masked(one.title), reason=masked(one.reason))
            for one in evidence.similar
        ),
    )
    texts = (evidence.prompt, evidence.found_text, evidence.asset.title, evidence.asset.text)
    shown_texts = (shown.prompt, shown.found_text, shown.asset.title, shown.asset.text)
    has_masked = texts != shown_texts or shown.surfaces != evidence.surfaces
    return replace(shown, has_masked=has_masked or shown.reports != evidence.reports)


def _masked_surface(
    surface: SurfaceEvidence, reasons: Sequence[Mapping[str, Any]]
) -> SurfaceEvidence:
    text = masked(surface.text)
    read_as = surface.read_as
    if text != surface.text:
        # A disguise taken off a value is the value in other letters.
        read_as = undisguised(text) or ""
    return replace(
        surface,
        text=text,
        read_as=masked(read_as),
        words=tuple(masked_values(word) for word in surface.words),
        outages={detector: masked(why) for detector, why in surface.outages.items()},
        # By where things stood in what was judged, before anything was masked.
        segments=segments(
            surface.text, spans_in(reasons, surface.surface, surface.text), names=_names()
        ),
    )


def _masked_move(move: Move) -> Move:
    shown = copy(move)
    shown.reason = masked(move.reason)
    return shown


def _names() -> dict[Kind, str]:
    return {
        Kind.EMAIL: gettext("e-mail"),
        Kind.PHONE: gettext("phone"),
        Kind.CARD: gettext("card"),
        Kind.IBAN: gettext("bank account"),
        Kind.RESIDENT_ID: gettext("identity number"),
        Kind.SOCIAL_SECURITY: gettext("social security number"),
        Kind.PASSPORT: gettext("passport"),
        Kind.IP_ADDRESS: gettext("IP address"),
        Kind.ADDRESS: gettext("address"),
        Kind.SECRET: gettext("secret"),
    }
