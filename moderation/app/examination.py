"""Looking at a text or an output: ask the detectors, look into the lists, apply the policy.

No database here, so it may run in any thread; what the hash lists say is passed in.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import perf_counter
from typing import Any, Final, Protocol

from moderation.app.memo import Memo
from moderation.core import minors
from moderation.core.context import Context
from moderation.core.decisions import Decision, HashHit, ListHit, Reason, Verdict
from moderation.core.detectors import IN_PROCESS
from moderation.core.failures import NO_BYTES
from moderation.core.films import Film, untimed
from moderation.core.normalisation import undisguised
from moderation.core.notation import words_of
from moderation.core.places import placed
from moderation.core.policy import Policy, Surface, combine, evaluate
from moderation.core.signals import Signal
from moderation.core.triton import Question
from moderation.core.wordlists import WordLists

# What an output is made of decides by whose rules it is judged.
SURFACES: Final[Mapping[str, Surface]] = {
    "text": "text",
    "image": "image",
    "speech": "speech",
    "music": "music",
    # A whole, by its words together; its parts were judged one by one.
    "composition": "text",
}
# Surfaces that are judged by their words alone, without the bytes.
WRITTEN: Final[frozenset[Surface]] = frozenset({"text", "music"})
PROMPT: Final[Surface] = "prompt"
# What a model may need of the gate; the words in a picture are judged with the picture, and films
# by `film_examination`.
PHASES: Final[frozenset[str]] = frozenset({PROMPT, "text-in-image", "video", *SURFACES})
LONGEST_KEPT_TEXT = 20_000


class Asks(Protocol):
    """What the examiner needs of `moderation.core.triton.Detectors`."""

    def start(
        self, questions: Sequence[Question], deadline_seconds: float
    ) -> Callable[[], list[list[Signal]]]:
        """Send questions; the value waits and gives one list of signals per question.

        Neither raises for an outage.
        """
        ...

    def cut(self, film: bytes, deadline_seconds: float) -> Film:
        """Take a film apart. Never raises for an outage."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One surface of an item: what was seen, and what the policy says about it.

    `text` is what was judged as text: the words themselves, or those read in a picture or heard
    in a recording.
    """

    surface: str
    text: str
    signals: tuple[Signal, ...]
    list_hits: tuple[ListHit, ...]
    hash_hits: tuple[HashHit, ...]
    decision: Decision
    context: Context | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values, long texts cut: the evidence kept with a verdict."""
        signals = [signal.to_json() for signal in self.signals]
        for signal in signals:
            if signal["text"]:
                signal["text"] = _storable(signal["text"])
        return {
            "surface": self.surface,
            "text": _storable(self.text),
            "verdict": str(self.decision.verdict),
            "signals": signals,
            "words": [
                {
                    "term": hit.term,
                    "hazard": hit.hazard,
                    "severity": str(hit.severity),
                    "list": hit.list_name,
                }
                for hit in self.list_hits
            ],
            **({} if self.context is None else {"context": self.context.to_json()}),
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """All surfaces of one item. `seconds` is the time spent waiting for detectors."""

    findings: tuple[Finding, ...]
    decision: Decision
    seconds: float


@dataclass(frozen=True, slots=True)
class Output:
    """An output to judge.

    `data` are the original's bytes, None when the storage could not give them; a text does not
    need them, and a video is judged by `film_examination`. `context` None was not gathered: a rule
    that needs it then holds the output. `about_author` is what detectors say that were asked about
    the author and not about the output.
    """

    modality: str
    prompt: str
    text: str
    data: bytes | None
    prompt_hits: tuple[HashHit, ...] = ()
    output_hits: tuple[HashHit, ...] = ()
    context: Context | None = None
    about_author: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question to one detector. `detail` is added to that of its signal."""

    detector: str
    content: bytes
    may_be_remembered: bool
    detail: Mapping[str, Any] = field(default_factory=dict)


def about_text(detectors: Sequence[str], text: str) -> list[Asked]:
    """Return what to ask about a text, and about what it says under its disguise if it wears one.

    The more severe of both answers counts, as of any two signals. A detector of this process says
    where something stands, so it is asked about the text alone.
    """
    plain = undisguised(text)
    readings: list[tuple[str, dict[str, Any]]] = [(text, {})]
    if plain is not None:
        readings.append((plain, {"read_as": _storable(plain)}))
    return [
        Asked(name, utf8(reading), may_be_remembered=True, detail=detail)
        for name in detectors
        for reading, detail in (readings[:1] if name in IN_PROCESS else readings)
    ]


class Examines(Protocol):
    """Takes what the hash lists say of a text, waits for the detectors, and judges it.

    By another examiner's policy where one is given; without a `context` it is nobody's in
    particular.
    """

    def __call__(
        self,
        hash_hits: Sequence[HashHit],
        *,
        by: "Examiner | None" = None,
        context: Context | None = None,
    ) -> Examination:
        """Return the examination."""
        ...


class Examiner:
    """Examines items under one policy; safe between threads."""

    def __init__(
        self,
        *,
        detectors: Asks,
        policy: Policy,
        words: WordLists,
        memo: Memo[tuple[str, str], Signal],
    ) -> None:
        """Ask `detectors`, remember the scores of texts in `memo`."""
        self.policy = policy
        self._detectors = detectors
        self._words = words
        self._memo = memo

    def under(self, policy: Policy) -> "Examiner":
        """Return an examiner under another policy that shares what this one remembers."""
        return Examiner(
            detectors=self._detectors, policy=policy, words=self._words, memo=self._memo
        )

    def text(
        self, surface: Surface, text: str, *, deadline: float, context: Context | None = None
    ) -> Examination:
        """Examine a text by itself within `deadline` seconds; no list knows it."""
        return self.start_text(surface, text, deadline=deadline)((), context=context)

    def start_text(self, surface: Surface, text: str, *, deadline: float) -> Examines:
        """Ask the detectors about a text and return what waits for them and judges it."""
        started = perf_counter()
        answers = self.start(about_text(self.policy.surfaces[surface].required, text), deadline)

        def examine(
            hash_hits: Sequence[HashHit],
            *,
            by: Examiner | None = None,
            context: Context | None = None,
        ) -> Examination:
            judge = by or self
            finding = judge.finding(surface, text, answers(), hash_hits, context or Context())
            return Examination((finding,), finding.decision, perf_counter() - started)

        return examine

    def output(self, output: Output, *, deadline: float) -> Examination:
        """Examine an output and, as a surface of its own, its prompt.

        `deadline` (seconds) holds for each of the two rounds: first everything there is, then
        the words that were read or heard.
        """
        return self.start_output(output, deadline=deadline)()

    def start_output(self, output: Output, *, deadline: float) -> Callable[[], Examination]:
        """Ask the detectors as `output` does and return what waits for them and judges it."""
        surface = _surface_of(output)
        rules = None if surface is None else self.policy.surfaces.get(surface)
        if surface is None or rules is None:
            return partial(self.nobody, output.modality)
        started = perf_counter()
        is_text = surface in WRITTEN
        written = _written(output)
        has_prompt = bool(output.prompt.strip())
        of_prompt = (
            about_text(self.policy.surfaces[PROMPT].required, output.prompt) if has_prompt else []
        )
        of_output = []
        if is_text:
            of_output = about_text(rules.required, written)
        elif output.data is not None:
            of_output = [
                Asked(name, output.data, may_be_remembered=False) for name in rules.required
            ]
        answers = self.start([*of_prompt, *of_output], deadline)

        def examine() -> Examination:
            signals = answers()
            about_prompt, about_output = signals[: len(of_prompt)], signals[len(of_prompt) :]
            if not is_text and output.data is None:
                about_output = [Signal.unavailable(name, NO_BYTES) for name in rules.required]
            words = written
            if not is_text:
                words = "\n".join(
                    signal.text for signal in about_output if signal.text and signal.text.strip()
                )
                if words:
                    further = self.ask(about_text(rules.required_with_text, words), deadline)
                    about_output = [*about_output, *further]
            about_output = [*about_output, *output.about_author]
            findings = [
                self.finding(surface, words, about_output, output.output_hits, output.context)
            ]
            if has_prompt:
                findings.append(
                    self.finding(
                        PROMPT, output.prompt, about_prompt, output.prompt_hits, output.context
                    )
                )
            return Examination(tuple(findings), together(findings), perf_counter() - started)

        return examine

    def finding(
        self,
        surface: Surface,
        text: str,
        signals: Sequence[Signal],
        hash_hits: Sequence[HashHit],
        context: Context | None,
    ) -> Finding:
        """Return what the policy says of a surface under its signals and list entries."""
        words = tuple(self._words.find(text)) if text.strip() else ()
        decision = evaluate(
            self.policy,
            surface=surface,
            signals=signals,
            list_hits=words,
            hash_hits=hash_hits,
            context=context,
        )
        if decision.reasons and text:
            decision = replace(
                decision,
                reasons=tuple(
                    placed(reason, text, signals, self._words.contains)
                    for reason in decision.reasons
                ),
            )
        return Finding(surface, text, tuple(signals), words, tuple(hash_hits), decision, context)

    def ask(self, questions: Sequence[Asked], deadline: float) -> list[Signal]:
        """Return one signal per question, asking all at once."""
        return self.start(questions, deadline)()

    def start(self, questions: Sequence[Asked], deadline: float) -> Callable[[], list[Signal]]:
        """Send what `ask` asks and return what waits for the signals.

        Detectors of this process work while the others' answers are under way.
        """
        keys = [(one.detector, hashlib.sha256(one.content).hexdigest()) for one in questions]
        known = {
            key: signal
            for key, one in zip(keys, questions, strict=True)
            if one.may_be_remembered and (signal := self._memo.get(key)) is not None
        }
        open_contents: dict[str, dict[str, bytes]] = {}
        for (name, digest), one in zip(keys, questions, strict=True):
            if name not in IN_PROCESS and (name, digest) not in known:
                open_contents.setdefault(name, {})[digest] = one.content
        sent = [Question(name, list(asked.values())) for name, asked in open_contents.items()]
        answers = self._detectors.start(sent, deadline) if sent else list

        def finish() -> list[Signal]:
            known.update(
                {
                    key: _judged_here(one)
                    for key, one in zip(keys, questions, strict=True)
                    if one.detector in IN_PROCESS
                }
            )
            for (name, asked), signals in zip(open_contents.items(), answers(), strict=True):
                known.update(
                    {(name, digest): signal for digest, signal in zip(asked, signals, strict=True)}
                )
            for key, one in zip(keys, questions, strict=True):
                is_asked = key[0] in open_contents
                if is_asked and one.may_be_remembered and known[key].is_available:
                    self._memo.put(key, known[key])
            return [
                replace(known[key], detail={**known[key].detail, **one.detail})
                if one.detail
                else known[key]
                for key, one in zip(keys, questions, strict=True)
            ]

        return finish

    def nobody(self, modality: str) -> Examination:
        """Hold what no rule covers: a person has to look."""
        reason = Reason("", None, None, "unknown_modality", "", Verdict.HOLD, modality)
        version = self.policy.version
        return Examination((), Decision(Verdict.HOLD, (reason,), version, version, {}), 0.0)


def together(findings: Sequence[Finding]) -> Decision:
    """Return the decision over all surfaces of an item, and over what they say of each other."""
    across = minors.reason_across(
        [minors.Seen(one.surface, one.text, one.signals) for one in findings]
    )
    return combine([one.decision for one in findings], further=across)


def _judged_here(one: Asked) -> Signal:
    """Return what a detector of this process says; bytes that are no text are nothing it reads."""
    try:
        return IN_PROCESS[one.detector](one.content.decode())
    except UnicodeDecodeError:
        return Signal.unavailable(one.detector, "not a text")


def _surface_of(output: Output) -> Surface | None:
    """Whose rules hold; music without a notation is listened to, as it may be sung."""
    if output.modality == "music" and not output.text.strip():
        return "speech"
    return SURFACES.get(output.modality)


def _written(output: Output) -> str:
    """The words of an output that is judged by its words; of a notation without any, all of it."""
    if output.modality == "music":
        return words_of(output.text) or output.text
    if output.modality == "composition":
        # The times of its film's captions say nothing, and a classifier takes them for spam.
        return untimed(output.text)
    return output.text


def utf8(text: str) -> bytes:
    """Return what a detector gets; half characters (from a broken reader) become question marks."""
    return text.encode("utf-8", "replace")


def _storable(text: str) -> str:
    """Return a text that PostgreSQL takes: no NUL, no half characters, not endless."""
    return utf8(text[:LONGEST_KEPT_TEXT]).decode().replace("\0", "")
