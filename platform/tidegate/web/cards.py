"""A job as the studio's card shows it: what it made, what it waits for, what it is a remix of."""

from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import get_language

from generation.app.models import Job
from generation.app.registry.selectors import described
from generation.app.results import Result, results_of
from generation.app.waiting import Wait, wait_of
from generation.core.catalogue import Model
from tidegate.accounts.viewers import Viewer
from tidegate.assets import selectors as assets
from tidegate.assets.models import Asset

THUMBNAILS = 4
_SHOWN = {"released", "held", "withdrawn"}


@dataclass(frozen=True, slots=True)
class OutputCard:
    """One output of a job; `asset` where it is made."""

    result: Result
    asset: Asset | None

    @property
    def number(self) -> int:
        """Which one it is, counted from one as people do."""
        return self.result.index + 1


@dataclass(frozen=True, slots=True)
class JobCard:
    """A job with what it made, as the studio shows it."""

    job: Job
    model: Model | None
    assets: tuple[Asset, ...]
    outputs: tuple[OutputCard, ...]
    wait: Wait | None
    parent: Asset | None

    @property
    def is_live(self) -> bool:
        """Whether something may still change by itself, and a stream tells when."""
        if self.job.is_ended and self.job.state != Job.State.SUCCEEDED:
            return False
        if not self.job.is_ended or not self.assets:
            return True
        return any(asset.visibility == "pending" for asset in self.assets)

    @property
    def is_undecided(self) -> bool:
        """Whether the gate or a person still has to say something about an output."""
        return any(asset.visibility in {"pending", "held"} for asset in self.assets)

    @property
    def standing(self) -> str:
        """How far each output is, so that a page can tell whether it shows the latest."""
        return ",".join(asset.visibility for asset in self.assets)

    @property
    def is_picture(self) -> bool:
        """Whether something to look at is made, over which a veil lies until the verdict."""
        return self.job.modality in {"image", "video"}

    @property
    def chip(self) -> str:
        """The state to show: of the output where there is one, else of the job."""
        return self.assets[0].visibility if len(self.assets) == 1 else self.job.state

    @property
    def shown(self) -> list[Asset]:
        """What its owner may look at: all but what is being checked or is blocked."""
        return [asset for asset in self.assets if asset.visibility in _SHOWN]

    @property
    def thumbnails(self) -> list[Asset]:
        """The pictures that stand for it in a list."""
        seen = [one for one in self.shown if one.modality in {"image", "video"}]
        return [one for one in seen if one.renditions.all()][:THUMBNAILS]

    @property
    def remixable(self) -> Asset | None:
        """The first output that a remix can be made of."""
        return next((asset for asset in self.assets if asset.visibility == "released"), None)

    @property
    def comparison(self) -> str:
        """The address that shows its outputs side by side; empty for fewer than two."""
        shown = self.shown[:THUMBNAILS]
        asked = "&".join(f"asset={asset.pk}" for asset in shown)
        return f"/compare?{asked}" if len(shown) > 1 else ""

    @property
    def shows_outputs(self) -> bool:
        """Whether its outputs stand side by side: there are several, and one began."""
        began = any(output.result.state not in {"waiting", "not_made"} for output in self.outputs)
        return self.job.outputs_wanted > 1 and began


def cards_of(viewer: Viewer, jobs: list[Job]) -> list[JobCard]:
    """Return jobs as the studio shows them, with what the viewer may see of their outputs."""
    made: dict[UUID, list[Asset]] = {}
    rows = assets.visible_to(viewer).filter(job_id__in=[job.pk for job in jobs])
    for asset in rows.prefetch_related("renditions").order_by("output_index"):
        if asset.job_id is not None:
            made.setdefault(asset.job_id, []).append(asset)
    results = results_of(viewer, jobs)
    # A parent that was taken out of sight since stays unmentioned.
    remixed = [job.parent_id for job in jobs if job.parent_id is not None]
    parents = assets.visible_to(viewer).select_related("owner").in_bulk(remixed) if remixed else {}
    language = get_language() or "en"
    return [
        JobCard(
            job,
            model.translated(language) if (model := described(job.model_name)) else None,
            tuple(made.get(job.pk, ())),
            _outputs_of(results[job.pk], made.get(job.pk, [])),
            wait_of(job),
            parents.get(job.parent_id) if job.parent_id is not None else None,
        )
        for job in jobs
    ]


def _outputs_of(results: list[Result], made: list[Asset]) -> tuple[OutputCard, ...]:
    by_index = {asset.output_index: asset for asset in made}
    return tuple(OutputCard(result, by_index.get(result.index)) for result in results)
