"""A gate that says what a test wants."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from tidegate.contracts.moderation import VerdictName
from tidegate.contracts.ports import Ruling, Screening, WindowRuling

POLICY = "sha256:fake"


@dataclass
class FakeGate:
    """Releases everything unless told otherwise; remembers what it was asked.

    With `only`, its prompt verdict is about prompts that contain these words.
    """

    prompt_verdict: VerdictName = "release"
    only: str = ""
    window_verdict: Callable[[str], VerdictName] = lambda _: "release"
    image_verdict: VerdictName = "release"
    prompts: list[str] = field(default_factory=list)
    images: list[tuple[bytes, str]] = field(default_factory=list)
    windows: list[tuple[str, int, bool]] = field(default_factory=list)

    def screen_prompt(
        self,
        *,
        prompt: str,
        modality: str,
        correlation_id: UUID,
        organisation_id: UUID | None = None,
        project_id: UUID | None = None,
    ) -> Ruling:
        self.prompts.append(prompt)
        verdict = self.prompt_verdict if self.only in prompt else "release"
        reasons = () if verdict in {"release", "unavailable"} else ("violence",)
        return Ruling(verdict, reasons, POLICY)

    def start_screening(self, *, prompt: str, modality: str, correlation_id: UUID) -> Screening:
        return partial(
            self.screen_prompt, prompt=prompt, modality=modality, correlation_id=correlation_id
        )

    def screen_image(self, *, image: bytes, source_sha256: str, correlation_id: UUID) -> Ruling:
        self.images.append((image, source_sha256))
        reasons = () if self.image_verdict in {"release", "unavailable"} else ("sexual",)
        return Ruling(self.image_verdict, reasons, POLICY)

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
        self.windows.append((text, released_characters, is_final))
        verdict = self.window_verdict(text)
        shown = len(text) if verdict == "release" else released_characters
        return WindowRuling(verdict, shown, ())
