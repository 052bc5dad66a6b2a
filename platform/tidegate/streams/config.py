"""How to reach the broker."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_EMBEDDED_SESSION_MS = 10_000
"""No one gives Apache Kafka a session this short; the stack gives it to the embedded broker."""


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Addresses, security and the few numbers that differ between brokers.

    `session_timeout_ms` bounds how long a dead consumer keeps its partitions; the embedded
    broker lets a group wait half of it before its first delivery, so it is 6 000 there.
    `partitions` and `replication` apply to topics that do not exist yet.
    """

    bootstrap_servers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = None
    ssl_cafile: Path | None = None
    session_timeout_ms: int = 45_000
    partitions: int = 6
    replication: int = 1

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "KafkaConfig":
        """Read the `KAFKA_*` variables.

        Raises:
            KeyError: KAFKA_BOOTSTRAP_SERVERS is not set.
            ValueError: a number is none.
        """
        cafile = environ.get("KAFKA_SSL_CAFILE")
        return cls(
            bootstrap_servers=tuple(environ["KAFKA_BOOTSTRAP_SERVERS"].split(",")),
            security_protocol=environ.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT"),
            sasl_mechanism=environ.get("KAFKA_SASL_MECHANISM") or None,
            sasl_username=environ.get("KAFKA_SASL_USERNAME") or None,
            sasl_password=environ.get("KAFKA_SASL_PASSWORD") or None,
            ssl_cafile=Path(cafile) if cafile else None,
            session_timeout_ms=int(environ.get("KAFKA_SESSION_TIMEOUT_MS", "45000")),
            partitions=int(environ.get("KAFKA_TOPIC_PARTITIONS", "6")),
            replication=int(environ.get("KAFKA_TOPIC_REPLICATION", "1")),
        )

    @property
    def fetch_wait_ms(self) -> int:
        """How long a broker may hold a fetch that finds nothing.

        Apache Kafka answers at once when a record comes. The embedded broker looks again only
        after a good part of the wait, so that a long one makes every record late: measured,
        from send to receipt, 128 ms at 500, 39 ms at 250, 7 ms at 10. Asking often costs everybody:
        at 25 four idle consumers and the broker took a third of a core, at 100 still a quarter.
        """
        return 250 if self.session_timeout_ms <= _EMBEDDED_SESSION_MS else 500

    def client(self, client_id: str) -> dict[str, Any]:
        """Return what every client of kafka-python takes.

        Clients reconnect within half a second of a broker's return, and give up a start
        after five seconds: the caller knows better how to wait than the client does.
        """
        return {
            "bootstrap_servers": list(self.bootstrap_servers),
            "client_id": client_id,
            "security_protocol": self.security_protocol,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
            "ssl_cafile": str(self.ssl_cafile) if self.ssl_cafile else None,
            "bootstrap_timeout_ms": 5_000,
            "reconnect_backoff_max_ms": 500,
            "request_timeout_ms": 6_000,
        }
