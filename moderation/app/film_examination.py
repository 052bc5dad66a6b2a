"""Examining a film: its pictures, what is heard in it, what its captions say, and its prompt.

No database here, as in `examination`. Every surface is judged by its own rules; the worst counts.
"""

from time import perf_counter

from moderation.app.examination import (
    PROMPT,
    Asked,
    Examination,
    Examiner,
    Output,
    about_text,
    together,
)
from moderation.core.films import CUTTER, Film, as_written, words_of
from moderation.core.policy import Surface
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
    asked, places = _questions(examiner, film, texts)
    signals: dict[Surface, list[Signal]] = {surface: [] for surface in needed}
    signals[PICTURES] += film.signals
    for surface, signal in zip(places, examiner.ask(asked, deadline), strict=True):
        signals[surface].append(signal)
    found = {
        surface: _words(signals[surface]) for surface in (PICTURES, HEARD) if surface in needed
    }
    found[PICTURES] = as_written(found[PICTURES], texts.get(WRITTEN, ""))
    further = [
        (surface, one)
        for surface, words in found.items()
        if words
        for one in about_text(surfaces[surface].required_with_text, words)
    ]
    signals[PICTURES] += output.about_author
    answers = examiner.ask([one for _, one in further], deadline)
    for (surface, _), signal in zip(further, answers, strict=True):
        signals[surface].append(signal)
    hits = {PICTURES: output.output_hits, PROMPT: output.prompt_hits}
    findings = [
        examiner.finding(
            surface,
            found.get(surface, texts.get(surface, "")),
            given,
            hits.get(surface, ()),
            output.context,
        )
        for surface, given in signals.items()
    ]
    return Examination(tuple(findings), together(findings), perf_counter() - started)


def _questions(
    examiner: Examiner, film: Film, texts: dict[Surface, str]
) -> tuple[list[Asked], list[Surface]]:
    """Return what is asked, and for each question its surface."""
    rules = examiner.policy.surfaces
    # What a film needs besides the cutter looks at its pictures.
    looking = [name for name in rules[PICTURES].required if name != CUTTER]
    asked: list[tuple[Surface, Asked]] = []
    for still in film.stills:
        when = {} if still.at_ms is None else {"at_ms": still.at_ms}
        asked += [
            (PICTURES, Asked(name, still.data, may_be_remembered=False, detail=when))
            for name in looking
        ]
    asked += [
        (HEARD, Asked(name, sound, may_be_remembered=False))
        for sound in film.sounds
        for name in rules[HEARD].required
    ]
    asked += [
        (surface, one)
        for surface, text in texts.items()
        for one in about_text(rules[surface].required, text)
    ]
    return [one for _, one in asked], [surface for surface, _ in asked]


def _words(signals: list[Signal]) -> str:
    """Return the lines that were read or heard, each once: a caption stands in many pictures."""
    lines = (line.strip() for signal in signals for line in (signal.text or "").splitlines())
    return "\n".join(dict.fromkeys(line for line in lines if line))
