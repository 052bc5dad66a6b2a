"""Llama Guard 2 and 3 (Meta): one question about all categories, "safe" or "unsafe" and its codes.

Format: model cards "Llama Guard 2" and "Llama Guard 3" (llama.com/docs/model-cards-and-prompt-
formats) and `meta-llama/llama-stack`, providers/inline/safety/llama_guard. Categories follow the
MLCommons hazards. The weights have licences of their own (Llama 3 and 3.1/3.2 Community License).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from moderation.core.guards.asking import Answered, Part, Question, Role, Turn, last_of, shared
from moderation.core.hazards import Hazard

_SAFE, _UNSAFE = "safe", "unsafe"
_NAMES: Mapping[Role, str] = MappingProxyType({"user": "User", "assistant": "Agent"})
_HAZARDS: Mapping[str, tuple[Hazard, ...]] = MappingProxyType(
    {
        "Violent Crimes": (Hazard.VIOLENT_CRIME,),
        "Non-Violent Crimes": (Hazard.NON_VIOLENT_CRIME,),
        "Sex Crimes": (Hazard.SEXUAL_CRIME,),
        "Child Exploitation": (Hazard.CHILD_SAFETY,),
        "Defamation": (Hazard.DEFAMATION,),
        "Specialized Advice": (Hazard.SPECIALISED_ADVICE,),
        "Privacy": (Hazard.PRIVACY,),
        "Intellectual Property": (Hazard.COPYRIGHT,),
        "Indiscriminate Weapons": (Hazard.WEAPONS,),
        "Hate": (Hazard.HATE,),
        "Self-Harm": (Hazard.SELF_HARM,),
        "Sexual Content": (Hazard.SEXUAL,),
        "Elections": (Hazard.ELECTIONS,),
        "Code Interpreter Abuse": (Hazard.CODE_ABUSE,),
    }
)


@dataclass(frozen=True, slots=True)
class LlamaGuard:
    """A version of Llama Guard.

    Attributes:
        categories: their names, in the order of their codes S1, S2, …
        opening, closing: the control tokens of the chat format around the task.
    """

    categories: tuple[str, ...]
    opening: str
    closing: str

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """What it gives a probability for."""
        found = (hazard for name in self.categories for hazard in _HAZARDS[name])
        return tuple(dict.fromkeys(found))

    def questions(self, turns: Sequence[Turn]) -> tuple[Question, ...]:
        """Render the task for the conversation's last turn."""
        who = _NAMES[last_of(turns).role]
        codes = "\n".join(f"S{code}: {name}." for code, name in enumerate(self.categories, 1))
        said = [
            part
            for turn in turns
            for part in (
                Part(f"{_NAMES[turn.role]}: "),
                Part(turn.text.strip(), is_own=False),
                Part("\n\n"),
            )
        ]
        opening = (
            f"{self.opening}Task: Check if there is unsafe content in '{who}' messages in "
            "conversations according our safety policy with the below categories.\n\n"
            f"<BEGIN UNSAFE CONTENT CATEGORIES>\n{codes}\n<END UNSAFE CONTENT CATEGORIES>\n\n"
            "<BEGIN CONVERSATION>\n\n"
        )
        closing = (
            "<END CONVERSATION>\n\n"
            f"Provide your safety assessment for ONLY THE LAST {who} message in the above "
            "conversation:\n - First line must read 'safe' or 'unsafe'.\n"
            " - If unsafe, a second line must include a comma-separated list of violated "
            f"categories.{self.closing}"
        )
        asked = Question(
            parts=(Part(opening), *said, Part(closing)),
            answers=(_SAFE, _UNSAFE),
            details=(f"{_UNSAFE}\n", tuple(f"S{code + 1}" for code in range(len(self.categories)))),
        )
        return (asked,)

    def scores(self, answered: Sequence[Answered]) -> dict[str, float]:
        """Return the probability of every hazard."""
        [answer] = answered
        details = answer.details or {}
        categories = {
            name: details[code]
            for name, code in zip(
                self.categories,
                (f"S{code + 1}" for code in range(len(self.categories))),
                strict=True,
            )
            if code in details
        }
        hazards = {name: _HAZARDS[name] for name in self.categories}
        return shared(answer.answers[_UNSAFE], categories, hazards)


_HEADERS = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\n"
_ASSISTANT = "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
_ALL = tuple(_HAZARDS)
LLAMA_GUARD_3 = LlamaGuard(_ALL, _HEADERS, _ASSISTANT)
"""8B: fourteen categories."""
LLAMA_GUARD_3_1B = LlamaGuard(_ALL[:-1], _HEADERS, _ASSISTANT)
"""1B: all but the abuse of code interpreters."""
LLAMA_GUARD_2 = LlamaGuard(
    tuple(
        name for name in _ALL if name not in {"Defamation", "Elections", "Code Interpreter Abuse"}
    ),
    _HEADERS,
    _ASSISTANT,
)
"""8B: eleven categories."""
