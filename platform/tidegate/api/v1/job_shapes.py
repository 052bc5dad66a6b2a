"""Jobs as the API takes and shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation.app.models import Job
from generation.app.results import STATES, Result, results_of
from generation.app.results import describe as describe_results
from generation.app.services import JobRequest
from generation.app.services.requests import MOST_IN_BATCH
from generation.app.waiting import OBSTACLES, Wait, wait_of
from moderation.app.masking import masked_values
from tidegate.accounts.viewers import Viewer
from tidegate.api.forms import represented
from tidegate.api.v1.balances import CostOut, describe_cost
from tidegate.api.v1.preset_shapes import UsedPresetOut, presets_used
from tidegate.api.v1.shapes import Id, Text, Whole
from tidegate.assets.selectors import visible_to
from tidegate.ledger.selectors import accounts_of


class LineIn(serializers.Serializer[Any]):
    """What one job is asked to be."""

    model = Text(
        required=False,
        default="",
        max_length=80,
        help_text="A name of /api/v1/models, or `NAME@canary`, `NAME@stable`, `NAME@VERSION`; "
        "a preset has its own.",
    )
    prompt = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=20_000,
        trim_whitespace=False,
        help_text="Each model has its own, lower limit; some that work on a picture need none.",
    )
    parameters = serializers.DictField(
        required=False, default=dict, help_text="What the model's `parameters` declare."
    )
    seed = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=2**53 - 1,
        help_text="Same request and same seed give the same bytes; without one, a random one.",
    )
    priority = Whole(
        required=False,
        default=0,
        min_value=-10,
        max_value=10,
        help_text="Orders your own jobs in a project; it never passes anybody else's.",
    )
    outputs = Whole(
        required=False,
        default=1,
        min_value=1,
        max_value=16,
        help_text="How many to make; each model has its own limit. Output `i`, counted from 0, has "
        "the seed `(seed + i) mod 2**53`.",
    )
    preset = Id(
        required=False,
        allow_null=True,
        default=None,
        help_text="The preset that writes the prompt; what is given beside it counts more.",
    )
    preset_version = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        help_text="Of the preset; without one the newest that you see.",
    )
    variables = serializers.DictField(
        required=False, default=dict, help_text="What the preset's variables are filled with."
    )
    style = Text(  # type: ignore[assignment]  # DRF takes declared fields out of the class
        required=False,
        allow_null=True,
        default=None,
        allow_blank=True,
        max_length=40,
        help_text="One of the model's `styles`; an empty one keeps the preset's out.",
    )
    parent = Id(  # type: ignore[assignment]  # DRF takes declared fields out of the class
        required=False,
        allow_null=True,
        default=None,
        help_text="The asset that this is a remix of; you must be able to see it.",
    )
    deadline = serializers.DateTimeField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Cancel the job at this moment unless it has ended.",
    )


class JobIn(LineIn):
    """A request for one output or several."""

    project_id = Id()


class BatchIn(serializers.Serializer[Any]):
    """Many requests that are accepted together, or not at all."""

    project_id = Id()
    jobs = serializers.ListField(
        child=LineIn(), min_length=1, max_length=MOST_IN_BATCH, help_text="In any order you like."
    )


class JobUrls(serializers.Serializer[Any]):
    """Where the job goes on."""

    self = serializers.CharField()
    events = serializers.CharField()
    cancel = serializers.CharField()


class ResultOut(serializers.Serializer[Any]):
    """One output of a job."""

    index = serializers.IntegerField()
    seed = serializers.IntegerField()
    state = serializers.ChoiceField(choices=STATES)
    asset_id = serializers.UUIDField(allow_null=True)
    error_code = serializers.CharField()


class QueueOut(serializers.Serializer[Any]):
    """What a queued job waits for: estimates from what runs, waits and was measured."""

    position = serializers.IntegerField(help_text="Jobs that will probably start first.")
    is_at_least = serializers.BooleanField(help_text="Whether there may be more of them.")
    starts_in_seconds = serializers.IntegerField(
        allow_null=True, help_text="Null where nothing was measured yet."
    )
    takes_seconds = serializers.IntegerField(allow_null=True)
    obstacle = serializers.ChoiceField(
        choices=OBSTACLES, help_text="Why it may never start as things are; empty if nothing does."
    )


# What people, or models for them, wrote.
_WORDS = ("prompt", "parameters", "released_text")


class JobOut(serializers.Serializer[Any]):
    """A job."""

    id = serializers.UUIDField()
    organisation_id = serializers.UUIDField()
    project_id = serializers.UUIDField()
    model = serializers.CharField(source="model_name")
    model_version = serializers.CharField(help_text="Of the model's entry.")
    modality = serializers.CharField()
    prompt = serializers.CharField()
    parameters = serializers.DictField()
    preset = serializers.SerializerMethodField(
        help_text="What the prompt was written with, while one may see it."
    )
    style = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields out of the class
    seed = serializers.IntegerField()
    priority = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Job.State.choices)
    is_screened = serializers.SerializerMethodField(
        help_text="False while the prompt still waits for its check."
    )
    attempt = serializers.IntegerField()
    batch_id = serializers.UUIDField(allow_null=True)
    parent_id = serializers.SerializerMethodField()
    cancel_at = serializers.DateTimeField(allow_null=True)
    last_failure = serializers.DictField(
        allow_null=True, help_text="Why an attempt came to nothing, also while another follows."
    )
    queue = serializers.SerializerMethodField(help_text="Null unless one queued job is read.")
    outputs = serializers.SerializerMethodField()
    cost = serializers.SerializerMethodField()
    progress = serializers.DictField(allow_null=True)
    released_text = serializers.CharField(help_text="Streamed text that passed the gate so far.")
    error_code = serializers.CharField()
    error_detail = serializers.CharField()
    refusal = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of why the prompt was refused or held."
    )
    refused_fields = serializers.ListField(
        child=serializers.CharField(),
        help_text="JSON pointers to what of the request that is about.",
    )
    asset_ids = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    urls = serializers.SerializerMethodField()

    def get_is_screened(self, job: Job) -> bool:
        """Whether the prompt was checked."""
        return job.screened_at is not None

    def get_asset_ids(self, job: Job) -> list[UUID]:
        """Return the outputs that the asker may see, oldest first."""
        return [result.asset_id for result in self._results(job) if result.asset_id is not None]

    @extend_schema_field(ResultOut(many=True))
    def get_outputs(self, job: Job) -> list[dict[str, Any]]:
        """Return how far each output is."""
        return [asdict(result) for result in self._results(job)]

    @extend_schema_field(QueueOut(allow_null=True))
    def get_queue(self, job: Job) -> dict[str, Any] | None:
        """Return what it waits for."""
        wait: Wait | None = self.context.get("wait")
        return None if wait is None else wait.describe()

    @extend_schema_field(CostOut())
    def get_cost(self, job: Job) -> dict[str, Any]:
        """Return what it costs."""
        return describe_cost(job, self.context.get("accounts", {}).get(job.pk))

    @extend_schema_field(UsedPresetOut(allow_null=True))
    def get_preset(self, job: Job) -> dict[str, Any] | None:
        """Return the preset."""
        used: dict[UUID, dict[str, Any]] = self.context["presets"]
        return None if job.preset_version_id is None else used.get(job.preset_version_id)

    def get_parent_id(self, job: Job) -> UUID | None:
        """Return what it is a remix of, while one may see that."""
        return job.parent_id if job.parent_id in self.context["parents"] else None

    def _results(self, job: Job) -> list[Result]:
        found: list[Result] = self.context["results"][job.pk]
        return found

    def get_urls(self, job: Job) -> JobUrls:
        """Return where the job goes on."""
        base = f"/api/v1/jobs/{job.pk}"
        links: Any = {"self": base, "events": f"{base}/events", "cancel": f"{base}/cancel"}
        return links  # type: ignore[no-any-return]  # the annotation is what the schema shows


def describe_new(viewer: Viewer, jobs: Sequence[Job]) -> list[Any]:
    """Describe jobs that were accepted just now; only of presets the database is asked again."""
    context = {
        "presets": presets_used(viewer, (job.preset_version_id for job in jobs)),
        "results": {job.pk: describe_results(job) for job in jobs},
        # Whoever asked has just been found to see the parent.
        "parents": {job.parent_id for job in jobs},
    }
    return [represented(JobOut, job, context) for job in jobs]


def describe(viewer: Viewer, jobs: Sequence[Job]) -> list[Any]:
    """Describe jobs as one viewer may see them, with one look for all outputs."""
    shown = JobOut(jobs, many=True, context=_context(viewer, jobs)).data
    return [_seen_by(viewer, job, one) for job, one in zip(jobs, shown, strict=True)]


def describe_one(viewer: Viewer, job: Job) -> Any:
    """Describe one job, with what it waits for."""
    shown = JobOut(job, context={**_context(viewer, [job]), "wait": wait_of(job)}).data
    return _seen_by(viewer, job, shown)


def _seen_by(viewer: Viewer, job: Job, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as its asker reads it, and without personal data for staff."""
    if job.requested_by_id == viewer.user_id:
        return dict(shown)
    return {**shown, **{name: masked_values(shown[name]) for name in _WORDS}}


def request_of(line: Mapping[str, Any], cancel_after: timedelta | None) -> JobRequest:
    """Return what a validated line asks for."""
    return JobRequest(
        model_name=line["model"],
        prompt=line["prompt"],
        parameters=line["parameters"],
        seed=line["seed"],
        priority=line["priority"],
        outputs=line["outputs"],
        parent_id=line["parent"],
        preset_id=line["preset"],
        preset_number=line["preset_version"],
        variables=line["variables"],
        style=line["style"],
        deadline=line["deadline"],
        cancel_after=cancel_after,
    )


def _context(viewer: Viewer, jobs: Sequence[Job]) -> dict[str, Any]:
    parents = {job.parent_id for job in jobs if job.parent_id is not None}
    seen = visible_to(viewer).filter(pk__in=parents).values_list("pk", flat=True) if parents else ()
    return {
        "presets": presets_used(viewer, (job.preset_version_id for job in jobs)),
        "results": results_of(viewer, jobs),
        "parents": set(seen),
        "accounts": accounts_of(job.pk for job in jobs),
    }
