"""Hash entries move into banks; near hashes are found by their words."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import tidegate.primitives.ids

# The constraints are looked at at once: a table with rows that still wait for it is not altered.
INTO_BANKS = """
INSERT INTO moderation_hash_bank (id, name, effect, enabled_share)
SELECT gen_random_uuid(), effect, effect, 1.0 FROM unnest(ARRAY['block', 'hold', 'allow']) AS effect;
UPDATE moderation_hash_entry AS entry SET bank_id = bank.id
FROM moderation_hash_bank AS bank WHERE bank.name = entry.effect;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
OUT_OF_BANKS = """
UPDATE moderation_hash_entry AS entry SET effect = bank.effect
FROM moderation_hash_bank AS bank WHERE bank.id = entry.bank_id;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
# As `moderation.core.banks.words_near` writes them: the word's number, then its 16 bits. The planner
# expects hundreds of times more rows than there are, and would start workers (10 ms) for a look that
# takes two: "unsafe" forbids them. The cost keeps it from reading the whole table instead.
WORDS = """
CREATE FUNCTION moderation_hash_words(value text) RETURNS integer[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL UNSAFE COST 1000
AS $$
    SELECT array_agg((number << 16) | ('x' || substr(value, number * 4 + 1, 4))::bit(16)::integer)
    FROM generate_series(0, 15) AS number
$$;
"""
NEAR_PICTURES = """
CREATE INDEX moderation_hash_near_pictures ON moderation_hash_entry
USING gin (moderation_hash_words(value)) WITH (fastupdate = off) WHERE kind = 'pdq';
"""
NEAR_TEXTS = """
CREATE INDEX moderation_hash_near_texts ON moderation_hash_entry
USING gin (moderation_hash_words(value)) WITH (fastupdate = off) WHERE kind = 'simhash';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assets", "0005_parts_name_their_whole"),
        ("moderation", "0001_first_tables"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HashBank",
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
                ("name", models.CharField(max_length=80, unique=True)),
                (
                    "effect",
                    models.CharField(
                        choices=[("block", "Block"), ("hold", "Hold"), ("allow", "Allow")],
                        max_length=8,
                    ),
                ),
                (
                    "enabled_share",
                    models.FloatField(default=1.0, help_text="0 (off) to 1 (all content)."),
                ),
                (
                    "fuse_matches",
                    models.PositiveIntegerField(
                        help_text="Different contents an entry may match; empty: as configured.",
                        null=True,
                    ),
                ),
                (
                    "fuse_seconds",
                    models.PositiveIntegerField(
                        help_text="Within how long; empty: as configured.", null=True
                    ),
                ),
            ],
            options={
                "db_table": "moderation_hash_bank",
            },
        ),
        migrations.CreateModel(
            name="HashMatch",
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
                    "content",
                    models.CharField(help_text="SHA-256 of what was matched.", max_length=64),
                ),
                ("distance", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "db_table": "moderation_hash_match",
            },
        ),
        migrations.RemoveConstraint(
            model_name="hashentry",
            name="moderation_hash_listed_once",
        ),
        migrations.RemoveConstraint(
            model_name="hashentry",
            name="moderation_hash_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="hashentry",
            name="moderation_hash_effect_known",
        ),
        # Only so that the way back has somewhere to put what it finds.
        migrations.AlterField(
            model_name="hashentry",
            name="effect",
            field=models.CharField(
                choices=[("block", "Block"), ("hold", "Hold"), ("allow", "Allow")],
                max_length=8,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="bank",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="moderation.hashbank",
            ),
        ),
        migrations.RunSQL(INTO_BANKS, OUT_OF_BANKS),
        migrations.RemoveField(
            model_name="hashentry",
            name="effect",
        ),
        migrations.AlterField(
            model_name="hashentry",
            name="bank",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="moderation.hashbank",
            ),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="counted_from",
            field=models.DateTimeField(
                help_text="When it was last resumed: the fuse forgets what matched before.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="paused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="paused_because",
            field=models.CharField(blank=True, default="", max_length=2000),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="paused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="paused_by_fuse",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="source",
            field=models.CharField(
                blank=True, default="", help_text="Who says so.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="hashentry",
            name="tags",
            field=models.JSONField(default=list),
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
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="hashbank",
            constraint=models.CheckConstraint(
                condition=models.Q(("effect__in", ["block", "hold", "allow"])),
                name="moderation_bank_effect_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="hashbank",
            constraint=models.CheckConstraint(
                condition=models.Q(("enabled_share__gte", 0.0), ("enabled_share__lte", 1.0)),
                name="moderation_bank_share_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="hashbank",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("fuse_matches__isnull", True), ("fuse_matches__gte", 1), _connector="OR"
                    ),
                    models.Q(
                        ("fuse_seconds__isnull", True), ("fuse_seconds__gte", 1), _connector="OR"
                    ),
                ),
                name="moderation_bank_fuse_can_blow",
            ),
        ),
        migrations.AddIndex(
            model_name="hashentry",
            index=models.Index(fields=["value"], name="moderation_hash_value"),
        ),
        migrations.AddIndex(
            model_name="hashentry",
            index=models.Index(
                condition=models.Q(("paused_at__isnull", False)),
                fields=["-paused_at"],
                name="moderation_hash_paused",
            ),
        ),
        migrations.AddConstraint(
            model_name="hashentry",
            constraint=models.UniqueConstraint(
                fields=("bank", "kind", "value"), name="moderation_hash_once_in_a_bank"
            ),
        ),
        migrations.AddConstraint(
            model_name="hashentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["sha256", "pdq", "text", "simhash"])),
                name="moderation_hash_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="hashentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("paused_at__isnull", True),
                        ("paused_because", ""),
                        ("paused_by__isnull", True),
                        ("paused_by_fuse", False),
                    ),
                    models.Q(
                        ("paused_at__isnull", False),
                        models.Q(("paused_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="moderation_paused_hash_says_why",
            ),
        ),
        migrations.AddField(
            model_name="hashmatch",
            name="asset",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="assets.asset",
            ),
        ),
        migrations.AddField(
            model_name="hashmatch",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="matches",
                to="moderation.hashentry",
            ),
        ),
        migrations.AddIndex(
            model_name="hashmatch",
            index=models.Index(
                fields=["entry", "-created_at"], name="moderation_hash_match_recent"
            ),
        ),
        migrations.AddConstraint(
            model_name="hashmatch",
            constraint=models.UniqueConstraint(
                fields=("entry", "content"), name="moderation_hash_match_once_per_content"
            ),
        ),
        migrations.RunSQL(WORDS, "DROP FUNCTION moderation_hash_words(text);"),
        migrations.RunSQL(NEAR_PICTURES, "DROP INDEX moderation_hash_near_pictures;"),
        migrations.RunSQL(NEAR_TEXTS, "DROP INDEX moderation_hash_near_texts;"),
    ]
