"""Where mail goes: `smtp://user:password@host:587`, `smtps://…:465`, or a folder without either."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from tidegate.settings.env import EnvironmentRefused

_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """Django's mail settings. `is_file`: no server is named, mails are written to a folder."""

    is_file: bool = True
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False


def read_mail(url: str | None) -> Mail:
    """Return the mail settings of a URL, or those without one.

    `smtp` turns to TLS (STARTTLS) unless the query says `tls=no`; `smtps` speaks it from the start.

    Raises:
        EnvironmentRefused: another scheme, no host, or no port in the port's place.
    """
    if url is None:
        return Mail()
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError as error:
        raise EnvironmentRefused(f"TIDEGATE_EMAIL_URL: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise EnvironmentRefused(
            "TIDEGATE_EMAIL_URL must be smtp://user:password@host:port or smtps://…,"
            f" not {parts.scheme}://{parts.hostname or ''}"
        )
    tls = parse_qs(parts.query).get("tls", ["yes"])[-1]
    if tls not in {"yes", "no"}:
        raise EnvironmentRefused(f"TIDEGATE_EMAIL_URL: tls is yes or no, not {tls!r}")
    return Mail(
        is_file=False,
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp" and tls == "yes",
        use_ssl=parts.scheme == "smtps",
    )
