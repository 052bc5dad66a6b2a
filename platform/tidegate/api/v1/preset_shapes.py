"""Presets as the API takes and shows them."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from generation.app.models import Preset, PresetVersion
from generation.app.presets.selectors import (
    edited_by,
    read_inside_by,
    shown_versions,
    versions_visible_to,
)
from generation.app.presets.words import PresetWords
from generation.core.prompting import TYPES
from generation.core.prompting.template import LONGEST_TEMPLATE
from generation.core.prompting.variables import (
    LONGEST_ENTRY,
    LONGEST_TITLE,
    MOST_CHOICES,
    MOST_ENTRIES,
    MOST_VARIABLES,
)
from tidegate.accounts.viewers import Viewer
from tidegate.api.v1.shapes import Id, Text, Whole


class Plain(serializers.Field[Any, Any, Any, Any]):
    """A text or a number, as it stands."""

    def to_internal_value(self, data: Any) -> str | int | float:
        """Return it; anything with parts is refused."""
        if isinstance(data, bool) or not isinstance(data, str | int | float):
            raise serializers.ValidationError("a text or a number", code="invalid")
        if isinstance(data, str) and "\0" in data:
            raise serializers.ValidationError(
                "U+0000 is not allowed", code="null_characters_not_allowed"
            )
        return data

    def to_representation(self, value: Any) -> Any:
        """Return it."""
        return value


@extend_schema_field({"oneOf": [{"type": "string"}, {"type": "number"}]})
class Value(Plain):
    """As `Plain`, described."""


class Number(serializers.FloatField):
    """A JSON number; a text is not taken for its digits."""

    def to_internal_value(self, data: Any) -> float:
        """Return the number."""
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            return float(data)
        except OverflowError:
            self.fail("invalid")


class PresetVariableIn(serializers.Serializer[Any]):
    """What a template's `{name}` stands for."""

    name = Text(max_length=32)
    type = serializers.ChoiceField(choices=TYPES, required=False, default="text")
    title = Text(
        required=False, max_length=LONGEST_TITLE, help_text="What people are asked; else its name."
    )
    default = Value(
        required=False, help_text="Without one it must be given; an empty text needs none."
    )
    choices = serializers.ListField(child=Value(), required=False, max_length=MOST_CHOICES)
    minimum = Number(required=False, help_text="Of a number.")
    maximum = Number(required=False, help_text="Of a number, or of a text's length in characters.")

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return plain values only: they are stored as JSON."""
        return dict(super().to_internal_value(data))


class PresetWordsIn(serializers.Serializer[Any]):
    """What a version of a preset says."""

    name = Text(max_length=80)
    description = Text(required=False, default="", allow_blank=True, max_length=500)
    model = Text(max_length=80, help_text="A name of /api/v1/models.")
    prompt = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_TEMPLATE,
        trim_whitespace=False,
        help_text="A template: `{name}` is a variable, `{red|blue}` a choice, `{*list}` an entry "
        "of a list; a backslash stands before a brace that is meant.",
    )
    negative_prompt = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_TEMPLATE,
        help_text="A template too, for models that take a negative prompt.",
    )
    style = Text(  # type: ignore[assignment]  # DRF takes declared fields out of the class
        required=False, default="", allow_blank=True, max_length=40, help_text="Of the model's."
    )
    parameters = serializers.DictField(required=False, default=dict, help_text="Those to be set.")
    variables = serializers.ListField(
        child=PresetVariableIn(), required=False, default=list, max_length=MOST_VARIABLES
    )
    lists = serializers.DictField(
        child=serializers.ListField(
            child=Text(max_length=LONGEST_ENTRY, allow_blank=True), max_length=MOST_ENTRIES
        ),
        required=False,
        default=dict,
    )


class PresetIn(PresetWordsIn):
    """A new preset."""

    organisation_id = Id()
    scope = serializers.ChoiceField(
        choices=Preset.Scope.choices,
        required=False,
        default=Preset.Scope.USER,
        help_text="`user`: one's own; `organisation`: for its members, kept by its admins.",
    )


class PresetNextIn(PresetWordsIn):
    """The next version of a preset."""

    latest = Whole(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        help_text="The version that was changed: 409 `preset_changed` if there is a later one.",
    )


class PresetOut(serializers.Serializer[Any]):
    """One version of a preset. What the gate said of it is told to its keepers and to staff."""

    id = serializers.UUIDField(source="preset_id")
    version = serializers.IntegerField(source="number")
    latest_version = serializers.SerializerMethodField(help_text="That one may see.")
    scope = serializers.CharField(source="preset.scope")
    organisation_id = serializers.SerializerMethodField()
    author = serializers.CharField(source="author.display_name")
    name = serializers.CharField()
    description = serializers.CharField()
    model = serializers.CharField(source="model_name")
    prompt = serializers.CharField()
    negative_prompt = serializers.CharField()
    style = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields out of the class
    parameters = serializers.DictField()
    variables = serializers.ListField(child=serializers.DictField())
    lists = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    publication = serializers.ChoiceField(choices=PresetVersion.Publication.choices)
    reasons = serializers.SerializerMethodField()
    is_archived = serializers.SerializerMethodField()
    taken_down_because = serializers.SerializerMethodField()
    may_edit = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_latest_version(self, version: PresetVersion) -> int:
        """Return the newest number that this viewer sees."""
        newest: Mapping[UUID, PresetVersion] = self.context["newest"]
        return newest[version.preset_id].number

    def get_organisation_id(self, version: PresetVersion) -> UUID | None:
        """Return whose it is, for its keepers and staff."""
        return version.preset.organisation_id if self._is_inside(version) else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_reasons(self, version: PresetVersion) -> list[str]:
        """Return codes of why it is held or refused."""
        return list(version.reasons) if self._is_inside(version) else []

    def get_is_archived(self, version: PresetVersion) -> bool:
        """Whether it is out of use."""
        return version.preset.archived_at is not None

    def get_taken_down_because(self, version: PresetVersion) -> str:
        """Return why staff took it down; empty while they did not."""
        return version.preset.taken_down_because if self._is_inside(version) else ""

    def get_may_edit(self, version: PresetVersion) -> bool:
        """Whether the viewer may write versions, archive and publish."""
        return version.preset_id in self.context["edited"]

    def _is_inside(self, version: PresetVersion) -> bool:
        return version.preset_id in self.context["inside"]


def describe_versions(viewer: Viewer, versions: Iterable[PresetVersion]) -> list[Any]:
    """Describe versions as one viewer may see them, whom `versions_visible_to` let see them."""
    shown = list(versions)
    presets = [version.preset for version in shown]
    return _described(viewer, shown, shown_versions(viewer, presets))


def describe_presets(viewer: Viewer, presets: Iterable[Preset]) -> list[Any]:
    """Describe presets by the newest version that one viewer sees, in their order."""
    found = list(presets)
    newest = shown_versions(viewer, found)
    return _described(
        viewer, [newest[preset.pk] for preset in found if preset.pk in newest], newest
    )


def _described(
    viewer: Viewer, shown: list[PresetVersion], newest: Mapping[UUID, PresetVersion]
) -> list[Any]:
    presets = [version.preset for version in shown]
    context = {
        "newest": newest,
        "inside": read_inside_by(viewer, presets),
        "edited": edited_by(viewer, presets),
    }
    return list(PresetOut(shown, many=True, context=context).data)


def words_of(form: Mapping[str, Any]) -> PresetWords:
    """Return the words of a validated body."""
    return PresetWords(
        name=form["name"],
        description=form["description"],
        model_name=form["model"],
        prompt=form["prompt"],
        negative_prompt=form["negative_prompt"],
        style=form["style"],
        parameters=form["parameters"],
        variables=form["variables"],
        lists=form["lists"],
    )


class UsedPresetOut(serializers.Serializer[Any]):
    """Which preset a prompt was written with."""

    id = serializers.UUIDField()
    version = serializers.IntegerField()
    name = serializers.CharField()
    author = serializers.CharField()


def presets_used(viewer: Viewer, versions: Iterable[UUID | None]) -> dict[UUID, dict[str, Any]]:
    """Return what to say of these versions, by id: only of those that the viewer sees."""
    wanted = {version for version in versions if version is not None}
    if not wanted:
        return {}
    seen = (
        versions_visible_to(viewer)
        .filter(pk__in=wanted)
        .values_list("pk", "preset_id", "number", "name", "author__display_name")
    )
    return {
        pk: {"id": preset_id, "version": number, "name": name, "author": author}
        for pk, preset_id, number, name, author in seen
    }
