"""Tests and static checks.

The test session starts real servers and sets their addresses first; without it (type checker,
`makemigrations`) the placeholders below are never connected to.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

_PLACEHOLDERS = {
    "TIDEGATE_VAR_DIR": str(Path(tempfile.gettempdir()) / "tidegate-static-checks"),
    "DATABASE_URL": "postgresql://tidegate@127.0.0.1:1/tidegate",
    "VALKEY_URL": "redis://127.0.0.1:1/0",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "KAFKA_SESSION_TIMEOUT_MS": "6000",
    "TRITON_GRPC_URL": "127.0.0.1:1",
    "TIDEGATE_SECRET_KEY": "only-for-tests-" + "x" * 32,
}
for _name, _value in _PLACEHOLDERS.items():
    os.environ.setdefault(_name, _value)

from tidegate.settings.base import *

ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
# Tests open and drop databases; a pool would keep connections into dropped ones.
DATABASES["default"]["OPTIONS"].pop("pool")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True  # no collected folder is expected in tests
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
