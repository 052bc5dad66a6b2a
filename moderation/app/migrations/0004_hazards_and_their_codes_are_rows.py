"""The taxonomy as rows; `publish_taxonomy` fills them."""

import django.db.models.functions.datetime
from django.db import migrations, models

import tidegate.primitives.ids


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0003_films_are_listed_by_their_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="TaxonomyHazard",
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
                ("version", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=32)),
                (
                    "severity",
                    models.PositiveSmallIntegerField(help_text="0 (no harm) to 4 (gravest)."),
                ),
                ("refines", models.CharField(blank=True, default="", max_length=32)),
                ("titles", models.JSONField(help_text="By language.")),
                ("definitions", models.JSONField(help_text="By language.")),
            ],
            options={
                "db_table": "moderation_taxonomy_hazard",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "name"), name="moderation_hazard_once_in_a_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("severity__lte", 4)),
                        name="moderation_hazard_severity_is_0_to_4",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaxonomyMapping",
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
                ("scheme", models.CharField(max_length=32)),
                ("version", models.CharField(max_length=64)),
                ("code", models.CharField(blank=True, default="", max_length=120)),
                ("label", models.CharField(blank=True, default="", max_length=200)),
                ("hazard", models.CharField(blank=True, default="", max_length=32)),
                ("note", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "db_table": "moderation_taxonomy_mapping",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("scheme", "version", "code", "hazard"),
                        name="moderation_mapping_once_in_a_version",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                models.Q(("code__exact", ""), _negated=True),
                                models.Q(("hazard", ""), _negated=True),
                            ),
                            models.Q(("note", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="moderation_mapping_is_whole_or_says_why",
                    ),
                ],
            },
        ),
    ]
