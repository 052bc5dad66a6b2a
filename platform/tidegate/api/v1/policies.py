"""Policies for staff: versions and their life, shadows, backtests, runs over what is released."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.models import BacktestRun, PolicyVersion, RetroRun
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import Text, choice, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.errors import FieldError, InvalidInput


class PolicyVersionOut(serializers.Serializer[Any]):
    """A version of the policy: one text under one state of the word lists."""

    id = serializers.UUIDField()
    version = serializers.CharField(help_text="SHA-256 of its content; stamped on verdicts.")
    name = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=PolicyVersion.State.choices)
    origin = serializers.ChoiceField(choices=PolicyVersion.Origin.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it stands where it stands.")
    created_at = serializers.DateTimeField()
    state_since = serializers.DateTimeField(allow_null=True)
    activated_at = serializers.DateTimeField(allow_null=True)
    proposed_by = serializers.UUIDField(source="proposed_by_id", allow_null=True)
    approved_by = serializers.UUIDField(source="approved_by_id", allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    canary_share = serializers.FloatField(allow_null=True)
    canary_seed = serializers.CharField(allow_blank=True)
    replaced = serializers.UUIDField(
        source="replaced_id", allow_null=True, help_text="What was active before it."
    )
    probation_until = serializers.DateTimeField(
        allow_null=True, help_text="Until when a fuse watches it although it is active."
    )
    rolled_back_at = serializers.DateTimeField(allow_null=True)
    rolled_back_because = serializers.CharField(allow_blank=True)
    rolled_back_by_fuse = serializers.BooleanField()


class PolicyPairOut(serializers.Serializer[Any]):
    """How many outputs had this verdict, and would have had that one."""

    live = serializers.CharField()
    shadow = serializers.CharField()
    count = serializers.IntegerField()


class PolicyVersionDetailOut(PolicyVersionOut):
    """A version with its text and what is known about it."""

    text = serializers.CharField(help_text="The document, as YAML.")
    diff = serializers.ListField(
        child=serializers.CharField(), help_text="Against the active version, unified."
    )
    shadow_pairs = PolicyPairOut(many=True)
    shadow_not_comparable = serializers.IntegerField(
        help_text="Outputs whose signals the policy cannot judge."
    )


class PolicyDisagreementOut(serializers.Serializer[Any]):
    """An output of which a shadow says something else."""

    asset_id = serializers.UUIDField()
    live = serializers.CharField()
    shadow = serializers.CharField()
    because = serializers.ListField(child=serializers.CharField())
    at = serializers.DateTimeField(source="created_at")


class PolicyBacktestOut(serializers.Serializer[Any]):
    """A policy run over stored decisions. `figures` are those so far."""

    id = serializers.UUIDField()
    policy_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=BacktestRun.State.choices)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    done_until = serializers.DateTimeField(allow_null=True, help_text="How far it is.")
    finished_at = serializers.DateTimeField(allow_null=True)
    figures = serializers.SerializerMethodField()

    def get_figures(self, run: BacktestRun) -> dict[str, Any]:
        """Decisions, changes, precision and recall with intervals, cases a day, examples."""
        figures = selectors.figures_of(run)
        return figures if self.context["shows_examples"] else {**figures, "examples": []}


class RetroRunOut(serializers.Serializer[Any]):
    """A policy run over what is released."""

    id = serializers.UUIDField()
    policy_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=RetroRun.State.choices)
    reason = serializers.CharField()
    until = serializers.DateTimeField()
    previewed = serializers.IntegerField()
    would_hold = serializers.IntegerField()
    not_repeatable = serializers.IntegerField()
    examples = serializers.SerializerMethodField()
    looked_at = serializers.IntegerField()
    held = serializers.IntegerField()
    released_again = serializers.IntegerField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ListField(child=serializers.DictField()))
    def get_examples(self, run: RetroRun) -> list[dict[str, Any]]:
        """Return some of what it would hold, and why."""
        return list(run.examples) if self.context["shows_examples"] else []


class _Reasoned(serializers.Serializer[Any]):
    reason = Text(min_length=1, max_length=2000)


class PolicyIn(_Reasoned):
    """A policy to propose."""

    text = Text(
        source="source",
        max_length=200_000,
        trim_whitespace=False,
        help_text="The document, as YAML.",
    )


class PolicyMoveIn(_Reasoned):
    """Where a version shall go."""

    to = serializers.ChoiceField(choices=PolicyVersion.State.choices)
    canary_share = serializers.FloatField(
        required=False, default=None, allow_null=True, help_text="Above 0 up to 1; of a canary."
    )
    canary_seed = Text(max_length=64, required=False, allow_blank=True, default="")


class PolicyReasonIn(_Reasoned):
    """Why."""


class PolicyBacktestIn(serializers.Serializer[Any]):
    """The period of a backtest; `until` is not included."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class RetroRunMoveIn(_Reasoned):
    """What a retro-run shall do."""

    to = serializers.ChoiceField(choices=["running", "paused", "undoing", "cancelled"])


