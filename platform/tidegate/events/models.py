"""Events to ship, events handled, events nobody could handle."""

from django.db import models
from django.db.models.functions import Now


class Outbox(models.Model):
    """One event, ready to ship. It commits with the change it tells of.

    `published_at` empty means: the relay still owes it (or owes it again). `deliveries` counts
    how often it went out. `settled` means every registered consumer has it.
    """

    position = models.BigAutoField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    type = models.CharField(max_length=120)
    topic = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    value = models.BinaryField()
    correlation_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())
    published_at = models.DateTimeField(null=True)
    partition = models.IntegerField(null=True)
    offset = models.BigIntegerField(null=True)
    deliveries = models.IntegerField(default=0, db_default=0)
    settled = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "events_outbox"
        indexes = [
            models.Index(
                fields=["position"],
                name="events_outbox_owed",
                condition=models.Q(published_at__isnull=True),
            ),
            models.Index(
                fields=["published_at"],
                name="events_outbox_unsettled",
                condition=models.Q(settled=False),
            ),
            models.Index(
                fields=["published_at"],
                name="events_outbox_old",
                condition=models.Q(settled=True),
            ),
            models.Index(fields=["correlation_id"], name="events_outbox_of_correlation"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class PartitionMark(models.Model):
    """What the relay knows of a partition.

    The broker lost what it held when the topic has another identity, when a new record gets
    an offset that is not above `last_offset`, or when the partition's end, as the broker
    reports it, falls below `end_offset`. The two are not compared with each other: the
    embedded broker reports an end that lags behind the offsets it gives out.
    """

    id = models.BigAutoField(primary_key=True)
    topic = models.CharField(max_length=120)
    partition = models.IntegerField()
    last_offset = models.BigIntegerField()
    end_offset = models.BigIntegerField()
    topic_id = models.UUIDField()
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "events_partition_mark"
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "partition"], name="events_partition_mark_once_per_partition"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic}[{self.partition}]@{self.last_offset}"


class Inbox(models.Model):
    """A consumer has handled an event: the row commits with the effects, so once is once."""

    pk = models.CompositePrimaryKey("consumer", "event_id")
    consumer = models.CharField(max_length=60)
    event_id = models.UUIDField()
    handled_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "events_inbox"
        indexes = [models.Index(fields=["handled_at"], name="events_inbox_old")]

    def __str__(self) -> str:
        return f"{self.consumer} {self.event_id}"


class DeadLetter(models.Model):
    """A record a consumer gave up, with all that is needed to look at it and try again."""

    class State(models.TextChoices):
        """Open until someone replays it; resolved once the replay was handled."""

        OPEN = "open"
        REPLAYED = "replayed"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True)
    created_at = models.DateTimeField(db_default=Now())
    consumer = models.CharField(max_length=60)
    event_id = models.UUIDField(null=True)
    type = models.CharField(max_length=120, blank=True)
    correlation_id = models.UUIDField(null=True)
    topic = models.CharField(max_length=120)
    partition = models.IntegerField()
    offset = models.BigIntegerField()
    key = models.BinaryField(null=True)
    value = models.BinaryField(null=True)
    value_sha256 = models.BinaryField(max_length=32)
    error = models.TextField()
    attempts = models.IntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    replays = models.IntegerField(default=0)
    replayed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "events_dead_letter"
        constraints = [
            models.UniqueConstraint(
                fields=["consumer", "event_id"],
                condition=models.Q(event_id__isnull=False),
                name="events_dead_letter_once_per_event",
            ),
            models.UniqueConstraint(
                fields=["consumer", "topic", "partition", "offset", "value_sha256"],
                condition=models.Q(event_id__isnull=True),
                name="events_dead_letter_once_per_record",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "replayed", "resolved"]),
                name="events_dead_letter_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "created_at"], name="events_dead_letter_listed"),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} {self.topic}[{self.partition}]@{self.offset}"
