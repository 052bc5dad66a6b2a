"""The one abstract base of our tables."""

from django.db import models
from django.db.models.functions import Now

from tidegate.primitives.ids import new_id


class Row(models.Model):
    """A UUIDv7 primary key and the moment of insertion, as the database saw it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True
