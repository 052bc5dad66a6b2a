"""One machine: what the running stack wrote to its state file stands in for the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

_VAR = Path(
    os.environ.setdefault("TIDEGATE_VAR_DIR", str(Path(__file__).resolve().parents[3] / "var"))
)
_STATE = _VAR / "stack.json"
if _STATE.is_file():
    for _name, _value in json.loads(_STATE.read_text(encoding="utf-8"))["environment"].items():
        os.environ.setdefault(_name, _value)

os.environ.setdefault("TIDEGATE_DEMO", "yes")

from tidegate.settings.base import *

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
