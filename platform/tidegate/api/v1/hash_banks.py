"""Hash banks for staff: what is listed, until when, and what a match means."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from moderation.app import selectors, services
from moderation.app.models import HashBank, HashEntry
from moderation.app.selectors import ENTRY_STATES
from moderation.core.exchange import FORMS, LONGEST_INDICATOR
from tidegate.api.forms import checked
from tidegate.api.pagination import page
from tidegate.api.v1.shapes import Id, Text, Whole, choice, page_of, paged
from tidegate.api.views import View
from tidegate.primitives.clock import now
from tidegate.primitives.errors import FieldError, InvalidInput

_MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class HashBankOut(serializers.Serializer[Any]):
    """A bank, and how many entries it has."""

    id = serializers.UUIDField(source="bank.id")
    name = serializers.CharField(source="bank.name")
    effect = serializers.ChoiceField(source="bank.effect", choices=HashBank.Effect.choices)
    enabled_share = serializers.FloatField(source="bank.enabled_share")
    fuse_matches = serializers.IntegerField(source="bank.fuse_matches", allow_null=True)
    fuse_seconds = serializers.IntegerField(source="bank.fuse_seconds", allow_null=True)
    entries = serializers.IntegerField()
    paused = serializers.IntegerField()
    expired = serializers.IntegerField()


class HashOut(serializers.Serializer[Any]):
    """A listed hash."""

    id = serializers.UUIDField()
    bank_id = serializers.UUIDField()
    bank = serializers.CharField(source="bank.name")
    effect = serializers.CharField(source="bank.effect")
    kind = serializers.ChoiceField(choices=HashEntry.Kind.choices)
    value = serializers.CharField()
    hazard = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    owner = serializers.CharField(source="source", help_text="Who says so.")
    tags = serializers.ListField(child=serializers.CharField())
    added_at = serializers.DateTimeField(source="created_at")
    expires_at = serializers.DateTimeField(allow_null=True)
    paused_at = serializers.DateTimeField(allow_null=True)
    paused_because = serializers.CharField(allow_blank=True)
    paused_by_fuse = serializers.BooleanField(
        help_text="It matched too many different contents and was paused by itself."
    )
    is_live = serializers.SerializerMethodField(help_text="Neither paused nor expired.")
    match_count = serializers.IntegerField(help_text="Different contents that it matched.")
    matched_at = serializers.DateTimeField(allow_null=True)

    def get_is_live(self, entry: HashEntry) -> bool:
        """Whether it matches anything now."""
        return entry.is_live(now())


class HashMatchOut(serializers.Serializer[Any]):
    """A content that an entry matched."""

    content = serializers.CharField(help_text="SHA-256 of the content.")
    asset_id = serializers.UUIDField(allow_null=True, help_text="Null: a prompt or an upload.")
    distance = serializers.IntegerField(help_text="In bits of 256; 0 for the same.")
    at = serializers.DateTimeField(source="created_at")


class HashDetailOut(HashOut):
    """A listed hash with the newest contents that it matched."""

    matches = HashMatchOut(many=True)


class _Reasoned(serializers.Serializer[Any]):
    reason = Text(min_length=1, max_length=2000)


class HashReasonIn(_Reasoned):
    """Why."""


class _Measured(_Reasoned):
    enabled_share = serializers.FloatField(
        required=False, default=1.0, help_text="0 (off) to 1: the part of all content."
    )
    fuse_matches = Whole(
        required=False,
        default=None,
        allow_null=True,
        help_text="Different contents an entry may match; null: as configured.",
    )
    fuse_seconds = Whole(
        required=False, default=None, allow_null=True, help_text="Within how long; null as above."
    )


class HashBankIn(_Measured):
    """A new bank."""

    name = Text(max_length=80)
    effect = serializers.ChoiceField(choices=HashBank.Effect.choices)


class HashBankChangeIn(_Measured):
    """A bank's share and fuse; what is left out becomes the default."""


