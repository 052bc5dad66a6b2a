"""Statements of reasons: one's own, and for the DSA Transparency Database."""

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.models import Letter, Statement
from moderation.app.models.statements import MEASURES
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import page_of, paged
from tidegate.api.views import View


class StatementOut(serializers.Serializer[Any]):
    """Why the asker's content or account was restricted."""

    id = serializers.UUIDField()
    reference = serializers.CharField(help_text="The number to quote.")
    measure = serializers.ChoiceField(choices=MEASURES)
    asset_id = serializers.UUIDField(allow_null=True, help_text="Null: it is about the person.")
    made_at = serializers.DateTimeField(source="created_at")
    until = serializers.DateTimeField(allow_null=True, help_text="When it ends by itself.")
    appeal_until = serializers.DateTimeField(allow_null=True, help_text="Null: no appeal.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="Null: it holds.")
    language = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()

    def get_language(self, statement: Statement) -> str:
        """The language of `text`."""
        return self._letter(statement).language

    def get_text(self, statement: Statement) -> str:
        """The statement as it was told: facts, ground, automation and redress."""
        return self._letter(statement).body

    def _letter(self, statement: Statement) -> Letter:
        return next(one for one in statement.letters.all() if one.kind == Letter.Kind.STATEMENT)


class StatementsFor(serializers.Serializer[Any]):
    """From when till when."""

    since = serializers.DateTimeField(required=False, default=None, allow_null=True)
    until = serializers.DateTimeField(required=False, default=None, allow_null=True)


class ExportedStatementOut(serializers.Serializer[Any]):
    """A statement as the DSA Transparency Database takes it; with `problems` it may not go."""

    reference = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField())
    statement = serializers.SerializerMethodField()

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_statement(self, exported: selectors.ExportedStatement) -> dict[str, Any]:
        """The fields of `POST /api/v1/statements` of the database."""
        return exported.dsa


class Statements(View):
    """The asker's statements of reasons."""

    scopes: ClassVar[dict[str, str]] = {"GET": "assets:read"}

    @extend_schema(
        operation_id="statements_list",
        tags=["statements"],
        parameters=[*paged()],
        responses=page_of(StatementOut),
    )
    def get(self, request: Request) -> Response:
        """List why one's own content or account was restricted, newest first."""
        rows = selectors.own_statements(self.viewer)
        return page(request, rows, lambda found: StatementOut(found, many=True).data, filters={})


class StatementsExport(View):
    """Statements for the DSA Transparency Database."""

    scopes: ClassVar[dict[str, str]] = {"GET": "cases:read"}

    @extend_schema(
        operation_id="statements_export",
        tags=["statements"],
        parameters=[
            *paged(),
            OpenApiParameter("since", OpenApiTypes.DATETIME, description="Not older."),
            OpenApiParameter("until", OpenApiTypes.DATETIME, description="Older than this."),
        ],
        responses=page_of(ExportedStatementOut),
    )
    def get(self, request: Request) -> Response:
        """Export statements, oldest first, in the fields of the DSA Transparency Database.

        Without names of people. Review staff only; every export is written into the audit trail.
        """
        asked: dict[str, datetime | None] = checked(StatementsFor, request.query_params)
        rows = selectors.statements_for(self.viewer, since=asked["since"], until=asked["until"])
        filters = {name: moment.isoformat() for name, moment in asked.items() if moment}
        answer = page(request, rows, _exported, filters=filters, newest_first=False)
        services.note_export(
            viewer=self.viewer,
            references=[one["reference"] for one in answer.data["items"]],
        )
        return answer


def _exported(found: list[Statement]) -> Any:
    return ExportedStatementOut(
        [selectors.exported_statement(one) for one in found], many=True
    ).data