class _Kept(View):
    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read", "POST": "cases:decide cases:read"}

    def backtest(self, run_id: UUID) -> Response:
        """Answer with a backtest as it is now."""
        return self.runs(PolicyBacktestOut, selectors.backtest_run_for(self.viewer, run_id))

    def retro_run(self, run_id: UUID) -> Response:
        """Answer with a retro-run as it is now."""
        return self.runs(RetroRunOut, selectors.retro_run_for(self.viewer, run_id))

    def runs(self, shape: type[serializers.Serializer[Any]], run: object) -> Response:
        """Answer with one run."""
        return Response(shape(run, context=self.shown()).data)

    def shown(self) -> dict[str, bool]:
        """Say what is shown: to a key no examples, which may be of other organisations."""
        return {"shows_examples": self.viewer.organisation_id is None}

    def version(self, version_id: UUID) -> Response:
        """Answer with a version as it is now."""
        version = selectors.policy_version_for(self.viewer, version_id)
        totals = selectors.shadow_totals(self.viewer, version_id)
        return Response(
            {
                **PolicyVersionOut(version).data,
                "text": version.source,
                "diff": selectors.difference(version),
                "shadow_pairs": [
                    {"live": live, "shadow": shadow, "count": count}
                    for (live, shadow), count in totals.pairs.items()
                ],
                "shadow_not_comparable": totals.not_comparable,
            }
        )


class Policies(_Kept):
    """All versions."""

    @extend_schema(
        operation_id="policies_list",
        tags=["policies"],
        parameters=[*paged(), choice("state", list(PolicyVersion.State.values), "Of one only.")],
        responses=page_of(PolicyVersionOut),
    )
    def get(self, request: Request) -> Response:
        """List the versions, the newest first."""
        state = request.query_params.get("state", "")
        if state and state not in PolicyVersion.State.values:
            wrong = FieldError("/state", "invalid_choice", "There is no such state.")
            raise InvalidInput(errors=[wrong])
        return page(
            request,
            selectors.policy_versions(self.viewer, state=state),
            lambda rows: PolicyVersionOut(rows, many=True).data,
            filters={"state": state},
        )

    @extend_schema(
        operation_id="policies_propose",
        tags=["policies"],
        request=PolicyIn,
        responses={201: PolicyVersionDetailOut},
    )
    def post(self, request: Request) -> Response:
        """Propose a policy as a draft; for policy admins. The same text is the same version."""
        version = services.propose_policy(viewer=self.viewer, **checked(PolicyIn, request.data))
        answer = self.version(version.pk)
        answer.status_code = 201
        return answer


