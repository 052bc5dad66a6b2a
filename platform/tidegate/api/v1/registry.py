"""The model registry and the model servers, for policy admins and auditors."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from generation.app.registry import selectors, services
from generation.app.registry.servers import servers
from generation.app.registry.snapshot import Offer
from tidegate.api.forms import checked
from tidegate.api.v1.shapes import Text, Whole
from tidegate.api.views import View
from tidegate.primitives.clock import now

MANAGE = "models:manage"


class RegisteredOut(serializers.Serializer[Any]):
    """A model as the registry has it."""

    name = serializers.CharField()
    title = serializers.CharField(source="stable.title")
    modality = serializers.CharField(source="stable.modality")
    is_enabled = serializers.BooleanField()
    is_offered = serializers.SerializerMethodField(
        help_text="Enabled, every safety phase handled, and not retired."
    )
    because = serializers.CharField(help_text="Why it is disabled: new, operator, crashed, unsafe.")
    reason = serializers.CharField()
    missing_phases = serializers.ListField(child=serializers.CharField())
    stable = serializers.CharField(source="stable.version")
    canary = serializers.SerializerMethodField()
    canary_percent = serializers.IntegerField()
    deprecated_at = serializers.DateTimeField(allow_null=True)
    retires_at = serializers.DateTimeField(allow_null=True)
    successor = serializers.CharField()

    def get_is_offered(self, offer: Offer) -> bool:
        """Whether requests are accepted now."""
        return offer.is_offered(now())

    def get_canary(self, offer: Offer) -> str | None:
        """Return the version that a share of requests gets."""
        return None if offer.canary is None else offer.canary.version


class VersionOut(serializers.Serializer[Any]):
    """One content of a model's entry."""

    version = serializers.CharField()
    is_shipped = serializers.BooleanField()
    is_open = serializers.BooleanField(help_text="Whether requests may name it.")
    created_at = serializers.DateTimeField()
    entry = serializers.DictField(source="document", help_text="The entry, word for word.")


class RegisteredDetailOut(RegisteredOut):
    """A model with its versions, newest first, and the log of its crash."""

    versions = VersionOut(many=True)
    crash_log = serializers.CharField()


class EntryIn(serializers.Serializer[Any]):
    """A catalogue entry, as its YAML file would say it."""

    entry = serializers.DictField()


class ReasonIn(serializers.Serializer[Any]):
    """Why."""

    reason = Text(max_length=500)


class AliasesIn(ReasonIn):
    """Which versions the aliases mean."""

    stable = Text(max_length=12)
    canary = Text(max_length=12, required=False, allow_blank=True, default="")
    canary_percent = Whole(required=False, default=0, min_value=0, max_value=100)


class DeprecationIn(ReasonIn):
    """When a model takes its last request; null takes the deprecation back."""

    retires_at = serializers.DateTimeField(allow_null=True)
    successor = Text(max_length=64, required=False, allow_blank=True, default="")


class HoldingOut(serializers.Serializer[Any]):
    """One model on one server; counts since it was loaded, times in seconds."""

    name = serializers.CharField(source="held.name")
    version = serializers.CharField(source="held.version")
    state = serializers.CharField(source="held.state")
    models = serializers.ListField(child=serializers.CharField())
    inferences = serializers.IntegerField(source="held.inferences")
    failures = serializers.IntegerField(source="held.failures")
    queue_seconds = serializers.FloatField(source="held.queue_seconds")
    compute_seconds = serializers.FloatField(source="held.compute_seconds")
    last_inference_at = serializers.DateTimeField(source="held.last_inference_at", allow_null=True)
    jobs_waiting = serializers.IntegerField()
    jobs_running = serializers.IntegerField()
    loads = serializers.IntegerField()
    loaded_at = serializers.DateTimeField(allow_null=True)
    load_seconds = serializers.FloatField(allow_null=True)
    last_error = serializers.CharField()
    last_error_at = serializers.DateTimeField(allow_null=True)


class ServerOut(serializers.Serializer[Any]):
    """One model server, as it answered just now."""

    url = serializers.CharField()
    version = serializers.CharField()
    is_live = serializers.BooleanField()
    problem = serializers.CharField()
    models = HoldingOut(many=True, source="holdings")


