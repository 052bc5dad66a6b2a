"""The Ed25519 key that signs checkpoints. It lives in a file, never in the database."""

import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


class KeyUnusable(Exception):
    """The key file is missing, unreadable, or holds another kind of key."""


def load_private(path: Path) -> Ed25519PrivateKey:
    """Read a PEM (PKCS 8) private key.

    Raises:
        KeyUnusable: naming the file and what is wrong with it.
    """
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable(f"{path} holds no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"{path} holds a key, but no Ed25519 key")
    return key


def load_public(path: Path) -> Ed25519PublicKey:
    """Read a public key, or derive it where the file holds the private one.

    Raises:
        KeyUnusable: as `load_private`.
    """
    data = _read(path)
    if b"PRIVATE KEY" in data:
        return load_private(path).public_key()
    try:
        key = load_pem_public_key(data)
    except ValueError as error:
        raise KeyUnusable(f"{path} holds no public key: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable(f"{path} holds a key, but no Ed25519 key")
    return key


def create(path: Path) -> None:
    """Make a new private key, readable by its owner only.

    Raises:
        FileExistsError: there is a file already; a key is never replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())


def key_id(key: Ed25519PublicKey) -> str:
    """Return the key's fingerprint: SHA-256 of its 32 bytes, hexadecimal."""
    return sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def is_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether the signature is this key's over this message."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path} cannot be read: {error.strerror}") from error