class PolicyView(_Kept):
    """One version."""

    @extend_schema(
        operation_id="policies_read", tags=["policies"], responses=PolicyVersionDetailOut
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """Read a version: its text, what differs from the active one, how it did as a shadow."""
        return self.version(version_id)


class PolicyState(_Kept):
    """Moving a version on."""

    @extend_schema(
        operation_id="policies_move",
        tags=["policies"],
        request=PolicyMoveIn,
        responses=PolicyVersionDetailOut,
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Move a version: draft, shadow, approved (by another person), canary, active, retired."""
        services.move_policy(
            version_id=version_id, viewer=self.viewer, **checked(PolicyMoveIn, request.data)
        )
        return self.version(version_id)


class PolicyRollBack(_Kept):
    """Rolling back."""

    @extend_schema(
        operation_id="policies_roll_back",
        tags=["policies"],
        request=PolicyReasonIn,
        responses=PolicyVersionDetailOut,
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Take a canary off, or put what was active before this one back in force."""
        services.roll_back_policy(
            version_id=version_id, viewer=self.viewer, **checked(PolicyReasonIn, request.data)
        )
        return self.version(version_id)


class PolicyDisagreements(_Kept):
    """Where a shadow differs."""

    @extend_schema(
        operation_id="policies_disagreements",
        tags=["policies"],
        parameters=paged(),
        responses=page_of(PolicyDisagreementOut),
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """List the outputs of which a version said something else, the newest first."""
        return page(
            request,
            selectors.disagreements(self.viewer, version_id),
            lambda rows: PolicyDisagreementOut(rows, many=True).data,
        )


class PolicyBacktests(_Kept):
    """Backtests of a version."""

    @extend_schema(
        operation_id="policies_backtests_list",
        tags=["policies"],
        parameters=paged(),
        responses=page_of(PolicyBacktestOut),
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """List the backtests of a version, the newest first."""
        selectors.policy_version_for(self.viewer, version_id)
        return page(
            request,
            selectors.backtest_runs(self.viewer, version_id=version_id),
            lambda rows: PolicyBacktestOut(rows, many=True, context=self.shown()).data,
        )

    @extend_schema(
        operation_id="policies_backtests_start",
        tags=["policies"],
        request=PolicyBacktestIn,
        responses={201: PolicyBacktestOut},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Run a version over the decisions of a period, from their stored signals."""
        run = services.start_backtest(
            version_id=version_id, viewer=self.viewer, **checked(PolicyBacktestIn, request.data)
        )
        answer = self.backtest(run.pk)
        answer.status_code = 201
        return answer


class PolicyBacktestView(_Kept):
    """One backtest."""

    @extend_schema(
        operation_id="policy_backtests_read", tags=["policies"], responses=PolicyBacktestOut
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Read how far a backtest is, and its figures so far."""
        return self.backtest(run_id)


class PolicyBacktestCancel(_Kept):
    """Giving a backtest up."""

    @extend_schema(
        operation_id="policy_backtests_cancel",
        tags=["policies"],
        request=None,
        responses=PolicyBacktestOut,
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Stop a backtest; what it counted stays."""
        services.cancel_backtest(run_id=run_id, viewer=self.viewer)
        return self.backtest(run_id)


class PolicyRetroRuns(_Kept):
    """Retro-runs of a version."""

    @extend_schema(
        operation_id="policies_retro_runs_list",
        tags=["policies"],
        parameters=paged(),
        responses=page_of(RetroRunOut),
    )
    def get(self, request: Request, version_id: UUID) -> Response:
        """List the runs of a version over what is released, the newest first."""
        selectors.policy_version_for(self.viewer, version_id)
        return page(
            request,
            selectors.retro_runs(self.viewer, version_id=version_id),
            lambda rows: RetroRunOut(rows, many=True, context=self.shown()).data,
        )

    @extend_schema(
        operation_id="policies_retro_runs_preview",
        tags=["policies"],
        request=PolicyReasonIn,
        responses={201: RetroRunOut},
    )
    def post(self, request: Request, version_id: UUID) -> Response:
        """Begin the preview of a run: what would be held of all that is released."""
        run = services.preview_retro_run(
            version_id=version_id, viewer=self.viewer, **checked(PolicyReasonIn, request.data)
        )
        answer = self.retro_run(run.pk)
        answer.status_code = 201
        return answer


class RetroRunView(_Kept):
    """One retro-run."""

    @extend_schema(operation_id="retro_runs_read", tags=["policies"], responses=RetroRunOut)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Read how far a run is, what it would hold and what it held."""
        return self.retro_run(run_id)


class RetroRunState(_Kept):
    """Moving a retro-run."""

    @extend_schema(
        operation_id="retro_runs_move",
        tags=["policies"],
        request=RetroRunMoveIn,
        responses=RetroRunOut,
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Start, pause, resume, undo a run, or give it up."""
        services.move_retro_run(
            run_id=run_id, viewer=self.viewer, **checked(RetroRunMoveIn, request.data)
        )
        return self.retro_run(run_id)
