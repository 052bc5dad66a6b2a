"""Bytes that nothing refers to any more."""

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from tidegate.assets import storage
from tidegate.assets.models import Blob


def forget_blob(sha256: str) -> bool:
    """Drop a blob unless something refers to it; say whether its row went.

    Somebody may store the same bytes at this moment: they are put before their row is. Such bytes
    are fresh, and fresh ones stay.
    """
    try:
        with transaction.atomic():
            Blob.objects.filter(pk=sha256).delete()
    except (ProtectedError, IntegrityError):
        return False
    storage.remove_stale(sha256)
    return True
