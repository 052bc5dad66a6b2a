"""Who may not ask for anything at present."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from tidegate.accounts.models import Organisation


class Bar(models.Model):
    """The effect of a restriction: a trigger refuses every new job of this person.

    Only `services.bars` writes it, in the transaction of the restriction, which is by id only: it
    lives in another service. A row whose time is over refuses nothing.
    """

    class Code(models.TextChoices):
        """What the person is told."""

        COOLDOWN = "cooldown"
        SUSPENDED = "suspended"

    restriction_id = models.UUIDField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(
        Organisation, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    code = models.CharField(max_length=16, choices=Code)
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "generation_bar"
        constraints = [
            models.CheckConstraint(
                name="generation_bar_code_known",
                condition=Q(code__in=["cooldown", "suspended"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.code}"
