"""Asking once, at the start, whether a broker can be used, and saying why not.

The client itself retries for ever and tells its log only; its TLS handshake has no time-out.
A person who mistyped an address wants one sentence within seconds.
"""

import logging
import socket
import ssl
from collections.abc import Iterable

from tidegate.streams.cluster import Cluster
from tidegate.streams.config import KafkaConfig
from tidegate.streams.records import BrokerAway

_CONNECT_SECONDS = 4.0


def probe(config: KafkaConfig, topics: Iterable[str]) -> None:
    """Reach the broker as every process will, and make the topics that it does not have yet.

    Answers within about ten seconds.

    Raises:
        BrokerAway: it cannot be used; the message says what was tried and what came of it.
    """
    refusals = [_refusal(config, address) for address in config.bootstrap_servers]
    if all(refusals):
        raise BrokerAway("; ".join(refusal for refusal in refusals if refusal))
    client = logging.getLogger("kafka")
    last_words, level = _LastWords(), client.level
    client.addHandler(last_words)
    # Whatever this process wants to read of the client, the reason must be heard here.
    client.setLevel(logging.ERROR)
    try:
        with Cluster(config, client_id="tidegate-probe") as cluster:
            cluster.ensure_topics(topics)
    except BrokerAway as error:
        raise BrokerAway(last_words.text or str(error)) from error
    finally:
        client.setLevel(level)
        client.removeHandler(last_words)


def _refusal(config: KafkaConfig, address: str) -> str | None:
    """Return why no connection to HOST:PORT can be made, or None."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection(
            (host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS
        ) as connection:
            if config.security_protocol in {"SSL", "SASL_SSL"}:
                _shake_hands(config, connection, host.strip("[]"))
    except (OSError, ValueError) as error:
        return f"{address}: {error}"
    return None


def _shake_hands(config: KafkaConfig, connection: socket.socket, host: str) -> None:
    context = ssl.create_default_context(
        cafile=str(config.ssl_cafile) if config.ssl_cafile else None
    )
    context.wrap_socket(connection, server_hostname=host).close()


class _LastWords(logging.Handler):
    """Keeps why the client last lost a connection: it tells its log only, and then times out."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        _, lost, why = record.getMessage().partition("Connection lost: ")
        if lost:
            self.text = f"connection lost: {why}"
