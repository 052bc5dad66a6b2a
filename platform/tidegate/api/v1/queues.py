"""Queues: which rule sends cases where, who works in them, and what reviewers can do."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.core.routing import VARIABLES
from tidegate.api.forms import checked
from tidegate.api.v1.decisions import TitleOut
from tidegate.api.v1.shapes import Flag, Id, Text
from tidegate.api.views import View


class ReviewQueueOut(serializers.Serializer[Any]):
    """A queue, what waits in it, and who is at a case of it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    title = TitleOut()
    position = serializers.IntegerField(help_text="The lowest is asked first.")
    rule = serializers.CharField(help_text="A condition in CEL.")
    needs = serializers.ListField(child=serializers.CharField(), help_text="Skills.")
    members = serializers.ListField(
        child=serializers.CharField(), help_text="Names; none: everybody who has the skills."
    )
    is_paused = serializers.BooleanField()
    is_mine = serializers.BooleanField(help_text="Whether you are given its cases.")
    waiting = serializers.IntegerField()
    oldest_at = serializers.DateTimeField(allow_null=True)
    at_work = serializers.ListField(child=serializers.CharField())


class QueuesOut(serializers.Serializer[Any]):
    """All queues in their order, and the names that rules may use with their types."""

    queues = ReviewQueueOut(many=True)
    variables = serializers.DictField(child=serializers.CharField())


class ReviewQueueIn(serializers.Serializer[Any]):
    """A queue as a whole."""

    name = Text(min_length=1, max_length=40)
    title = Text(min_length=1, max_length=60)
    title_zh = Text(required=False, max_length=60)
    position = serializers.IntegerField(min_value=0, max_value=9999)
    rule = Text(min_length=1, max_length=500)
    needs = serializers.ListField(child=Text(max_length=32), required=False)
    members = serializers.ListField(child=Id(), required=False)
    is_paused = Flag(required=False, default=False)


class RuleIn(serializers.Serializer[Any]):
    """A rule to be tried."""

    rule = Text(min_length=1, max_length=500)


class RulePreviewOut(serializers.Serializer[Any]):
    """How many of the newest cases that wait a rule would take by itself."""

    taken = serializers.IntegerField()
    of = serializers.IntegerField()


class SkillsIn(serializers.Serializer[Any]):
    """All that somebody can do."""

    skills = serializers.ListField(child=Text(max_length=32))


class SkillsOut(serializers.Serializer[Any]):
    """All that somebody can do, in order."""

    skills = serializers.ListField(child=serializers.CharField())


class Queues(View):
    """The queues."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read", "POST": "cases:decide cases:read"}

    @extend_schema(operation_id="queues_list", tags=["cases"], responses=QueuesOut)
    def get(self, request: Request) -> Response:
        """List the queues in the order in which their rules are asked. Staff only."""
        shown = {
            "queues": selectors.review_queues(self.viewer),
            "variables": {name: kind.value for name, kind in VARIABLES.items()},
        }
        return Response(QueuesOut(shown).data)

    @extend_schema(
        operation_id="queues_create",
        tags=["cases"],
        request=ReviewQueueIn,
        responses={201: ReviewQueueOut},
    )
    def post(self, request: Request) -> Response:
        """Make a queue; every case that waits is routed again. Senior staff only."""
        made = services.save_queue(viewer=self.viewer, **checked(ReviewQueueIn, request.data))
        shown = ReviewQueueOut(selectors.queue_for(self.viewer, made.pk))
        return Response(shown.data, status=201)


class Queue(View):
    """One queue."""

    scopes: ClassVar[dict[str, str]] = {
        "GET": "cases:read",
        "PUT": "cases:decide cases:read",
        "DELETE": "cases:decide cases:read",
    }

    @extend_schema(operation_id="queues_read", tags=["cases"], responses=ReviewQueueOut)
    def get(self, request: Request, queue_id: UUID) -> Response:
        """Read a queue. Staff only."""
        return Response(ReviewQueueOut(selectors.queue_for(self.viewer, queue_id)).data)

    @extend_schema(
        operation_id="queues_replace",
        tags=["cases"],
        request=ReviewQueueIn,
        responses=ReviewQueueOut,
    )
    def put(self, request: Request, queue_id: UUID) -> Response:
        """Change a queue as a whole; every case that waits is routed again. Senior staff only."""
        form = checked(ReviewQueueIn, request.data)
        services.save_queue(viewer=self.viewer, queue_id=queue_id, **form)
        return Response(ReviewQueueOut(selectors.queue_for(self.viewer, queue_id)).data)

    @extend_schema(operation_id="queues_delete", tags=["cases"], responses={204: None})
    def delete(self, request: Request, queue_id: UUID) -> Response:
        """Take a queue away; its cases go where the other rules say. Senior staff only."""
        services.remove_queue(queue_id=queue_id, viewer=self.viewer)
        return Response(status=204)


class QueuePreview(View):
    """What a rule would take."""

    scopes: ClassVar[dict[str, str]] = {"POST": "cases:decide cases:read"}

    @extend_schema(
        operation_id="queues_preview", tags=["cases"], request=RuleIn, responses=RulePreviewOut
    )
    def post(self, request: Request) -> Response:
        """Try a rule on the newest cases that wait. Nothing is written. Senior staff only."""
        found = services.preview_rule(viewer=self.viewer, **checked(RuleIn, request.data))
        return Response(RulePreviewOut(found).data)


class ReviewerSkills(View):
    """What a reviewer can do."""

    scopes: ClassVar[dict[str, str]] = {"PUT": "cases:decide cases:read"}

    @extend_schema(
        operation_id="reviewers_set_skills", tags=["cases"], request=SkillsIn, responses=SkillsOut
    )
    def put(self, request: Request, user_id: UUID) -> Response:
        """Say all that somebody can do: queues that need more give them no cases. Senior staff."""
        skills = checked(SkillsIn, request.data)["skills"]
        kept = services.set_skills(person_id=user_id, skills=skills, viewer=self.viewer)
        return Response(SkillsOut({"skills": kept}).data)