class _Managed(View):
    scopes: ClassVar[dict[str, str]] = dict.fromkeys(("GET", "POST", "PUT"), MANAGE)

    def detail(self, name: str) -> Response:
        """Answer with the model as it is now."""
        offer = selectors.registered_model(self.viewer, name)
        shown = RegisteredOut(offer).data
        versions = VersionOut(selectors.versions_of(self.viewer, name), many=True).data
        log = selectors.crash_log(self.viewer, name)
        return Response({**shown, "versions": versions, "crash_log": log})

    def given(self, request: Request, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return what the body says, or raise its problems."""
        return checked(shape, request.data)


class Registry(_Managed):
    """All models."""

    @extend_schema(
        operation_id="registry_list",
        tags=["registry"],
        responses=inline_serializer("RegisteredList", {"items": RegisteredOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """List every model, offered or not."""
        return Response({"items": RegisteredOut(selectors.registered(self.viewer), many=True).data})

    @extend_schema(
        operation_id="registry_add",
        tags=["registry"],
        request=EntryIn,
        responses={201: VersionOut},
    )
    def post(self, request: Request) -> Response:
        """Take up an entry: a new model, or another version of a known one."""
        version = services.add_entry(
            viewer=self.viewer, document=self.given(request, EntryIn)["entry"]
        )
        return Response(VersionOut(version).data, status=201)


class RegistryModel(_Managed):
    """One model."""

    @extend_schema(operation_id="registry_read", tags=["registry"], responses=RegisteredDetailOut)
    def get(self, request: Request, name: str) -> Response:
        """Read one model with its versions."""
        return self.detail(name)


class RegistryEnable(_Managed):
    """Switching on."""

    @extend_schema(
        operation_id="registry_enable",
        tags=["registry"],
        request=ReasonIn,
        responses=RegisteredDetailOut,
    )
    def post(self, request: Request, name: str) -> Response:
        """Offer a model; refused while a safety phase that it needs has no handler."""
        services.enable_model(viewer=self.viewer, name=name, **self.given(request, ReasonIn))
        return self.detail(name)


class RegistryDisable(_Managed):
    """Switching off."""

    @extend_schema(
        operation_id="registry_disable",
        tags=["registry"],
        request=ReasonIn,
        responses=RegisteredDetailOut,
    )
    def post(self, request: Request, name: str) -> Response:
        """Offer a model no longer; jobs that wait for it fail."""
        services.disable_model(viewer=self.viewer, name=name, **self.given(request, ReasonIn))
        return self.detail(name)


class RegistryAliases(_Managed):
    """Which version a request gets."""

    @extend_schema(
        operation_id="registry_aliases",
        tags=["registry"],
        request=AliasesIn,
        responses=RegisteredDetailOut,
    )
    def put(self, request: Request, name: str) -> Response:
        """Say which versions are stable and canary, and how many requests get the canary."""
        services.set_aliases(viewer=self.viewer, name=name, **self.given(request, AliasesIn))
        return self.detail(name)


class RegistryDeprecation(_Managed):
    """The end of a model."""

    @extend_schema(
        operation_id="registry_deprecate",
        tags=["registry"],
        request=DeprecationIn,
        responses=RegisteredDetailOut,
    )
    def put(self, request: Request, name: str) -> Response:
        """Announce when a model takes its last request, or take that back."""
        services.deprecate_model(
            viewer=self.viewer, name=name, **self.given(request, DeprecationIn)
        )
        return self.detail(name)


class RegistryLoad(_Managed):
    """Loading."""

    @extend_schema(
        operation_id="registry_load",
        tags=["registry"],
        request=None,
        responses={202: RegisteredDetailOut},
    )
    def post(self, request: Request, name: str) -> Response:
        """Have a worker load a model; /servers shows when it is ready."""
        services.request_load(viewer=self.viewer, name=name)
        answer = self.detail(name)
        answer.status_code = 202
        return answer


class RegistryUnload(_Managed):
    """Unloading."""

    @extend_schema(
        operation_id="registry_unload",
        tags=["registry"],
        request=ReasonIn,
        responses=RegisteredDetailOut,
    )
    def post(self, request: Request, name: str) -> Response:
        """Free what a model holds; the next request loads it again."""
        services.unload_model(viewer=self.viewer, name=name, **self.given(request, ReasonIn))
        return self.detail(name)


class Servers(_Managed):
    """The model servers."""

    @extend_schema(
        operation_id="servers_list",
        tags=["registry"],
        responses=inline_serializer("ServerList", {"items": ServerOut(many=True)}),
    )
    def get(self, request: Request) -> Response:
        """Show what each running server holds."""
        return Response({"items": ServerOut(servers(self.viewer), many=True).data})
