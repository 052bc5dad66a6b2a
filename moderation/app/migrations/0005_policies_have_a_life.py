"""Policies have a life: a state, who proposed and approved, shadows, backtests, retro-runs."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import tidegate.primitives.ids

# What there was came from the policy file; people come only now.
FROM_THE_FILE = """
UPDATE moderation_policy_version
SET origin = 'file', state = CASE WHEN active THEN 'active' ELSE 'retired' END,
    state_since = coalesce(activated_at, created_at);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("assets", "0005_parts_name_their_whole"),
        ("moderation", "0004_hazards_and_their_codes_are_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BacktestRun",
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
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(help_text="Not included.")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                        max_length=16,
                    ),
                ),
                (
                    "done_until",
                    models.DateTimeField(
                        help_text="The last decision that was repeated.", null=True
                    ),
                ),
                ("done_id", models.UUIDField(null=True)),
                (
                    "counted",
                    models.JSONField(
                        default=dict, help_text="`core.backtesting.Backtest.to_json`."
                    ),
                ),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "moderation_backtest_run",
            },
        ),
        migrations.CreateModel(
            name="RetroHold",
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
                ("opened_case", models.BooleanField(help_text="False: a case was open already.")),
                ("undone", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "moderation_retro_hold",
            },
        ),
        migrations.CreateModel(
            name="RetroRun",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("previewing", "Previewing"),
                            ("ready", "Ready"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("finished", "Finished"),
                            ("undoing", "Undoing"),
                            ("undone", "Undone"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="previewing",
                        max_length=16,
                    ),
                ),
                ("reason", models.CharField(max_length=2000)),
                (
                    "until",
                    models.DateTimeField(
                        help_text="What was made from then on is none of its business."
                    ),
                ),
                (
                    "place",
                    models.UUIDField(help_text="The last asset of the present pass.", null=True),
                ),
                ("previewed", models.PositiveBigIntegerField(default=0)),
                ("would_hold", models.PositiveBigIntegerField(default=0)),
                ("not_repeatable", models.PositiveBigIntegerField(default=0)),
                ("examples", models.JSONField(default=list)),
                ("looked_at", models.PositiveBigIntegerField(default=0)),
                ("held", models.PositiveBigIntegerField(default=0)),
                ("released_again", models.PositiveBigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "moderation_retro_run",
            },
        ),
        migrations.CreateModel(
            name="ShadowDecision",
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
                ("live", models.CharField(help_text="The verdict that counted.", max_length=16)),
                (
                    "shadow",
                    models.CharField(
                        blank=True,
                        help_text="Empty: not comparable, a signal was not there.",
                        max_length=16,
                    ),
                ),
                ("because", models.JSONField(default=list, help_text="Why, where they differ.")),
            ],
            options={
                "db_table": "moderation_shadow_decision",
            },
        ),
        migrations.AddField(
            model_name="policyversion",
            name="approved_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="approved_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="canary_seed",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="canary_share",
            field=models.FloatField(help_text="Part of the traffic, above 0 up to 1.", null=True),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="lists_digest",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="SHA-256 of the word lists.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="name",
            field=models.CharField(blank=True, db_default="", default="", max_length=80),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="origin",
            field=models.CharField(
                choices=[("file", "File"), ("person", "Person"), ("stamp", "Stamp")],
                db_default="stamp",
                default="stamp",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="probation_until",
            field=models.DateTimeField(
                help_text="Until when a fuse watches it although it is active.", null=True
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="proposed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why it stands where it stands.",
                max_length=2000,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="replaced",
            field=models.ForeignKey(
                help_text="What was active before it: a roll-back goes there.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="moderation.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="rolled_back_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="rolled_back_because",
            field=models.CharField(blank=True, db_default="", default="", max_length=2000),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="rolled_back_by_fuse",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("shadow", "Shadow"),
                    ("approved", "Approved"),
                    ("canary", "Canary"),
                    ("active", "Active"),
                    ("retired", "Retired"),
                ],
                db_default="draft",
                default="draft",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="state_since",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(FROM_THE_FILE, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="policyversion",
            index=models.Index(
                condition=models.Q(("state__in", ["shadow", "canary", "active"])),
                fields=["state"],
                name="moderation_policy_judging",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "canary")),
                fields=("state",),
                name="moderation_one_canary_policy",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["draft", "shadow", "approved", "canary", "active", "retired"])
                ),
                name="moderation_policy_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin__in", ["file", "person", "stamp"])),
                name="moderation_policy_origin_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("active", True), ("state", "active")),
                    models.Q(("active", False), models.Q(("state", "active"), _negated=True)),
                    _connector="OR",
                ),
                name="moderation_policy_active_is_its_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("origin", "person"), _negated=True),
                    ("proposed_by__isnull", False),
                    _connector="OR",
                ),
                name="moderation_policy_has_a_proposer",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by__isnull", True),
                    ("proposed_by__isnull", True),
                    models.Q(("approved_by", models.F("proposed_by")), _negated=True),
                    _connector="OR",
                ),
                name="moderation_policy_approved_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["approved", "canary"]), _negated=True),
                    ("approved_by__isnull", False),
                    _connector="OR",
                ),
                name="moderation_policy_tried_is_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "active"), _negated=True),
                    ("origin", "file"),
                    ("approved_by__isnull", False),
                    _connector="OR",
                ),
                name="moderation_policy_in_force_is_approved",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "canary"), _negated=True),
                    models.Q(("canary_share__gt", 0.0), ("canary_share__lte", 1.0)),
                    _connector="OR",
                ),
                name="moderation_canary_has_a_share",
            ),
        ),
        migrations.AddField(
            model_name="backtestrun",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="backtestrun",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="backtests",
                to="moderation.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="retrohold",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="retrohold",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="moderation.case"
            ),
        ),
        migrations.AddField(
            model_name="retrorun",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="retrorun",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="retro_runs",
                to="moderation.policyversion",
            ),
        ),
        migrations.AddField(
            model_name="retrohold",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="moderation.retrorun",
            ),
        ),
        migrations.AddField(
            model_name="shadowdecision",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="shadowdecision",
            name="policy",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="moderation.policyversion",
            ),
        ),
        migrations.AddIndex(
            model_name="backtestrun",
            index=models.Index(
                condition=models.Q(("state", "running")),
                fields=["id"],
                name="moderation_backtest_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "finished", "cancelled"])),
                name="moderation_backtest_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("until__gt", models.F("since"))),
                name="moderation_backtest_has_a_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="backtestrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("done_id__isnull", True), ("done_until__isnull", True)),
                    models.Q(("done_id__isnull", False), ("done_until__isnull", False)),
                    _connector="OR",
                ),
                name="moderation_backtest_place_is_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="retrorun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        [
                            "previewing",
                            "ready",
                            "running",
                            "paused",
                            "finished",
                            "undoing",
                            "undone",
                            "cancelled",
                        ],
                    )
                ),
                name="moderation_retro_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="retrorun",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("state__in", ["previewing", "ready", "running", "paused", "undoing"])
                ),
                fields=("policy",),
                name="moderation_one_open_retro_run_per_policy",
            ),
        ),
        migrations.AddConstraint(
            model_name="retrorun",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True),
                name="moderation_retro_run_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="retrohold",
            constraint=models.UniqueConstraint(
                fields=("run", "asset"), name="moderation_retro_holds_once"
            ),
        ),
        migrations.AddIndex(
            model_name="shadowdecision",
            index=models.Index(
                condition=models.Q(("live", models.F("shadow")), _negated=True),
                fields=["policy", "-id"],
                name="moderation_shadow_differs",
            ),
        ),
        migrations.AddIndex(
            model_name="shadowdecision",
            index=models.Index(fields=["created_at"], name="moderation_shadow_age"),
        ),
        migrations.AddConstraint(
            model_name="shadowdecision",
            constraint=models.UniqueConstraint(
                fields=("policy", "asset"), name="moderation_one_shadow_decision_per_asset"
            ),
        ),
        migrations.AddConstraint(
            model_name="shadowdecision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("live__in", ["release", "hold", "block", "unavailable"]),
                    ("shadow__in", ["release", "hold", "block", "unavailable", ""]),
                ),
                name="moderation_shadow_decision_known",
            ),
        ),
    ]
