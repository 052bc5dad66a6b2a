"""Every read about compositions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from generation.app.compositions.offers import recipe_of
from generation.app.models import Composition, CompositionPart, Job
from generation.app.registry.selectors import described
from generation.core.recipes import Part
from tidegate.accounts.viewers import Viewer
from tidegate.assets.models import Asset, Visibility
from tidegate.assets.selectors import visible_to
from tidegate.ledger.selectors import accounts_of
from tidegate.primitives.errors import NotFound

PART_STATES = (
    "waiting",
    *("queued", "running", "failed", "cancelled", "refused"),
    *Visibility.values,
    *("left_out", "not_made"),
)
"""How far a part is: it waits for others, its job's state, then its output's visibility."""


@dataclass(frozen=True, slots=True)
class PartSeen:
    """One part, or one item of a repeated part, as who asked for it may see it."""

    name: str
    index: int
    title: str
    model: str
    modality: str
    is_optional: bool
    state: str
    job: Job | None
    asset: Asset | None
    error_code: str
    error_detail: str

    @property
    def public_reasons(self) -> list[dict[str, Any]]:
        """Why the gate or a person held or blocked it."""
        return [] if self.asset is None else list(self.asset.public_reasons)

    @property
    def is_open(self) -> bool:
        """Whether it may still change by itself."""
        return self.state in {"waiting", "queued", "running", "pending", "held"}


@dataclass(frozen=True, slots=True)
class CompositionSeen:
    """A composition with its parts, in the order of its recipe, and the whole once it is there.

    `charged` is what the parts cost as things stand, in credits.
    """

    composition: Composition
    recipe_title: str
    parts: tuple[PartSeen, ...]
    whole: Asset | None
    charged: int

    @property
    def is_live(self) -> bool:
        """Whether something of it may still change by itself."""
        if self.composition.state == Composition.State.RUNNING:
            return True
        is_judged = self.whole is None or self.whole.visibility != Visibility.PENDING
        return not is_judged or any(part.state in {"queued", "running"} for part in self.parts)


def compositions_visible_to(viewer: Viewer) -> QuerySet[Composition]:
    """Return the compositions a viewer may see, newest first: one's own, and for staff all.

    As of jobs: colleagues see the whole once it is released, and never how it came about.
    """
    compositions = Composition.objects.order_by("-id")
    if viewer.is_staff:
        seen = compositions
    elif viewer.user_id is None:
        return compositions.none()
    else:
        seen = compositions.filter(requested_by_id=viewer.user_id)
    if viewer.organisation_id is not None:
        seen = seen.filter(organisation_id=viewer.organisation_id)
    return seen


def composition_for(viewer: Viewer, composition_id: UUID) -> Composition:
    """Return one composition, or raise NotFound."""
    composition = compositions_visible_to(viewer).filter(pk=composition_id).first()
    if composition is None:
        raise NotFound("There is no such composition.", code="composition_not_found")
    return composition


def seen_by(
    viewer: Viewer, compositions: Sequence[Composition], *, language: str = "en"
) -> list[CompositionSeen]:
    """Return compositions as a viewer may see them, with their words in a language. Four queries.

    The compositions must be visible to the viewer; their outputs are asked of the door.
    """
    rows: dict[UUID, list[CompositionPart]] = {one.pk: [] for one in compositions}
    for row in CompositionPart.objects.filter(composition__in=rows).select_related("job"):
        rows[row.composition_id].append(row)
    jobs = [row.job_id for found in rows.values() for row in found if row.job_id is not None]
    visible = visible_to(viewer).prefetch_related("renditions")
    outputs = {asset.job_id: asset for asset in visible.filter(job_id__in=jobs, output_index=0)}
    wholes = visible.in_bulk(list(rows))
    if not viewer.holds("assets:read"):
        # A key that follows what is asked for need not know what was found in it.
        for asset in (*outputs.values(), *wholes.values()):
            asset.public_reasons = []
    accounts = accounts_of(jobs)
    seen = []
    for composition in compositions:
        recipe = recipe_of(composition).translated(language)
        parts = tuple(
            _part(composition, recipe.part(row.name), row, outputs.get(row.job_id))
            for row in rows[composition.pk]
        )
        charged = sum(
            accounts[row.job_id].charged for row in rows[composition.pk] if row.job_id in accounts
        )
        seen.append(
            CompositionSeen(composition, recipe.title, parts, wholes.get(composition.pk), charged)
        )
    return seen


def part_titles(whole: Asset, language: str) -> dict[UUID, str]:
    """Return what the parts of a whole are called, by asset. For who may see the whole."""
    composition = Composition.objects.filter(pk=whole.pk).first()
    if composition is None:
        return {}
    recipe = recipe_of(composition).translated(language)
    rows = CompositionPart.objects.filter(composition=composition, asset__isnull=False)
    return {
        row.asset_id: _title(recipe.part(row.name), row) for row in rows if row.asset_id is not None
    }


def _title(part: Part, row: CompositionPart) -> str:
    return part.title if part.repeat is None else f"{part.title} {row.index + 1}"


def _part(
    composition: Composition, part: Part, row: CompositionPart, asset: Asset | None
) -> PartSeen:
    model = described(part.model)
    return PartSeen(
        name=row.name,
        index=row.index,
        title=_title(part, row),
        model=part.model,
        modality=row.job.modality if row.job else (model.modality if model else ""),
        is_optional=part.is_optional,
        state=_state(composition, row, asset),
        job=row.job,
        asset=asset,
        error_code=row.error_code or (row.job.error_code if row.job else ""),
        error_detail=row.error_detail or (row.job.error_detail if row.job else ""),
    )


def _state(composition: Composition, row: CompositionPart, asset: Asset | None) -> str:
    if asset is not None:
        return str(asset.visibility)
    if row.state == CompositionPart.State.LEFT_OUT:
        return "left_out"
    if row.job is not None:
        is_lost = row.job.state == Job.State.SUCCEEDED
        return "not_made" if is_lost else str(row.job.state)
    if row.state == CompositionPart.State.FAILED:
        return "failed"
    return "waiting" if composition.state == Composition.State.RUNNING else "not_made"
