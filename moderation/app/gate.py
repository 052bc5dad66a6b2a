"""The synchronous face of the gate: prompts before their job, text while it streams."""

from collections.abc import Callable
from uuid import UUID

from moderation.app.audiences import serving
from moderation.app.engine import Engine
from moderation.app.fingerprints import content_digest, listed
from moderation.app.in_force import engine_for
from moderation.app.judgement import Judgement, judgement_of
from moderation.app.judging import judge_picture
from moderation.app.models import VERDICT_NAMES, Outcome
from moderation.app.public_reasons import public_reasons
from moderation.app.services.matches import note_matches
from moderation.app.services.screenings import record_screening
from moderation.core.windows import next_window
from tidegate.contracts.ports import Ruling, Screening, WindowRuling


class ModerationGate:
    """Implements `tidegate.contracts.ports.Gate` with the detectors behind Triton."""

    def __init__(self, engine: Callable[[], Engine]) -> None:
        """`engine` is asked at each call, so that it is made on first use only."""
        self._engine = engine

    def screen_prompt(
        self,
        *,
        prompt: str,
        modality: str,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> Ruling:
        """Judge a prompt within the prompt deadline; what does not pass leaves a row.

        Scores of an unchanged text come from memory, so the same prompt again costs one query.
        """
        ask = self.start_screening(prompt=prompt, modality=modality, correlation_id=correlation_id)
        return ask(organisation_id=organisation_id, project_id=project_id)

    def start_screening(self, *, prompt: str, modality: str, correlation_id: UUID) -> Screening:
        """Send what `screen_prompt` asks; the value waits for the answers and judges."""
        asked = engine_for(self._engine(), correlation_id)
        examined = asked.examiner.start_text(
            "prompt", prompt, deadline=asked.configuration.prompt_deadline
        )

        def ruling(
            *, organisation_id: UUID | None = None, project_id: UUID | None = None
        ) -> Ruling:
            hits = listed(content=content_digest(prompt), text=prompt)
            served = serving(asked, organisation_id, project_id)
            examination = examined(hits, by=served.engine.examiner, context=served.context)
            judgement = note_matches(
                judgement_of(examination, policy=served.engine.policy),
                correlation_id=correlation_id,
            )
            if judgement.verdict != Outcome.RELEASE:
                record_screening(
                    correlation_id=correlation_id,
                    prompt=prompt,
                    modality=modality,
                    judgement=judgement,
                )
            return Ruling(
                verdict=VERDICT_NAMES[judgement.verdict],
                reasons=_codes(judgement),
                policy_version=judgement.policy_version,
            )

        return ruling

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        """Judge a picture within the picture deadline; what does not pass leaves a row.

        The row names the file by its digest and holds the words that were read in it.
        """
        judgement = note_matches(
            judge_picture(
                image,
                source_sha256=source_sha256,
                engine=engine_for(self._engine(), correlation_id),
            ),
            correlation_id=correlation_id,
        )
        if judgement.verdict != Outcome.RELEASE:
            record_screening(
                correlation_id=correlation_id,
                prompt="\n".join(str(signal["text"]) for signal in judgement.signals),
                modality="image",
                judgement=judgement,
                content_sha256=source_sha256,
            )
        return Ruling(
            verdict=VERDICT_NAMES[judgement.verdict],
            reasons=_codes(judgement),
            policy_version=judgement.policy_version,
        )

    def window(
        self,
        *,
        text: str,
        released_characters: int,
        is_final: bool,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> WindowRuling:
        """Judge the next window of a stream; only what was inside a scored window is released.

        The window reaches back over text that is already out, so a phrase across the border is
        seen whole. While there is too little new text to judge, nothing more is released.

        Raises:
            ValueError: `released_characters` is no position in the text.
        """
        served = serving(engine_for(self._engine(), correlation_id), organisation_id, project_id)
        gate = served.engine
        window = next_window(text, released=released_characters, is_final=is_final)
        if window is None:
            return WindowRuling("release", released_characters, ())
        examination = gate.examiner.text(
            "text",
            window.text,
            deadline=gate.configuration.window_deadline,
            context=served.context,
        )
        judgement = judgement_of(examination, policy=gate.policy)
        if judgement.verdict == Outcome.BLOCK:
            # No output will say what was blocked: this row does, for staff.
            record_screening(
                correlation_id=correlation_id,
                prompt=window.text,
                modality="text",
                judgement=judgement,
            )
        if judgement.verdict != Outcome.RELEASE:
            return WindowRuling(
                VERDICT_NAMES[judgement.verdict], released_characters, _codes(judgement)
            )
        return WindowRuling("release", window.releasable, ())


def _codes(judgement: Judgement) -> tuple[str, ...]:
    """Return what the author may know, as codes."""
    if judgement.verdict in (Outcome.RELEASE, Outcome.UNAVAILABLE):
        return ()
    return tuple(reason.code for reason in public_reasons(judgement.author_codes or ["review"]))
