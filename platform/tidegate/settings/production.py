"""Behind TLS: everything from the environment, nothing assumed."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured

from tidegate.settings.base import *

for _name in ("TIDEGATE_ALLOWED_HOSTS", "TIDEGATE_PUBLIC_URL", "TIDEGATE_AUDIT_KEY_FILE"):
    if not os.environ.get(_name):
        raise ImproperlyConfigured(f"{_name} must be set in production")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-tidegate_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-tidegate_csrf"
CSRF_TRUSTED_ORIGINS = [ENVIRONMENT.public_url]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"
