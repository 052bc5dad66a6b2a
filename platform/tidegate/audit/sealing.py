"""Personal values of the trail, encrypted per person: destroying a person's key erases them.

What is hashed, chained and proved is the sealed text, so the trail stays whole when nobody can read
it any more. A sealed text is `sealed:1:SUBJECT:` and, in base64url, a nonce of 12 bytes and the
AES-256-GCM ciphertext with SUBJECT as associated data. Each subject has a key of its own; those lie
in the database wrapped by another key, which is in a file and never a row.
"""

import base64
import binascii
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models, transaction

from tidegate.audit.keys import KeyUnusable

ERASED: Final = "[erased]"
"""What is read where a person's key was destroyed."""
MARK: Final = "sealed:1:"
_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
# How long a process may go on reading by a key that another one has destroyed, seconds.
_REMEMBERED: Final = 10.0
_MOST_REMEMBERED: Final = 10_000


class Opened(str):
    """What was sealed, readable; `sealed` is the text that stands in the row and is hashed."""

    __slots__ = ("sealed",)
    sealed: str

    @classmethod
    def of(cls, text: str, sealed: str) -> "Opened":
        """Return the readable text with the sealed one."""
        opened = cls(text)
        opened.sealed = sealed
        return opened


def subject_of(person_id: UUID | str) -> str:
    """Return what a person is called among the keys."""
    return f"user:{person_id}"


def seal(text: str, subject: str) -> str:
    """Return a text as only the subject's key opens it; empty stays empty.

    Raises:
        KeyUnusable: the wrapping key cannot be read, or is not the one that keys are wrapped by.
    """
    if not text:
        return text
    key = _key_to_seal(subject)
    if key is None:
        return ERASED
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, text.encode(), subject.encode())
    return f"{MARK}{subject}:{base64.urlsafe_b64encode(sealed).decode()}"


def sealed_values(values: Any, names: frozenset[str], subject: str) -> Any:
    """Return JSON values with the texts under these names sealed."""
    if not isinstance(values, Mapping):
        return values
    return {
        name: seal(value, subject) if name in names and isinstance(value, str) else value
        for name, value in values.items()
    }


def opened(text: str) -> str:
    """Return what a text of a row says: as it is, opened, or `ERASED`."""
    if not text.startswith(MARK):
        return text
    subject, _, content = text.removeprefix(MARK).rpartition(":")
    try:
        data = base64.urlsafe_b64decode(content.encode())
    except (binascii.Error, ValueError):
        return text
    key = _key_to_open(subject)
    if key is None:
        return Opened.of(ERASED, text)
    try:
        plain = AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], subject.encode())
    except (InvalidTag, ValueError):
        # It only looks like one of ours; the chain says whether somebody changed it.
        return text
    return Opened.of(plain.decode(), text)


def opened_values(values: Any) -> Any:
    """Return JSON values with every sealed text in them opened."""
    if isinstance(values, str):
        return opened(values)
    if isinstance(values, Mapping):
        return {name: opened_values(value) for name, value in values.items()}
    if isinstance(values, list):
        return [opened_values(value) for value in values]
    return values


def as_stored(values: Any) -> Any:
    """Return values as they stand in the row: what was opened is sealed again."""
    if isinstance(values, Opened):
        return values.sealed
    if isinstance(values, Mapping):
        return {name: as_stored(value) for name, value in values.items()}
    if isinstance(values, list):
        return [as_stored(value) for value in values]
    return values


class SealedTextField(models.TextField):  # type: ignore[type-arg]  # generic in the stubs alone
    """A text that is read opened, and written as it was sealed."""

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Open what was sealed."""
        return value if value is None else opened(value)

    def get_prep_value(self, value: Any) -> Any:
        """Return what the row holds."""
        return super().get_prep_value(as_stored(value))


class SealedJSONField(models.JSONField):
    """JSON whose texts are read opened, and written as they were sealed."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Open what was sealed."""
        return opened_values(super().from_db_value(value, expression, connection))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002  # Django's
        """Return what the row holds."""
        return super().get_db_prep_value(as_stored(value), connection, prepared)


# --- keys --------------------------------------------------------------------

_known: dict[str, tuple[bytes, float]] = {}


