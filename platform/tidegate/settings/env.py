"""The environment, read once and typed.

Every value a deployment may set is a field of `Environment`. A missing or malformed value
raises `EnvironmentRefused` with the variable's name, so a process never starts half configured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off", ""})
_SECURITY_PROTOCOLS = frozenset({"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"})


class EnvironmentRefused(RuntimeError):
    """A variable is missing or malformed; the message names it and says what is expected."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """How to reach the broker. `session_timeout_ms` is also half of a group's join on Tansu.

    `partitions` and `replication` are what topics are made with that do not exist yet.
    """

    bootstrap_servers: tuple[str, ...]
    security_protocol: str
    sasl_mechanism: str | None
    sasl_username: str | None
    sasl_password: str | None
    ssl_cafile: Path | None
    session_timeout_ms: int
    partitions: int
    replication: int


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3-compatible bucket for media; absent means a local folder."""

    bucket: str
    endpoint_url: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything the processes of one deployment take from outside."""

    database_url: str
    prepared_statements: bool
    valkey_url: str
    kafka: Kafka
    triton_grpc_url: str
    var_dir: Path
    secret_key: str
    audit_key_file: Path
    audit_export_file: Path
    audit_sealing_key_file: Path
    audit_witness_url: str
    translator_url: str
    translator_model: str
    translator_key: str
    checkpoint_seconds: int
    checkpoint_entries: int
    quality_rules_file: Path | None
    allowed_hosts: tuple[str, ...]
    public_url: str
    media: ObjectStore | None
    email_url: str | None
    email_from: str
    publishes_transparency: bool
    welcome_credits: int
    model_memory_mb: int
    demo: bool
    log_level: str
    log_format: str


def read(environ: Mapping[str, str]) -> Environment:
    """Return the typed environment, or raise `EnvironmentRefused` naming the first bad variable."""
    var_dir = Path(_required(environ, "TIDEGATE_VAR_DIR", "an absolute folder for data and logs"))
    if not var_dir.is_absolute():
        raise EnvironmentRefused(f"TIDEGATE_VAR_DIR must be absolute, not {str(var_dir)!r}")
    audit_key = environ.get("TIDEGATE_AUDIT_KEY_FILE")
    export = environ.get("TIDEGATE_AUDIT_EXPORT_FILE")
    sealing = environ.get("TIDEGATE_AUDIT_SEALING_KEY_FILE")
    quality_rules = environ.get("TIDEGATE_QUALITY_RULES_FILE")
    return Environment(
        database_url=_url(environ, "DATABASE_URL", {"postgresql", "postgres"}),
        prepared_statements=flag(environ, "TIDEGATE_PREPARED_STATEMENTS", default=True),
        valkey_url=_valkey_url(environ),
        kafka=_kafka(environ),
        triton_grpc_url=_host_and_port(
            "TRITON_GRPC_URL",
            _required(environ, "TRITON_GRPC_URL", "host:port of Triton's gRPC endpoint"),
        ),
        var_dir=var_dir,
        secret_key=_secret(environ),
        audit_key_file=Path(audit_key) if audit_key else var_dir / "keys" / "audit_ed25519.pem",
        audit_export_file=(Path(export) if export else var_dir / "audit" / "checkpoints.jsonl"),
        audit_sealing_key_file=(
            Path(sealing) if sealing else var_dir / "keys" / "audit_sealing.key"
        ),
        audit_witness_url=_witness(environ),
        translator_url=environ.get("TIDEGATE_TRANSLATOR_URL", ""),
        translator_model=environ.get("TIDEGATE_TRANSLATOR_MODEL", ""),
        translator_key=environ.get("TIDEGATE_TRANSLATOR_KEY", ""),
        checkpoint_seconds=_whole(environ, "TIDEGATE_AUDIT_CHECKPOINT_SECONDS", 60),
        checkpoint_entries=_whole(environ, "TIDEGATE_AUDIT_CHECKPOINT_ENTRIES", 1_000),
        quality_rules_file=Path(quality_rules) if quality_rules else None,
        allowed_hosts=_words(environ.get("TIDEGATE_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")),
        public_url=environ.get("TIDEGATE_PUBLIC_URL", "http://127.0.0.1").rstrip("/"),
        media=_media(environ),
        email_url=environ.get("TIDEGATE_EMAIL_URL") or None,
        email_from=environ.get("TIDEGATE_EMAIL_FROM") or "Tidegate <no-reply@tidegate.invalid>",
        publishes_transparency=flag(environ, "TIDEGATE_PUBLIC_TRANSPARENCY", default=False),
        welcome_credits=_whole(environ, "TIDEGATE_WELCOME_CREDITS", 10_000),
        model_memory_mb=_whole(environ, "TIDEGATE_MODEL_MEMORY_MB", 0),
        demo=flag(environ, "TIDEGATE_DEMO", default=False),
        log_level=_choice(
            environ, "TIDEGATE_LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"}
        ),
        log_format=_choice(environ, "TIDEGATE_LOG_FORMAT", "json", {"json", "console"}),
    )


def database(url: str) -> dict[str, str]:
    """Return Django's connection fields of a `postgresql://` URL (a socket is `?host=/run`)."""
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    name = unquote(parts.path.lstrip("/")) or query.get("dbname", "")
    if not name:
        raise EnvironmentRefused("DATABASE_URL names no database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or query.get("user", "")),
        "PASSWORD": unquote(parts.password or query.get("password", "")),
        "HOST": parts.hostname or query.get("host", ""),
        "PORT": str(parts.port or query.get("port", "")),
    }


def database_options(url: str) -> dict[str, str]:
    """Return the other libpq options of the URL's query (`sslmode` …) for Django's OPTIONS."""
    taken = {"dbname", "user", "password", "host", "port"}
    query = parse_qs(urlsplit(url).query)
    return {key: values[-1] for key, values in query.items() if key not in taken}


