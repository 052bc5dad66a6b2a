"""The credits of an organisation: what it has, and every movement."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.models import Job
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import paged
from tidegate.api.views import View
from tidegate.ledger import selectors
from tidegate.ledger.models import Entry
from tidegate.ledger.selectors import Account


class CreditEntryOut(serializers.ModelSerializer[Entry]):
    """One movement of credits."""

    number = serializers.IntegerField(
        source="seq", read_only=True, help_text="Counts the organisation's entries from 1."
    )
    from_pot = serializers.CharField(
        source="source", read_only=True, help_text="Where the credits came from."
    )
    to_pot = serializers.CharField(
        source="target", read_only=True, help_text="Where the credits went."
    )
    reason = serializers.CharField(
        read_only=True, help_text="A code; empty where nothing needs saying."
    )
    available = serializers.IntegerField(source="available_after", read_only=True)
    reserved = serializers.IntegerField(source="reserved_after", read_only=True)

    class Meta:
        model = Entry
        fields = (
            "id",
            "number",
            "kind",
            "amount",
            "from_pot",
            "to_pot",
            "subject_type",
            "subject_id",
            "output_index",
            "reason",
            "available",
            "reserved",
            "created_at",
        )


class CostOut(serializers.Serializer[Any]):
    """What a job costs. `charged` and `refunded` come to `estimated` once it is settled."""

    estimated = serializers.IntegerField(help_text="Credits set aside when it was accepted.")
    charged = serializers.IntegerField(help_text="Credits it costs as things stand.")
    refunded = serializers.IntegerField(help_text="Credits that came back.")
    refund_reason = serializers.CharField(help_text="Why they came back; empty when none did.")


NOT_PAID = {
    (402, "application/problem+json"): OpenApiResponse(
        {"$ref": "#/components/schemas/Problem"}, description="Not enough credits"
    )
}
"""The answer of calls that spend, for the document."""


def describe_cost(job: Job, account: Account | None) -> dict[str, Any]:
    """Return what a job costs; before anything was posted for it, what it was priced at."""
    if account is None:
        return {
            "estimated": job.cost_credits,
            "charged": 0,
            "refunded": 0,
            "refund_reason": "",
        }
    return {
        "estimated": account.reserved,
        "charged": account.charged,
        "refunded": account.returned,
        "refund_reason": account.reason if account.returned else "",
    }


class Credits(View):
    """What an organisation has and had."""

    scopes: ClassVar[dict[str, str]] = {"GET": "organisations:read"}

    @extend_schema(
        operation_id="credits_read",
        tags=["organisations"],
        parameters=paged(),
        responses=inline_serializer(
            "CreditsPage",
            {
                "available": serializers.IntegerField(help_text="What may be spent."),
                "reserved": serializers.IntegerField(
                    help_text="Set aside for jobs that did not end yet."
                ),
                "items": CreditEntryOut(many=True),
                "has_more": serializers.BooleanField(),
                "next": serializers.CharField(
                    allow_null=True, help_text="Give it back as `cursor` for the following page."
                ),
            },
        ),
    )
    def get(self, request: Request, organisation_id: UUID) -> Response:
        """Read the balance and the movements, newest first; every member may."""
        balance = selectors.balance_for(self.viewer, organisation_id)
        rows = selectors.entries_of(organisation_id)
        answer = page(request, rows, lambda found: list(CreditEntryOut(found, many=True).data))
        answer.data = {
            "available": balance.available,
            "reserved": balance.reserved,
            **(answer.data or {}),
        }
        return answer
