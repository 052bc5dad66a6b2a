"""The broker's settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate.streams.config import KafkaConfig


def test_only_the_address_is_needed() -> None:
    config = KafkaConfig.from_env({"KAFKA_BOOTSTRAP_SERVERS": "a:1,b:2"})
    assert config.bootstrap_servers == ("a:1", "b:2")
    assert config.session_timeout_ms == 45_000
    assert config.client("x")["security_protocol"] == "PLAINTEXT"


def test_security_settings_reach_the_client() -> None:
    config = KafkaConfig.from_env(
        {
            "KAFKA_BOOTSTRAP_SERVERS": "a:1",
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": "tide",
            "KAFKA_SASL_PASSWORD": "gate",
            "KAFKA_SSL_CAFILE": "/etc/ca.pem",
            "KAFKA_SESSION_TIMEOUT_MS": "6000",
        }
    )
    client = config.client("x")
    assert client["sasl_mechanism"] == "SCRAM-SHA-512"
    assert client["sasl_plain_username"] == "tide"
    assert client["ssl_cafile"] == str(Path("/etc/ca.pem"))
    assert config.session_timeout_ms == 6_000


def test_an_address_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError):
        KafkaConfig.from_env({})
