"""Proofs over the audit trail: signed trees, inclusion, consistency, exports."""

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tidegate.api.v1.audit import FILTERS, asked, entries_for, require_auditor
from tidegate.api.views import View
from tidegate.audit import exports, proofs
from tidegate.audit.models import Checkpoint, Entry
from tidegate.primitives.errors import InvalidInput, NotAllowed, NotFound

PLATFORM = "platform"
_DIGITS = 15
_CHAIN = OpenApiParameter("chain", OpenApiTypes.STR, required=True, description="Of this chain.")


class TreeHeadOut(serializers.Serializer[Any]):
    """A signed head: Ed25519 over the canonical JSON of `document` (keys sorted, no spaces)."""

    document = serializers.DictField(help_text="`root` is RFC 9162's over `entries` leaves.")
    signature = serializers.CharField(help_text="Hexadecimal.")


class InclusionOut(serializers.Serializer[Any]):
    """The path from an entry to the root of a signed tree, the lowest hash first."""

    hash = serializers.CharField(help_text="The entry's hash: the data of its leaf.")
    seq = serializers.IntegerField(help_text="Its leaf is number `seq` - 1.")
    proof = serializers.ListField(child=serializers.CharField())
    head = TreeHeadOut()


class ConsistencyOut(serializers.Serializer[Any]):
    """The proof that one signed tree is the beginning of another."""

    first = TreeHeadOut()
    second = TreeHeadOut()
    proof = serializers.ListField(child=serializers.CharField())


class _Proofs(View):
    scopes: ClassVar[dict[str, str]] = {"GET": "audit:read"}

    def chain(self, request: Request) -> str:
        """Return the chain asked for, which a key's organisation must be."""
        require_auditor(self.viewer)
        own = self.viewer.organisation_id
        default = PLATFORM if own is None else f"organisation:{own}"
        chain = request.query_params.get("chain") or default
        if own is not None and chain != default:
            raise NotAllowed("A key reads its own organisation's chain.", code="staff_scope")
        if "\0" in chain:
            raise NotFound("There is no such chain.", code="tree_not_found")
        return chain

    def head(self, request: Request, name: str = "size") -> Checkpoint:
        """Return the signed tree of the size asked for, or the newest."""
        chain, text = self.chain(request), request.query_params.get(name, "")
        if not text:
            return proofs.head_of(chain)
        if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
            raise InvalidInput(
                "This is no number of entries.", code="out_of_range", pointer=f"/{name}"
            )
        return proofs.head_of(chain, size=int(text))


class TreeHead(_Proofs):
    """Signed trees."""

    @extend_schema(
        operation_id="audit_tree_head",
        tags=["audit"],
        parameters=[_CHAIN, OpenApiParameter("size", OpenApiTypes.INT, description="Of so many.")],
        responses=TreeHeadOut,
    )
    def get(self, request: Request) -> Response:
        """Read the newest signed tree of a chain, or the one of that many entries."""
        return Response(_head(self.head(request)))


class Inclusion(_Proofs):
    """Proofs that an entry is in a signed tree."""

    @extend_schema(
        operation_id="audit_inclusion",
        tags=["audit"],
        parameters=[
            _CHAIN,
            OpenApiParameter("size", OpenApiTypes.INT, description="Of that tree."),
        ],
        responses=InclusionOut,
    )
    def get(self, request: Request, seq: int) -> Response:
        """Read the proof that an entry of a chain is in a signed tree, the newest by default."""
        head = self.head(request)
        entry = Entry.objects.filter(chain=head.chain, seq=seq).first()
        if entry is None:
            raise NotFound("There is no such entry.", code="tree_not_found")
        return Response(
            {
                "hash": bytes(entry.hash).hex(),
                "seq": entry.seq,
                "proof": proofs.inclusion_of(entry, head),
                "head": _head(head),
            }
        )


class Consistency(_Proofs):
    """Proofs that history was only added to."""

    @extend_schema(
        operation_id="audit_consistency",
        tags=["audit"],
        parameters=[
            _CHAIN,
            OpenApiParameter("from", OpenApiTypes.INT, required=True, description="Its entries."),
            OpenApiParameter("to", OpenApiTypes.INT, description="Its entries; default: newest."),
        ],
        responses=ConsistencyOut,
    )
    def get(self, request: Request) -> Response:
        """Read the proof that an earlier signed tree is the beginning of a later one."""
        first, second = self.head(request, "from"), self.head(request, "to")
        if first.entries > second.entries:
            raise NotFound("The first tree is the larger one.", code="tree_not_found")
        return Response(
            {
                "first": _head(first),
                "second": _head(second),
                "proof": proofs.consistency_of(first, second),
            }
        )


class AuditExport(View):
    """Exports that a script verifies offline."""

    scopes: ClassVar[dict[str, str]] = {"GET": "audit:read"}

    @extend_schema(
        operation_id="audit_export",
        tags=["audit"],
        parameters=[
            OpenApiParameter(name, OpenApiTypes.STR, description=f"Only this {name}.")
            for name in FILTERS
        ],
        responses={(200, "application/jsonl"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponse:
        """Export entries as JSON Lines with proofs; the trail remembers who did.

        `platform/tidegate/audit/offline.py` verifies it with the public key alone.
        """
        require_auditor(self.viewer)
        filters = asked(request)
        own = self.viewer.organisation_id
        lines = exports.export(
            entries_for(self.viewer, filters),
            actor=self.viewer.actor(),
            chain=PLATFORM if own is None else f"organisation:{own}",
            asked={name: str(value) for name, value in filters.items()},
        )
        return HttpResponse(
            "".join(lines),
            content_type="application/jsonl",
            headers={"Content-Disposition": 'attachment; filename="audit-trail.jsonl"'},
        )


def _head(head: Checkpoint) -> dict[str, Any]:
    stated = proofs.statement_of(head)
    return {"document": stated["document"], "signature": stated["signature"]}
