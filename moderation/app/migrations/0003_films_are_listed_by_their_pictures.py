"""Films are listed by the hashes of their pictures; verdicts keep a film's."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import tidegate.primitives.ids

NEAR_FRAMES = """
CREATE INDEX moderation_hash_near_frames ON moderation_hash_frame
USING gin (moderation_hash_words(value)) WITH (fastupdate = off);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0002_hashes_stand_in_banks"),
    ]

    operations = [
        migrations.CreateModel(
            name="HashFrame",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=tidegate.primitives.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="PDQ: 64 lower-case hexadecimal digits.", max_length=64
                    ),
                ),
                ("quality", models.PositiveSmallIntegerField(help_text="0 (flat) to 100.")),
                (
                    "at_ms",
                    models.PositiveBigIntegerField(help_text="When it is seen, milliseconds."),
                ),
            ],
            options={
                "db_table": "moderation_hash_frame",
            },
        ),
        migrations.RemoveConstraint(
            model_name="hashentry",
            name="moderation_hash_kind_known",
        ),
        migrations.AddField(
            model_name="verdict",
            name="film_hash",
            field=models.TextField(
                blank=True,
                db_default="",
                default="",
                help_text="vPDQ of a film; empty for all else.",
            ),
        ),
        migrations.AlterField(
            model_name="hashentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sha256", "Sha256"),
                    ("pdq", "Pdq"),
                    ("text", "Text"),
                    ("simhash", "Simhash"),
                    ("vpdq", "Vpdq"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="hashentry",
            name="value",
            field=models.CharField(
                help_text="64 lower-case hexadecimal digits; of a film's its digest.", max_length=64
            ),
        ),
        migrations.AddConstraint(
            model_name="hashentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["sha256", "pdq", "text", "simhash", "vpdq"])),
                name="moderation_hash_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="hashframe",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="frames",
                to="moderation.hashentry",
            ),
        ),
        migrations.AddConstraint(
            model_name="hashframe",
            constraint=models.UniqueConstraint(
                fields=("entry", "value"), name="moderation_frame_once_in_a_film"
            ),
        ),
        migrations.AddConstraint(
            model_name="hashframe",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__regex", "^[0-9a-f]{64}$")),
                name="moderation_frame_is_hexadecimal",
            ),
        ),
        migrations.RunSQL(NEAR_FRAMES, "DROP INDEX moderation_hash_near_frames;"),
    ]
