"""What every deployment shares. `local`, `test` and `production` say only how they differ."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

from tidegate.settings import env
from tidegate.settings.logs import logging_config
from tidegate.settings.mail import read_mail
from tidegate.settings.schedule import beat_schedule

# Before anything loads numpy: its threads spin for each other over matrices this small (ranking
# a slate: 16 ms of processor time with them, 2 ms without).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENT = env.read(os.environ)

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = False
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
ROOT_URLCONF = "tidegate.urls"
ASGI_APPLICATION = "tidegate.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # First, so that `shared_task` always finds our Celery application.
    "tidegate.settings.apps.RuntimeConfig",
    "tidegate.primitives",
    "tidegate.audit",
    "tidegate.events",
    "tidegate.accounts",
    "tidegate.projects",
    "tidegate.ledger",
    "tidegate.assets",
    "tidegate.uploads",
    "generation.app",
    "moderation.app",
    "recommendations.app",
    "tidegate.api",
    "tidegate.web",
    "tidegate.console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_linear_migrations",
    "django_htmx",
]

MIDDLEWARE = [
    "tidegate.connections.StreamsHoldNoConnectionMiddleware",
    "tidegate.middleware.RequestIdMiddleware",
    "tidegate.middleware.HeaderLimitMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "tidegate.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tidegate.web.errors.ErrorPages",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- data ------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        **env.database(ENVIRONMENT.database_url),
        # A pooled connection is asked whether it still lives before it is handed out, so a
        # restarted database costs one round trip and not one failed request per connection.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **env.database_options(ENVIRONMENT.database_url),
            "pool": {"min_size": 1, "max_size": 12, "timeout": 15},
            # From the second time on a connection runs the same hot statement: see `prepared` in
            # `tidegate.primitives.statements`. None is for a pooler between us and the database
            # that does not carry prepared statements.
            "prepare_threshold": 1 if ENVIRONMENT.prepared_statements else None,
        },
    },
}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": ENVIRONMENT.valkey_url,
        "KEY_PREFIX": "tidegate",
    },
}

_MEDIA_DEFAULT: dict[str, Any] = (
    {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": ENVIRONMENT.media.bucket,
            "endpoint_url": ENVIRONMENT.media.endpoint_url,
            "region_name": ENVIRONMENT.media.region,
            # Bytes leave only through our own views, after the visibility check.
            "default_acl": "private",
            "querystring_auth": True,
            "file_overwrite": True,
        },
    }
    if ENVIRONMENT.media
    else {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": ENVIRONMENT.var_dir / "media", "file_permissions_mode": 0o640},
    }
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": _MEDIA_DEFAULT,
    "media": _MEDIA_DEFAULT,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = ENVIRONMENT.var_dir / "static"

# --- people ----------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "tidegate.projects.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FORM_CLASS = "tidegate.projects.forms.SignUpForm"
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True

_MAIL = read_mail(ENVIRONMENT.email_url)
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if _MAIL.is_file else 'smtp'}.EmailBackend"
EMAIL_FILE_PATH = str(ENVIRONMENT.var_dir / "mail")
EMAIL_HOST, EMAIL_PORT = _MAIL.host, _MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _MAIL.user, _MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.use_tls, _MAIL.use_ssl
# A mail server that does not answer keeps nobody longer (seconds).
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENVIRONMENT.email_from

# --- language and time -----------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [ROOT / "platform" / "tidegate" / "web" / "locale"]

# --- browsers --------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "default-src": ("'self'",),
    "img-src": ("'self'", "data:", "blob:"),
    "media-src": ("'self'", "blob:"),
    "object-src": ("'none'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "tidegate_session"
CSRF_COOKIE_NAME = "tidegate_csrf"
CSRF_FAILURE_VIEW = "tidegate.urls.csrf_failure"
CSRF_COOKIE_SAMESITE = "Lax"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- API -------------------------------------------------------------------

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "tidegate.api.schema.Schema",
    "EXCEPTION_HANDLER": "tidegate.api.problems.handle",
    # `?format=` would be one more way to ask for a representation, and a 404 for a typo.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Tidegate API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    # Interactive docs from our own host: the content security policy allows no CDN.
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "tidegate.api.schema.add_problem",
        "tidegate.api.schema.add_media",
    ],
    "ENUM_NAME_OVERRIDES": {
        "OrganisationRole": "tidegate.accounts.models.Membership.Role",
        "CollaboratorRole": "tidegate.projects.models.Collaborator.Role",
        "Visibility": "tidegate.assets.models.Visibility",
        "RestrictionKind": "moderation.app.models.Restriction.Kind",
        "NoticeBasis": "moderation.app.models.TakedownNotice.Basis",
        "ReportReason": "tidegate.contracts.interactions.REPORT_REASONS",
        "CaseRuling": "moderation.app.models.Case.Ruling",
        "HashKind": "moderation.app.models.HashEntry.Kind",
        "PolicyState": "moderation.app.models.PolicyVersion.State",
        "PolicyOrigin": "moderation.app.models.PolicyVersion.Origin",
        "BacktestState": "moderation.app.models.BacktestRun.State",
        "RetroRunState": "moderation.app.models.RetroRun.State",
    },
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

# --- work and streams ------------------------------------------------------

CELERY_BROKER_URL = env.celery_broker(ENVIRONMENT.valkey_url)
if CELERY_BROKER_URL.startswith("rediss:"):
    # Celery's own default would take any certificate.
    CELERY_BROKER_USE_SSL = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SEND_SENT_EVENT = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BROKER_CONNECTION_RETRY = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A message is only a wake-up: jobs are rows under leases, and the sweeper issues lost tickets
# again. The time-out therefore only has to be longer than the longest honest task.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_keepalive": True,
    "socket_connect_timeout": 5,
    "health_check_interval": 15,
    "retry_on_timeout": True,
    # Publishing a wake-up must not hold up the caller for long when Valkey is away.
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.5,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(ENVIRONMENT.var_dir / "run" / "beat-schedule")
CELERY_BEAT_SCHEDULE = beat_schedule()

VALKEY_URL = ENVIRONMENT.valkey_url
KAFKA = ENVIRONMENT.kafka
TRITON_GRPC_URL = ENVIRONMENT.triton_grpc_url
# What the model server may hold, by the estimates of the entries; 0 sets no limit.
GENERATION_MODEL_MEMORY_MB = ENVIRONMENT.model_memory_mb
TIDEGATE_VAR_DIR = ENVIRONMENT.var_dir
TIDEGATE_PUBLIC_URL = ENVIRONMENT.public_url
# Whether everybody may read the transparency report at /transparency.
TIDEGATE_PUBLISHES_TRANSPARENCY = ENVIRONMENT.publishes_transparency
TIDEGATE_AUDIT_KEY_FILE = ENVIRONMENT.audit_key_file
TIDEGATE_AUDIT_EXPORT_FILE = ENVIRONMENT.audit_export_file
# Where checkpoints are sent, too: https://…, s3://bucket/prefix, or nowhere.
TIDEGATE_AUDIT_WITNESS_URL = ENVIRONMENT.audit_witness_url
TIDEGATE_AUDIT_SEALING_KEY_FILE = ENVIRONMENT.audit_sealing_key_file
TIDEGATE_AUDIT_CHECKPOINT_SECONDS = ENVIRONMENT.checkpoint_seconds
TIDEGATE_AUDIT_CHECKPOINT_ENTRIES = ENVIRONMENT.checkpoint_entries
# Who translates for reviewers: a server of OpenAI's chat completions (https://…/v1), or nobody.
TIDEGATE_TRANSLATOR_URL = ENVIRONMENT.translator_url
TIDEGATE_TRANSLATOR_MODEL = ENVIRONMENT.translator_model
TIDEGATE_TRANSLATOR_KEY = ENVIRONMENT.translator_key
# Typed and explained in `moderation.app.configuration`.
MODERATION = (
    {"quality_rules_file": ENVIRONMENT.quality_rules_file} if ENVIRONMENT.quality_rules_file else {}
)
# What a new organisation begins with, in credits.
TIDEGATE_WELCOME_CREDITS = ENVIRONMENT.welcome_credits
# Whether `ensure_demo` may make people with known log-ins, and where it keeps those.
TIDEGATE_DEMO = ENVIRONMENT.demo
TIDEGATE_DEMO_FILE = ENVIRONMENT.var_dir / "demo.json"

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(level=ENVIRONMENT.log_level, output=ENVIRONMENT.log_format)

# What a viewer's action is worth when a feed is ranked, where it differs from
# `recommendations.core.ranking.ACTION_WEIGHTS`: {"open": 1.0, "like": 6.0, …}.
RECOMMENDATIONS_ACTION_WEIGHTS: dict[str, float] = {}
