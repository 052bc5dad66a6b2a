"""Writes of policy versions: which policy file is in force."""

from django.db import connection, transaction

from moderation.app.models import PolicyVersion
from moderation.core.policy import Policy
from tidegate.audit.actions import Action
from tidegate.audit.services import record
from tidegate.primitives.actor import Actor
from tidegate.primitives.clock import now


@transaction.atomic
def activate_policy(*, policy: Policy) -> PolicyVersion:
    """Make a policy the active one and keep its text; doing so again changes nothing.

    Every process calls this once, with the file it read when it started.
    """
    active = PolicyVersion.objects.filter(active=True).first()
    if active is not None and active.version == policy.version:
        return active
    # Two processes that start together must not both retire and activate.
    _lock_table()
    active = PolicyVersion.objects.filter(active=True).first()
    if active is not None and active.version == policy.version:
        return active
    before = active.version if active is not None else None
    if active is not None:
        active.active = False
        active.save(update_fields=["active"])
    version, _ = PolicyVersion.objects.get_or_create(
        version=policy.version, defaults={"source": policy.source}
    )
    version.active = True
    version.activated_at = now()
    version.save(update_fields=["active", "activated_at"])
    record(
        Action.POLICY_ACTIVATED,
        chain="platform",
        actor=Actor.system("moderation"),
        subject_type="moderation.policy_version",
        subject_id=str(version.pk),
        before=None if before is None else {"version": before},
        after={"version": version.version, "name": policy.name},
        reason="read from the policy file at start",
    )
    return version


def _lock_table() -> None:
    """Wait for other activations: readers of the table are not disturbed."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE moderation_policy_version IN SHARE ROW EXCLUSIVE MODE")
