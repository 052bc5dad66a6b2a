"""The secrets of a one-machine stack, made once and readable by their owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def ensure_secret_key(file: Path) -> None:
    """Make Django's signing secret if there is none."""
    _create(file, secrets.token_urlsafe(48).encode("ascii"))


def ensure_audit_key(file: Path) -> None:
    """Make the Ed25519 key that signs audit checkpoints (PKCS#8 PEM) if there is none.

    It is a file and never a row: whoever can rewrite the database must not be able to sign.
    """
    key = Ed25519PrivateKey.generate()
    _create(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _create(file: Path, content: bytes) -> None:
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    unfinished.rename(file)
