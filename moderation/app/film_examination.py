"""Examining a film: its pictures, what is heard in it, what its captions say, and its prompt.

No database here, as in `examination`. Every surface is judged by its own rules; the worst counts.
"""

from dataclasses import replace
from time import perf_counter

from moderation.app.examination import PROMPT, Examination, Examiner, Output, utf8
from moderation.core.films import CUTTER, Film, words_of
from moderation.core.policy import Surface, combine
from moderation.core.signals import Signal

PICTURES: Surface = "video"
HEARD: Surface = "speech"
WRITTEN: Surface = "text"


def examine_film(examiner: Examiner, output: Output, film: Film, *, deadline: float) -> Examination:
    """Examine a film that was taken apart; `deadline` (seconds) holds for each of two rounds.

    First everything there is, then the words that were read and heard. What has no rules under
    the policy is for a person.
    """
    surfaces = examiner.policy.surfaces
    texts = {PROMPT: output.prompt, WRITTEN: words_of(output.text)}
    texts = {surface: text for surface, text in texts.items() if text.strip()}
    needed = [PICTURES, *texts, *([HEARD] if film.sounds else [])]
    if missing := [surface for surface in needed if surface not in surfaces]:
        return examiner.nobody(missing[0])
    started = perf_counter()
    items, places = _questions(examiner, film, texts)
    signals: dict[Surface, list[Signal]] = {surface: [] for surface in needed}
    signals[PICTURES] += film.signals
    for (surface, at_ms), signal in zip(places, examiner.ask(items, deadline), strict=True):
        signals[surface].append(_timed(signal, at_ms))
    found = {
        surface: _words(signals[surface]) for surface in (PICTURES, HEARD) if surface in needed
    }
    further = [
        (surface, name, words)
        for surface, words in found.items()
        if words
        for name in surfaces[surface].required_with_text
    ]
    answers = examiner.ask([(name, utf8(words), True) for _, name, words in further], deadline)
    for (surface, _, _), signal in zip(further, answers, strict=True):
        signals[surface].append(signal)
    hits = {PICTURES: output.output_hits, PROMPT: output.prompt_hits}
    findings = [
        examiner.finding(
            surface, found.get(surface, texts.get(surface, "")), given, hits.get(surface, ())
        )
        for surface, given in signals.items()
    ]
    decision = combine([finding.decision for finding in findings])
    return Examination(tuple(findings), decision, perf_counter() - started)


def _questions(
    examiner: Examiner, film: Film, texts: dict[Surface, str]
) -> tuple[list[tuple[str, bytes, bool]], list[tuple[Surface, int | None]]]:
    """Return what is asked (see `Examiner.ask`) and for each question its surface and moment."""
    rules = examiner.policy.surfaces
    items: list[tuple[str, bytes, bool]] = []
    places: list[tuple[Surface, int | None]] = []
    # What a film needs besides the cutter looks at its pictures.
    looking = [name for name in rules[PICTURES].required if name != CUTTER]
    for still in film.stills:
        items += [(name, still.data, False) for name in looking]
        places += [(PICTURES, still.at_ms)] * len(looking)
    for sound in film.sounds:
        items += [(name, sound, False) for name in rules[HEARD].required]
        places += [(HEARD, None)] * len(rules[HEARD].required)
    for surface, text in texts.items():
        items += [(name, utf8(text), True) for name in rules[surface].required]
        places += [(surface, None)] * len(rules[surface].required)
    return items, places


def _words(signals: list[Signal]) -> str:
    """Return the lines that were read or heard, each once: a caption stands in many pictures."""
    lines = (line.strip() for signal in signals for line in (signal.text or "").splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _timed(signal: Signal, at_ms: int | None) -> Signal:
    """Return the signal with the moment of the picture that it is about."""
    if at_ms is None:
        return signal
    return replace(signal, detail={**signal.detail, "at_ms": at_ms})