def celery_broker(valkey_url: str) -> str:
    """Return the URL as Celery spells it: a socket is `redis+socket:///path?virtual_host=1`."""
    parts = urlsplit(valkey_url)
    if parts.scheme != "unix":
        return valkey_url
    database_number = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database_number}"


def flag(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    """Return a yes/no variable."""
    value = environ.get(name, "yes" if default else "no").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise EnvironmentRefused(f"{name} must be yes or no, not {value!r}")


def _kafka(environ: Mapping[str, str]) -> Kafka:
    servers = tuple(
        _host_and_port("KAFKA_BOOTSTRAP_SERVERS", address)
        for address in _words(
            _required(environ, "KAFKA_BOOTSTRAP_SERVERS", "host:port[,host:port]")
        )
    )
    protocol = _choice(environ, "KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", _SECURITY_PROTOCOLS)
    mechanism = environ.get("KAFKA_SASL_MECHANISM") or None
    if protocol.startswith("SASL"):
        if mechanism is None:
            raise EnvironmentRefused(f"KAFKA_SASL_MECHANISM is required with {protocol}")
        _required(environ, "KAFKA_SASL_USERNAME", f"required with {protocol}")
        _required(environ, "KAFKA_SASL_PASSWORD", f"required with {protocol}")
    cafile = environ.get("KAFKA_SSL_CAFILE")
    if cafile and not Path(cafile).is_file():
        raise EnvironmentRefused(f"KAFKA_SSL_CAFILE names no file: {cafile}")
    return Kafka(
        bootstrap_servers=servers,
        security_protocol=protocol,
        sasl_mechanism=mechanism,
        sasl_username=environ.get("KAFKA_SASL_USERNAME") or None,
        sasl_password=environ.get("KAFKA_SASL_PASSWORD") or None,
        ssl_cafile=Path(cafile) if cafile else None,
        session_timeout_ms=_whole(environ, "KAFKA_SESSION_TIMEOUT_MS", 45_000),
        partitions=_whole(environ, "KAFKA_TOPIC_PARTITIONS", 6),
        replication=_whole(environ, "KAFKA_TOPIC_REPLICATION", 1),
    )


def _media(environ: Mapping[str, str]) -> ObjectStore | None:
    bucket = environ.get("TIDEGATE_MEDIA_S3_BUCKET")
    if not bucket:
        return None
    return ObjectStore(
        bucket=bucket,
        endpoint_url=environ.get("TIDEGATE_MEDIA_S3_ENDPOINT") or None,
        region=environ.get("TIDEGATE_MEDIA_S3_REGION") or None,
    )


def _secret(environ: Mapping[str, str]) -> str:
    value = environ.get("TIDEGATE_SECRET_KEY", "")
    path = environ.get("TIDEGATE_SECRET_KEY_FILE")
    if not value and path:
        try:
            value = Path(path).read_text(encoding="ascii").strip()
        except OSError as exc:
            raise EnvironmentRefused(f"TIDEGATE_SECRET_KEY_FILE cannot be read: {exc}") from exc
    shortest = 32
    if len(value) < shortest:
        raise EnvironmentRefused(
            f"TIDEGATE_SECRET_KEY (or TIDEGATE_SECRET_KEY_FILE) must hold at least {shortest} "
            "characters"
        )
    return value


def _required(environ: Mapping[str, str], name: str, expected: str) -> str:
    value = environ.get(name, "").strip()
    if not value:
        raise EnvironmentRefused(
            f"{name} is not set (expected: {expected}). "
            "Start the one-machine stack with `make up`, or set it."
        )
    return value


def _url(environ: Mapping[str, str], name: str, schemes: set[str]) -> str:
    value = _required(environ, name, "a URL")
    try:
        parts = urlsplit(value)
        _ = parts.port  # raises for what is no number
    except ValueError as exc:
        raise EnvironmentRefused(f"{name} is no URL: {exc}") from exc
    if parts.scheme not in schemes:
        raise EnvironmentRefused(f"{name} must start with one of {sorted(schemes)}://")
    return value


def _witness(environ: Mapping[str, str]) -> str:
    """Return where checkpoints are sent; a web hook in plain text only on this machine."""
    if not environ.get("TIDEGATE_AUDIT_WITNESS_URL"):
        return ""
    url = _url(environ, "TIDEGATE_AUDIT_WITNESS_URL", {"https", "http", "s3"})
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise EnvironmentRefused("TIDEGATE_AUDIT_WITNESS_URL must be https:// or s3://")
    return url


def _valkey_url(environ: Mapping[str, str]) -> str:
    """Return the URL with the schemes that the client libraries know."""
    value = _url(environ, "VALKEY_URL", {"redis", "rediss", "valkey", "valkeys", "unix"})
    scheme, separator, rest = value.partition("://")
    return {"valkey": "redis", "valkeys": "rediss"}.get(scheme, scheme) + separator + rest


def _host_and_port(name: str, value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or "/" in host or not port.isdigit():
        raise EnvironmentRefused(f"{name} must be host:port, not {value!r}")
    return value


def _choice(
    environ: Mapping[str, str], name: str, default: str, allowed: set[str] | frozenset[str]
) -> str:
    value = environ.get(name, default).strip()
    if value not in allowed:
        raise EnvironmentRefused(f"{name} must be one of {sorted(allowed)}, not {value!r}")
    return value


def _whole(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name, str(default)).strip()
    if not value.isdigit():
        raise EnvironmentRefused(f"{name} must be a whole number, not {value!r}")
    return int(value)


def _words(value: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in value.split(",") if word.strip())
