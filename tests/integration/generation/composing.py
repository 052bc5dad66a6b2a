"""Compositions: what tests ask of them, and the stream that lets them go on."""

from typing import Any

from generation.app import services
from generation.app.claims import Output
from generation.app.compositions import services as compositions
from generation.app.models import Composition, CompositionPart, Job
from tests.integration.generation.maker import Maker
from tests.integration.generation.paying import moved
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset
from tidegate.assets.selectors import visible_to
from tidegate.contracts.assets import AssetVisibilityChanged
from tidegate.contracts.envelope import decode
from tidegate.contracts.generation import JobEnded
from tidegate.events.codec import event_of
from tidegate.events.handling import Arrived, Handled, handle_prepared
from tidegate.events.models import Outbox
from tidegate.events.registry import listener
from tidegate.primitives.ids import new_id

STORY = "A boat sailed out. It came home again."
_MADE = {
    "text": Output("text/plain", STORY.encode(), text=STORY),
    "image": Output("image/png", b"\x89PNG\r\n\x1a\n" + b"picture" * 8, width=8, height=8),
    "speech": Output("audio/mpeg", b"ID3" + b"speech" * 8, duration_ms=900),
    "video": Output("video/mp4", b"ftyp" + b"film" * 8, width=8, height=8, duration_ms=900),
}


def asks(maker: Maker, recipe: str = "illustrated-story", **fields: Any) -> Composition:
    inputs = fields.pop("inputs", {"subject": "a small boat"})
    return compositions.submit_composition(
        viewer=maker.viewer,
        project_id=maker.project.pk,
        recipe_name=recipe,
        inputs=inputs,
        **({"seed": 7} | fields),
    )


def parts(composition: Composition) -> dict[str, str]:
    rows = CompositionPart.objects.filter(composition=composition).select_related("job")
    return {row.name if not row.index else f"{row.name} {row.index}": row.state for row in rows}


def part(composition: Composition, name: str, index: int = 0) -> CompositionPart:
    return CompositionPart.objects.select_related("job", "asset").get(
        composition=composition, name=name, index=index
    )


def make(modality: str, *, text: str = "") -> Job:
    """Let a worker make whatever waits next of a modality."""
    claim = services.claim_job(modality=modality, worker="w")
    assert claim is not None
    output = _MADE[modality]
    if text:
        output = Output("text/plain", text.encode(), text=text)
    return services.finish_job(claim=claim, outputs=[output], model_version="1")


def make_the_rest(composition: Composition) -> None:
    """Let the narration and the film be made and released, once the story and its picture are."""
    for modality, name in (("speech", "narration"), ("video", "film")):
        make(modality)
        judge(composition, name)


def output_of(composition: Composition, name: str, index: int = 0) -> Asset:
    return Asset.objects.get(job_id=part(composition, name, index).job_id)


def judge(composition: Composition, name: str, *ways: str, index: int = 0) -> None:
    moved(output_of(composition, name, index), *(ways or ("released",)))


def stream(*, is_repeated: bool = False) -> None:
    """Hand every event that there is to the consumer; with new ids, it meets all of them again."""
    consumer = listener("compositions")
    wanted = [JobEnded.TYPE, AssetVisibilityChanged.TYPE]
    done = 0
    while True:
        rows = list(Outbox.objects.filter(type__in=wanted).order_by("position"))[done:]
        if not rows:
            return
        done += len(rows)
        for row in rows:
            envelope = decode(bytes(row.value))
            if is_repeated:
                envelope = envelope.__class__(
                    **{name: getattr(envelope, name) for name in envelope.__dataclass_fields__}
                    | {"id": new_id()}
                )
            outcome = handle_prepared(
                consumer, Arrived(event_of(envelope), envelope, 0, envelope.subject)
            )
            assert isinstance(outcome, Handled), outcome


def sees(viewer: Viewer, composition: Composition) -> set[str]:
    """Return which parts a viewer finds, and `whole`."""
    found = visible_to(viewer).filter(whole_id=composition.pk).values_list("job_id", flat=True)
    rows = CompositionPart.objects.filter(job_id__in=[job_id for job_id in found if job_id])
    seen = set(rows.values_list("name", flat=True))
    return seen | {"whole"} if visible_to(viewer).filter(pk=composition.pk).exists() else seen
