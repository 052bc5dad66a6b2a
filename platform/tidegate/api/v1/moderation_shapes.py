"""Checks as the API takes and shows them, in our own shape."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from moderation.app.checks import Check, Why
from moderation.app.inputs import LONGEST_TEXT, MOST_INPUTS, Asked
from moderation.core.decisions import Verdict
from tidegate.api.v1.shapes import Id, Text

KINDS: Final = ("text", "image", "asset_id", "upload_id")
_SURFACES: Final[Mapping[str, tuple[str, ...]]] = {"text": ("text", "prompt")}
_PICTURES: Final = ("image",)
_DATA_URL: Final = re.compile(r"data:image/[\w.+-]{1,40};base64,", re.IGNORECASE | re.ASCII)
_REMOTE: Final = re.compile(r"\s*[a-z][a-z0-9+.-]{0,20}:", re.IGNORECASE)


@extend_schema_field({"type": "string", "minLength": 1})
class Picture(serializers.Field[Any, Any, Any, Any]):
    """A picture as base64, bare or as a data URL; the value is its bytes. Nothing is fetched.

    No CharField: that one looks at each character of what may be millions.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Not a valid string.",
        "not_base64": "This is no base64.",
        "remote_image": "Nothing is fetched from elsewhere: send the picture as a data URL, "
        "`data:image/png;base64,…`.",
    }

    def __init__(self, *, needs_url: bool = False, **given: Any) -> None:
        """Take data URLs only, if they are needed."""
        self.needs_url = needs_url
        super().__init__(**given)

    def to_internal_value(self, data: Any) -> Any:
        """Return the bytes."""
        if not isinstance(data, str):
            self.fail("invalid")
        head = _DATA_URL.match(data)
        if head is None and (self.needs_url or _REMOTE.match(data)):
            self.fail("remote_image")
        try:
            return base64.b64decode(data[head.end() if head else 0 :], validate=True)
        except (binascii.Error, ValueError):
            self.fail("not_base64")

    def to_representation(self, value: Any) -> Any:
        """Return it as it is; nothing answers with a picture."""
        return value


class CheckItemIn(serializers.Serializer[Any]):
    """One thing to check: exactly one of `text`, `image`, `asset_id` and `upload_id`."""

    text = Text(
        required=False,
        max_length=LONGEST_TEXT,
        trim_whitespace=False,
        help_text="64,000 characters in all texts of a call together.",
    )
    image = Picture(
        required=False,
        help_text="PNG, JPEG, WebP or GIF as base64, bare or as a data URL; at most 12 MiB. "
        "40 megapixels in all pictures of a call together.",
    )
    asset_id = Id(required=False, help_text="A picture that you may see; needs `assets:read`.")
    upload_id = Id(required=False, help_text="One of your own uploads; needs `jobs:read`.")
    surface = serializers.ChoiceField(
        choices=("text", "prompt", "image"),
        required=False,
        help_text="By whose rules: `text` (unless said otherwise), `prompt` for what a model is "
        "asked, `image` for pictures.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one kind, and a surface that suits it."""
        given = [kind for kind in KINDS if kind in attrs]
        if len(given) != 1:
            raise serializers.ValidationError(
                f"Give exactly one of {', '.join(KINDS)}.", code="not_one_of"
            )
        offered = _SURFACES.get(given[0], _PICTURES)
        if attrs.setdefault("surface", offered[0]) not in offered:
            raise serializers.ValidationError(
                {
                    "surface": serializers.ErrorDetail(
                        f"For {given[0]} it is {' or '.join(offered)}.", code="invalid_choice"
                    )
                }
            )
        return attrs


class ModerationsIn(serializers.Serializer[Any]):
    """Things to check, all at once."""

    inputs = serializers.ListField(child=CheckItemIn(), min_length=1, max_length=MOST_INPUTS)


class SpanOut(serializers.Serializer[Any]):
    """A half-open range of characters (Unicode code points) of the text that was given."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()


class CheckReasonOut(serializers.Serializer[Any]):
    """Why a verdict was reached."""

    hazard = serializers.CharField(allow_null=True)
    score = serializers.FloatField(allow_null=True)
    threshold = serializers.FloatField(allow_null=True)
    rule = serializers.CharField(
        help_text="score_block, score_hold, unknown_hazard, word_list, hash_list, "
        "allow_list or minor_and_sexual; "
        "of what could not be judged detector_missing, detector_failed or label_missing."
    )
    detector = serializers.CharField(help_text="The detector, or the list, that said so.")
    verdict = serializers.ChoiceField(choices=[str(verdict) for verdict in Verdict])
    term = serializers.CharField(allow_null=True, help_text="The listed word that was found.")
    spans = serializers.ListField(
        child=SpanOut(), help_text="Where it stands in the text; empty where that is not known."
    )


class CheckOut(serializers.Serializer[Any]):
    """The answer for one input, in the order of `inputs`."""

    index = serializers.IntegerField()
    surface = serializers.CharField()
    verdict = serializers.ChoiceField(
        choices=[str(verdict) for verdict in Verdict],
        help_text="`unavailable`: it could not be judged; neither a pass nor a conviction.",
    )
    reasons = serializers.ListField(child=CheckReasonOut(), help_text="The most severe first.")
    scores = serializers.DictField(
        child=serializers.FloatField(allow_null=True),
        help_text="Every hazard with its probability 0..1; null where no detector could say.",
    )
    policy_version = serializers.CharField()
    evaluation_version = serializers.CharField(
        help_text="Of the policy and the detectors that answered: with the same one, scores "
        "compare."
    )
    detector_versions = serializers.DictField(child=serializers.CharField())


class ModerationsOut(serializers.Serializer[Any]):
    """The answers. `judged_in_ms` is the time from the body to the last of them."""

    results = serializers.ListField(child=CheckOut())
    judged_in_ms = serializers.FloatField()


def asked_of(form: Mapping[str, Any]) -> list[Asked]:
    """Return what a body in our shape asks for."""
    return [
        Asked(
            pointer=f"/inputs/{index}/{next(kind for kind in KINDS if kind in item)}",
            surface=item["surface"],
            text=item.get("text"),
            data=item.get("image"),
            asset_id=item.get("asset_id"),
            upload_id=item.get("upload_id"),
        )
        for index, item in enumerate(form["inputs"])
    ]


def describe(checks: Sequence[Check], *, seconds: float) -> dict[str, Any]:
    """Return the answer in our shape."""
    return {
        "results": [_described(index, found) for index, found in enumerate(checks)],
        "judged_in_ms": round(seconds * 1_000, 1),
    }


def _described(index: int, found: Check) -> dict[str, Any]:
    return {
        "index": index,
        "surface": found.surface,
        "verdict": str(found.verdict),
        "reasons": [_reason(why) for why in found.reasons],
        "scores": dict(found.scores),
        "policy_version": found.policy_version,
        "evaluation_version": found.evaluation_version,
        "detector_versions": dict(found.detector_versions),
    }


def _reason(why: Why) -> dict[str, Any]:
    return {
        "hazard": why.hazard or None,
        "score": why.score,
        "threshold": why.threshold,
        "rule": why.rule,
        "detector": why.detector,
        "verdict": str(why.verdict),
        "term": why.term or None,
        "spans": [{"start": start, "end": end} for start, end in why.spans],
    }
