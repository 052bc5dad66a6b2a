"""What became of each part, read from its job and its asset every time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from generation.app.models import Composition, CompositionPart, Job
from generation.core.recipes import Fact, Recipe, Unusable, value_of_text
from generation.core.recipes.plan import UNUSABLE
from generation.core.recipes.plan import State as FactState
from tidegate.assets.models import Asset, Visibility

State = CompositionPart.State
BLOCKED: Final = "part_blocked"
# ADR 91: its owner may go on working on what they took out of sight themselves.
_PASSED = frozenset({Visibility.RELEASED, Visibility.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Found:
    """A part's row, its asset if there is one, and how far it really is."""

    row: CompositionPart
    asset: Asset | None
    state: State
    value: Any = None
    error_code: str = ""
    error_detail: str = ""

    @property
    def fact(self) -> Fact:
        """As the planner takes it."""
        state = cast("FactState", self.state.value)
        return Fact(self.row.name, self.row.index, state, self.value)

    @property
    def is_released(self) -> bool:
        """Whether others could see it."""
        return self.asset is not None and self.asset.visibility == Visibility.RELEASED

    @property
    def is_stored(self) -> bool:
        """Whether the row says the same."""
        row = self.row
        asset_id = None if self.asset is None else self.asset.pk
        return (row.state, row.asset_id, row.error_code, row.error_detail) == (
            self.state,
            asset_id,
            self.error_code,
            self.error_detail,
        )


def find_parts(composition: Composition, recipe: Recipe) -> list[Found]:
    """Return every part that has a row, in the order of the recipe. Two queries."""
    rows = list(CompositionPart.objects.filter(composition=composition).select_related("job"))
    jobs = [row.job_id for row in rows if row.job_id is not None]
    assets = {
        asset.job_id: asset for asset in Asset.objects.filter(job_id__in=jobs, output_index=0)
    }
    return [_found(row, assets.get(row.job_id), recipe) for row in rows]


def facts_of(found: Sequence[Found]) -> list[Fact]:
    """Return what the planner asks about."""
    return [one.fact for one in found]


def _found(row: CompositionPart, asset: Asset | None, recipe: Recipe) -> Found:
    job = row.job
    if job is None or row.state == State.LEFT_OUT:
        return Found(row, asset, State(row.state), None, row.error_code, row.error_detail)
    if asset is not None:
        return _judged(row, job, asset, recipe)
    if not job.is_ended:
        return Found(row, None, State.WORKING)
    is_cancelled = job.state == Job.State.CANCELLED
    code = job.error_code or ("job_cancelled" if is_cancelled else "nothing_made")
    return Found(row, None, State.FAILED, None, code, job.error_detail)


def _judged(row: CompositionPart, job: Job, asset: Asset, recipe: Recipe) -> Found:
    if asset.visibility == Visibility.BLOCKED:
        told = "; ".join(str(reason.get("title", "")) for reason in asset.public_reasons)
        return Found(row, asset, State.FAILED, None, BLOCKED, told)
    if asset.visibility not in _PASSED or not job.is_ended:
        return Found(row, asset, State.WORKING)
    if job.modality != "text":
        return Found(row, asset, State.PASSED, str(asset.pk))
    try:
        value = value_of_text(recipe.part(row.name), asset.text)
    except Unusable as error:
        return Found(row, asset, State.FAILED, None, UNUSABLE, str(error))
    return Found(row, asset, State.PASSED, value)
