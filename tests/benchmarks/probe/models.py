"""The row of the bare view."""

from typing import ClassVar

from django.db import models


class Request(models.Model):
    """A request, kept and nothing else. Its table is made by the benchmark."""

    prompt = models.TextField()
    model = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)
    objects: ClassVar[models.Manager["Request"]] = models.Manager()

    class Meta:
        managed = False
        db_table = "bench_request"

    def __str__(self) -> str:
        return self.prompt

    CREATE: ClassVar[str] = (
        "CREATE TABLE IF NOT EXISTS bench_request (id bigserial PRIMARY KEY, prompt text NOT NULL,"
        " model varchar(64) NOT NULL, created_at timestamptz NOT NULL)"
    )
