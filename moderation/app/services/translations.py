"""Translations of a case for a reviewer: masked before they leave, kept in the trail as looks."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.core.cache import cache

from moderation.app.roles import require_reader
from moderation.app.selectors.evidence import case_for
from moderation.app.selectors.second_looks import look_of, second_look_for
from moderation.app.selectors.views import CaseEvidence
from moderation.app.services.viewings import note_translation
from tidegate.accounts.viewers import Viewer
from tidegate.contracts.ports import Translation, Translator, TranslatorAway, translator
from tidegate.primitives.errors import InvalidInput, TidegateError

LANGUAGES: Final = ("en", "zh")
_KEPT_SECONDS: Final = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Translated:
    """A text of a case in another language, and what translated it."""

    surface: str
    text: str
    engine: str


def translate_case(*, case_id: UUID, viewer: Viewer, target: str) -> tuple[Translated, ...]:
    """Return what a case says in another language, by machine. That it was asked for is a look.

    Personal data is masked before anything leaves. The same text is translated once a week.

    Raises:
        NotAllowed, NotFound: as `case_for`.
        InvalidInput: another language than `LANGUAGES`.
        TidegateError: `no_translator`, nobody translates here; `translator_away`, it did not
            answer.
    """
    require_reader(viewer)
    if target not in LANGUAGES:
        raise InvalidInput(
            f"The language is one of {', '.join(LANGUAGES)}.",
            code="unknown_language",
            pointer="/language",
        )
    asked = translator()
    if asked is None:
        raise TidegateError("Nobody translates here.", code="no_translator", status=501)
    look = look_of(viewer, case_id)
    evidence = case_for(viewer, case_id) if look is None else second_look_for(viewer, look)
    note_translation(case_id=case_id, viewer=viewer)
    try:
        return tuple(
            Translated(surface, found.text, found.engine)
            for surface, text in _texts(evidence)
            for found in [_translated(asked, text, target)]
        )
    except TranslatorAway as error:
        raise TidegateError(
            f"The translator did not answer: {error}", code="translator_away", status=503
        ) from error


def _texts(evidence: CaseEvidence) -> Iterator[tuple[str, str]]:
    """Give every text once, masked as the page shows it."""
    seen: set[str] = set()
    texts = [("prompt", evidence.prompt), ("text", evidence.asset.text)]
    for surface, text in [*texts, ("found", evidence.found_text)]:
        if text.strip() and text not in seen:
            seen.add(text)
            yield surface, text


def _translated(asked: Translator, text: str, target: str) -> Translation:
    digest = hashlib.sha256(f"{asked.engine}\0{target}\0{text}".encode()).hexdigest()
    key = f"translation:{digest}"
    known: Translation | None = cache.get(key)
    if known is not None:
        return known
    found = asked.translate(text, target=target)
    cache.set(key, found, _KEPT_SECONDS)
    return found