def destroy_key(subject: str) -> bool:
    """Destroy a subject's key in the caller's transaction; whether there was one to destroy.

    A subject that never had one has a destroyed one from now on: nothing of it is sealed again.
    """
    from tidegate.audit.models import SubjectKey
    from tidegate.primitives.clock import now

    row, is_new = SubjectKey.objects.select_for_update().get_or_create(
        subject=subject, defaults={"destroyed_at": now()}
    )
    was_there = not is_new and row.wrapped is not None
    if was_there:
        row.wrapped, row.destroyed_at = None, now()
        row.save(update_fields=["wrapped", "destroyed_at"])
    _known.pop(subject, None)
    transaction.on_commit(lambda: forget(subject))
    return was_there


def forget(subject: str) -> None:
    """Let this process remember a key no longer."""
    _known.pop(subject, None)


def _key_to_seal(subject: str) -> bytes | None:
    """Return the subject's key, made now where there is none; None for a destroyed one.

    A key counts as known only once its row is committed: what is sealed by a key that was rolled
    back could never be read.
    """
    known = _remembered(subject)
    if known is not None:
        return known
    from tidegate.audit.models import SubjectKey

    row = SubjectKey.objects.filter(subject=subject).first()
    if row is None:
        wrapping = wrapping_key(may_create=not SubjectKey.objects.exists())
        SubjectKey.objects.bulk_create(
            [SubjectKey(subject=subject, wrapped=_wrapped(_new_key(), subject, wrapping))],
            ignore_conflicts=True,
        )
        row = SubjectKey.objects.get(subject=subject)
    if row.wrapped is None:
        return None
    key = _unwrapped(bytes(row.wrapped), subject, wrapping_key())
    transaction.on_commit(lambda: _remember(subject, key))
    return key


def _key_to_open(subject: str) -> bytes | None:
    known = _remembered(subject)
    if known is not None:
        return known
    from tidegate.audit.models import SubjectKey

    wrapped = SubjectKey.objects.filter(subject=subject).values_list("wrapped", flat=True).first()
    return None if wrapped is None else _unwrapped(bytes(wrapped), subject, wrapping_key())


def _remembered(subject: str) -> bytes | None:
    found = _known.get(subject)
    if found is None or time.monotonic() - found[1] > _REMEMBERED:
        return None
    return found[0]


def _remember(subject: str, key: bytes) -> None:
    if len(_known) >= _MOST_REMEMBERED:
        _known.clear()
    _known[subject] = (key, time.monotonic())


def wrapping_key(*, may_create: bool = False) -> bytes:
    """Return the key that wraps the others, from its file; one is made where none may be lost.

    Raises:
        KeyUnusable: the file is missing although there are keys, or holds something else.
    """
    path = Path(settings.TIDEGATE_AUDIT_SEALING_KEY_FILE)
    try:
        return key_in(path)
    except FileNotFoundError:
        if not may_create:
            raise KeyUnusable(
                f"{path} is missing: it holds the key that opens the trail's personal values."
                " Put it back from where it is kept."
            ) from None
    create_wrapping_key(path)
    return key_in(path)


def create_wrapping_key(path: Path) -> None:
    """Make the key file, readable by its owner only; one that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(_new_key()))
        file.flush()
        os.fsync(file.fileno())
    try:
        # Whoever is first wins; a key is never replaced.
        os.link(unfinished, path)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def key_in(path: Path) -> bytes:
    """Return the key of a file. Raises KeyUnusable, FileNotFoundError."""
    try:
        key = base64.b64decode(path.read_bytes(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyUnusable(f"{path} holds no key: {error}") from error
    if len(key) != _KEY_BYTES:
        raise KeyUnusable(f"{path} holds no key of {_KEY_BYTES} bytes")
    return key


def _new_key() -> bytes:
    return AESGCM.generate_key(bit_length=_KEY_BYTES * 8)


def _wrapped(key: bytes, subject: str, wrapping: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, subject.encode())


def _unwrapped(wrapped: bytes, subject: str, wrapping: bytes) -> bytes:
    try:
        return AESGCM(wrapping).decrypt(
            wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], subject.encode()
        )
    except InvalidTag:
        raise KeyUnusable(
            f"{settings.TIDEGATE_AUDIT_SEALING_KEY_FILE} is not the key that sealed the trail"
        ) from None


def rewrap(subject: str, *, old: bytes, new: bytes) -> None:
    """Wrap a subject's key by another key, in the caller's transaction."""
    from tidegate.audit.models import SubjectKey

    row = SubjectKey.objects.select_for_update().get(subject=subject)
    if row.wrapped is not None:
        row.wrapped = _wrapped(_unwrapped(bytes(row.wrapped), subject, old), subject, new)
        row.save(update_fields=["wrapped"])