class HashIn(_Reasoned):
    """A hash to list."""

    bank_id = Id()
    kind = serializers.ChoiceField(choices=HashEntry.Kind.choices)
    value = Text(
        max_length=LONGEST_INDICATOR,
        help_text="64 hexadecimal digits; of a film a JSON list of `HASH,QUALITY,SECONDS`.",
    )
    hazard = Text(max_length=32, required=False, allow_blank=True, default="")
    owner = Text(
        source="source",
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Who says so.",
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class HashExpiryIn(_Reasoned):
    """Until when a hash matches; null is for ever."""

    expires_at = serializers.DateTimeField(allow_null=True)


class HashListIn(_Reasoned):
    """A list in the form of ThreatExchange."""

    form = serializers.ChoiceField(choices=FORMS)
    list = serializers.CharField(
        trim_whitespace=False, help_text="The whole list: CSV, or JSON as text."
    )


class _Kept(View):
    scopes: ClassVar[dict[str, str]] = {
        "GET": "cases:read",
        "POST": "cases:decide cases:read",
        "PUT": "cases:decide cases:read",
    }

    def bank(self, bank_id: UUID) -> Response:
        """Answer with a bank as it is now."""
        shown = (one for one in selectors.banks(self.viewer) if one.bank.pk == bank_id)
        return Response(HashBankOut(next(shown)).data)

    def entry(self, entry_id: UUID) -> Response:
        """Answer with an entry as it is now."""
        shown = HashOut(selectors.hash_entry_for(self.viewer, entry_id)).data
        matches = HashMatchOut(selectors.matches_of(self.viewer, entry_id), many=True).data
        return Response({**shown, "matches": matches})


class HashBanks(_Kept):
    """All banks."""

    @extend_schema(
        operation_id="hash_banks_list",
        tags=["hashes"],
        responses=inline_serializer("HashBankList", {"items": HashBankOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """List the banks."""
        return Response({"items": HashBankOut(selectors.banks(self.viewer), many=True).data})

    @extend_schema(
        operation_id="hash_banks_create",
        tags=["hashes"],
        request=HashBankIn,
        responses={201: HashBankOut},
    )
    def post(self, request: Request) -> Response:
        """Make a bank; for policy admins."""
        bank = services.create_bank(viewer=self.viewer, **checked(HashBankIn, request.data))
        answer = self.bank(bank.pk)
        answer.status_code = 201
        return answer


class HashBankView(_Kept):
    """One bank."""

    @extend_schema(
        operation_id="hash_banks_change",
        tags=["hashes"],
        request=HashBankChangeIn,
        responses=HashBankOut,
    )
    def put(self, request: Request, bank_id: UUID) -> Response:
        """Set a bank's share of the traffic and its fuse; for policy admins."""
        services.change_bank(
            bank_id=bank_id, viewer=self.viewer, **checked(HashBankChangeIn, request.data)
        )
        return self.bank(bank_id)


class HashBankImport(_Kept):
    """Taking a list up."""

    @extend_schema(
        operation_id="hash_banks_import",
        tags=["hashes"],
        request=HashListIn,
        responses=inline_serializer(
            "HashesImported",
            {name: serializers.IntegerField() for name in ("added", "changed", "unchanged")},
        ),
    )
    def post(self, request: Request, bank_id: UUID) -> Response:
        """Take up a list as ThreatExchange writes it: all of it, or nothing and every fault.

        Longer lists than a body may be are for the command `hashes import`.
        """
        form = checked(HashListIn, request.data)
        done = services.import_hashes(
            bank_id=bank_id,
            text=form["list"],
            form=form["form"],
            viewer=self.viewer,
            reason=form["reason"],
        )
        return Response({"added": done.added, "changed": done.changed, "unchanged": done.unchanged})


class HashBankExport(_Kept):
    """Handing a list on."""

    @extend_schema(
        operation_id="hash_banks_export",
        tags=["hashes"],
        parameters=[choice("form", list(FORMS), "`json` when not given.")],
        responses={(200, "application/json"): OpenApiTypes.OBJECT, (200, "text/csv"): str},
    )
    def get(self, request: Request, bank_id: UUID) -> HttpResponse:
        """Return a bank's entries as ThreatExchange writes them, without those that are paused."""
        form = request.query_params.get("form", "json")
        text = selectors.exported(self.viewer, bank_id=bank_id, form=form)
        return HttpResponse(text, content_type=_MEDIA_TYPES[form])


class Hashes(_Kept):
    """Listed hashes."""

    @extend_schema(
        operation_id="hashes_list",
        tags=["hashes"],
        parameters=[
            *paged(),
            OpenApiParameter("bank_id", OpenApiTypes.UUID, description="Of one bank only."),
            choice("state", list(ENTRY_STATES), "`all` when not given."),
            choice("kind", list(HashEntry.Kind.values), "Of one kind only."),
            OpenApiParameter("value", OpenApiTypes.STR, description="How the hash begins."),
        ],
        responses=page_of(HashOut),
    )
    def get(self, request: Request) -> Response:
        """List hashes, the newest first."""
        names = ("bank_id", "state", "kind", "value")
        asked = {name: request.query_params.get(name, "") for name in names}
        entries = selectors.hash_entries(
            self.viewer,
            bank_id=_id(asked["bank_id"]),
            state=asked["state"] or "all",
            kind=asked["kind"],
            value=asked["value"],
        )
        return page(request, entries, lambda rows: HashOut(rows, many=True).data, filters=asked)

    @extend_schema(
        operation_id="hashes_add", tags=["hashes"], request=HashIn, responses={201: HashDetailOut}
    )
    def post(self, request: Request) -> Response:
        """List a hash; the same again answers with the entry that is there."""
        entry = services.add_hash(viewer=self.viewer, **checked(HashIn, request.data))
        answer = self.entry(entry.pk)
        answer.status_code = 201
        return answer


class HashView(_Kept):
    """One listed hash."""

    @extend_schema(operation_id="hashes_read", tags=["hashes"], responses=HashDetailOut)
    def get(self, request: Request, entry_id: UUID) -> Response:
        """Read a hash with the newest contents that it matched."""
        return self.entry(entry_id)


class HashPause(_Kept):
    """Pausing."""

    @extend_schema(
        operation_id="hashes_pause",
        tags=["hashes"],
        request=HashReasonIn,
        responses=HashDetailOut,
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Let a hash match nothing until it is resumed."""
        services.pause_hash(
            entry_id=entry_id, viewer=self.viewer, **checked(HashReasonIn, request.data)
        )
        return self.entry(entry_id)


class HashResume(_Kept):
    """Resuming."""

    @extend_schema(
        operation_id="hashes_resume",
        tags=["hashes"],
        request=HashReasonIn,
        responses=HashDetailOut,
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Let a paused hash match again; its fuse counts from now on."""
        services.resume_hash(
            entry_id=entry_id, viewer=self.viewer, **checked(HashReasonIn, request.data)
        )
        return self.entry(entry_id)


class HashExpiry(_Kept):
    """Expiry."""

    @extend_schema(
        operation_id="hashes_expire",
        tags=["hashes"],
        request=HashExpiryIn,
        responses=HashDetailOut,
    )
    def put(self, request: Request, entry_id: UUID) -> Response:
        """Say until when a hash matches."""
        services.set_hash_expiry(
            entry_id=entry_id, viewer=self.viewer, **checked(HashExpiryIn, request.data)
        )
        return self.entry(entry_id)


class HashRemoval(_Kept):
    """Taking off."""

    @extend_schema(
        operation_id="hashes_remove", tags=["hashes"], request=HashReasonIn, responses={204: None}
    )
    def post(self, request: Request, entry_id: UUID) -> Response:
        """Take a hash off its bank; the trail keeps what it said."""
        services.remove_hash(
            entry_id=entry_id, viewer=self.viewer, **checked(HashReasonIn, request.data)
        )
        return Response(status=204)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        wrong = FieldError("/bank_id", "invalid_uuid", "This is not a UUID.")
        raise InvalidInput(errors=[wrong]) from error
