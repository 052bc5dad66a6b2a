"""Tables of the taxonomy: what each version of it says; a row is never changed."""

from django.db import models
from django.db.models import Q

from tidegate.primitives.models import Row


class TaxonomyHazard(Row):
    """A hazard in a version of the taxonomy."""

    version = models.CharField(max_length=64)
    name = models.CharField(max_length=32)
    severity = models.PositiveSmallIntegerField(help_text="0 (no harm) to 4 (gravest).")
    refines = models.CharField(max_length=32, blank=True, default="")
    titles = models.JSONField(help_text="By language.")
    definitions = models.JSONField(help_text="By language.")

    class Meta:
        db_table = "moderation_taxonomy_hazard"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "name"], name="moderation_hazard_once_in_a_version"
            ),
            models.CheckConstraint(
                condition=Q(severity__lte=4), name="moderation_hazard_severity_is_0_to_4"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"


class TaxonomyMapping(Row):
    """A hazard in the code of a scheme; a code or a hazard without the other says why."""

    scheme = models.CharField(max_length=32)
    version = models.CharField(max_length=64)
    code = models.CharField(max_length=120, blank=True, default="")
    label = models.CharField(max_length=200, blank=True, default="")
    hazard = models.CharField(max_length=32, blank=True, default="")
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        db_table = "moderation_taxonomy_mapping"
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "version", "code", "hazard"],
                name="moderation_mapping_once_in_a_version",
            ),
            models.CheckConstraint(
                condition=(~Q(code__exact="") & ~Q(hazard="")) | ~Q(note=""),
                name="moderation_mapping_is_whole_or_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.code}: {self.hazard}"
