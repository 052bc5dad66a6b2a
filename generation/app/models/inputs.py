"""The pictures that jobs work on."""

from django.db import models
from django.db.models import Q

from generation.app.models.jobs import Job
from tidegate.assets.models import Asset, Blob
from tidegate.primitives.models import Row


class JobInput(Row):
    """One picture that a job was asked to work on, under its parameter's name.

    It names the bytes themselves, so that a job can be made again when the upload is long gone.
    `asset` is set where an asset was given; else it was an upload.
    """

    job = models.ForeignKey(Job, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(max_length=32)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="+")
    asset = models.ForeignKey(
        Asset, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    # By id only: an upload goes when it expires.
    upload_id = models.UUIDField(null=True, blank=True)

    class Meta:
        db_table = "generation_job_input"
        constraints = [
            models.UniqueConstraint(fields=["job", "name"], name="generation_job_input_once"),
            models.CheckConstraint(
                name="generation_job_input_is_of_one_source",
                condition=Q(asset__isnull=True, upload_id__isnull=False)
                | Q(asset__isnull=False, upload_id__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.name}"
