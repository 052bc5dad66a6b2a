"""The demo log-ins, for the log-in page of a demo installation."""

import json
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import gettext_lazy as _

register = template.Library()

_PARTS = {
    "creator": _("Creator"),
    "viewer": _("Viewer"),
    "reviewer": _("Reviewer"),
    "senior_reviewer": _("Senior reviewer"),
    "auditor": _("Auditor"),
}


@register.simple_tag
def demo_log_ins() -> list[dict[str, Any]]:
    """Return role, email and password of each demo person; none outside of demo installations."""
    file = Path(settings.TIDEGATE_DEMO_FILE)
    if not settings.TIDEGATE_DEMO or not file.exists():
        return []
    people: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["people"]
    return people


@register.filter
def title_of_part(role: str) -> str:
    """Return what a demo person is called."""
    return str(_PARTS.get(role, role))
