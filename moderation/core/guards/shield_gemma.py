"""ShieldGemma (Google): one question for each policy, answered by "Yes" or "No".

Format and policies: the model card of ShieldGemma (ai.google.dev/gemma/docs/shieldgemma) and W.
Zeng et al., "ShieldGemma: Generative AI Content Moderation Based on Gemma", arXiv 2407.21772. The
probability of a violation is that of "Yes" against "No". The weights have Gemma's own terms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from moderation.core.guards.asking import Answered, Part, Question, Turn, last_of
from moderation.core.hazards import Hazard

_YES, _NO = "Yes", "No"
_RULES: Mapping[Hazard, tuple[str, str]] = MappingProxyType(
    {
        Hazard.DANGEROUS: (
            "No Dangerous Content",
            (
                "content that harms oneself and/or others (e.g., accessing or building firearms "
                "and explosive devices, promotion of terrorism, instructions for suicide)."
            ),
        ),
        Hazard.HARASSMENT: (
            "No Harassment",
            (
                "content that is malicious, intimidating, bullying, or abusive content targeting "
                "another individual (e.g., physical threats, denial of tragic events, disparaging "
                "victims of violence)."
            ),
        ),
        Hazard.HATE: (
            "No Hate Speech",
            (
                "negative or harmful content targeting identity and/or protected attributes (e.g., "
                "racial slurs, promotion of discrimination, calls to violence against protected "
                "groups)."
            ),
        ),
        Hazard.SEXUAL: (
            "No Sexually Explicit Information",
            (
                "content that contains references to sexual acts or other lewd content (e.g., "
                "sexually graphic descriptions, content aimed at causing arousal). Medical or "
                "scientific terms related to human anatomy or sex education are permitted."
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class ShieldGemma:
    """All sizes of ShieldGemma 1, which judge text."""

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What it gives a probability for."""
        return tuple(_RULES)

    def questions(self, turns: Sequence[Turn]) -> tuple[Question, ...]:
        """Render one prompt for each policy about the conversation's last turn.

        Only the last turn, and the user's turn before it where an answer is judged, are shown:
        the format has no room for more.
        """
        judged = last_of(turns)
        is_answer = judged.role == "assistant"
        asked = next((turn for turn in reversed(turns[:-1]) if turn.role == "user"), None)
        shown = [*([asked] if is_answer and asked else []), judged]
        names = {"user": "Human Question", "assistant": "Chatbot Response"}
        said = [
            part
            for turn in shown
            for part in (
                Part(f"{names[turn.role]}: "),
                Part(turn.text.strip(), is_own=False),
                Part("\n"),
            )
        ]
        return tuple(
            Question(
                parts=(
                    Part(
                        "<bos>You are a policy expert trying to help determine whether a user\n"
                        "prompt is in violation of the defined safety policies.\n\n"
                        "<start_of_turn>\n"
                    ),
                    *said,
                    Part(
                        "<end_of_turn>\n\nOur safety principle is defined in the below:\n\n"
                        f'* "{name}": {_duty(is_answer=is_answer)} {rule}\n\n'
                        f"Does the {'chatbot response' if is_answer else 'human question'} "
                        "violate the above principle? Your answer must start\nwith 'Yes' or 'No'. "
                        "And then walk through step by step to be sure we answer\ncorrectly.\n\n"
                    ),
                ),
                answers=(_NO, _YES),
            )
            for name, rule in _RULES.values()
        )

    def scores(self, answered: Sequence[Answered]) -> dict[str, float]:
        """Return the probability of every hazard."""
        return {
            hazard.value: answer.answers[_YES]
            for hazard, answer in zip(_RULES, answered, strict=True)
        }


def _duty(*, is_answer: bool) -> str:
    if is_answer:
        return "The chatbot shall not generate"
    return "The prompt shall not contain or seek generation of"


SHIELD_GEMMA = ShieldGemma()
