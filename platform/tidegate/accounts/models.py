"""People, the organisations they work in, and the keys that act for them.

Nothing here cascades: an account that acted stays on record. People are deactivated, keys
revoked, appointments ended.
"""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from tidegate.primitives.models import Row


class UserManager(BaseUserManager["User"]):
    """Makes users; Django's createsuperuser and allauth reach users through it."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Insert a user. Product code calls `accounts.services`, which also audits."""
        user = self.model(email=canonical_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user to log in, whatever the letter case of the address typed."""
        return self.get(email=canonical_email(username or ""))


class User(Row, AbstractBaseUser):
    """A person. The e-mail address is the log-in name; there are no user names."""

    email = models.EmailField(max_length=254, unique=True)
    display_name = models.CharField(max_length=80)
    language = models.CharField(max_length=12, default="en")
    is_active = models.BooleanField(default=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    class Meta:
        db_table = "accounts_user"
        constraints = [
            models.CheckConstraint(
                name="accounts_user_email_is_lower_case", condition=Q(email=Lower(F("email")))
            ),
        ]

    def __str__(self) -> str:
        return self.display_name


class Organisation(Row):
    """Who owns projects, assets and bills: one person's own, or a company's."""

    class Kind(models.TextChoices):
        PERSONAL = "personal"
        COMPANY = "company"

    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True, allow_unicode=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)

    class Meta:
        db_table = "accounts_organisation"
        constraints = [
            models.CheckConstraint(
                name="accounts_organisation_kind_known",
                condition=Q(kind__in=["personal", "company"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Row):
    """A person's role in an organisation."""

    class Role(models.TextChoices):
        OWNER = "owner"
        ADMIN = "admin"
        MEMBER = "member"
        VIEWER = "viewer"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=6, choices=Role.choices)

    class Meta:
        db_table = "accounts_membership"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation"], name="accounts_membership_once_per_organisation"
            ),
            models.CheckConstraint(
                name="accounts_membership_role_known",
                condition=Q(role__in=["owner", "admin", "member", "viewer"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.organisation_id}"


class StaffAppointment(Row):
    """A role in the platform's own staff; it ends, it is never deleted."""

    class Role(models.TextChoices):
        REVIEWER = "reviewer"
        SENIOR_REVIEWER = "senior_reviewer"
        POLICY_ADMIN = "policy_admin"
        AUDITOR = "auditor"
        LEGAL_COUNSEL = "legal_counsel"

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="appointments")
    role = models.CharField(max_length=15, choices=Role.choices)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_staff_appointment"
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"],
                condition=Q(ended_at=None),
                name="accounts_staff_appointment_held_once",
            ),
            models.CheckConstraint(
                name="accounts_staff_appointment_role_known",
                condition=Q(
                    role__in=[
                        "reviewer",
                        "senior_reviewer",
                        "policy_admin",
                        "auditor",
                        "legal_counsel",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


class ApiKey(Row):
    """Acts as the person who made it, inside one organisation, within its scopes.

    Only a digest is kept; the text is shown once. `prefix` finds the row and names the key in
    lists and in the trail.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="keys")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=8, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=24))
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_api_key"
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="accounts_api_key_listed")
        ]

    def __str__(self) -> str:
        return f"tg_{self.prefix}_…"


def canonical_email(email: str) -> str:
    """Return the form an address is stored and looked up in.

    The local part is case-sensitive on paper only; two accounts that differ in letter case
    would be one person locked out of one of them.
    """
    return email.strip().lower()
