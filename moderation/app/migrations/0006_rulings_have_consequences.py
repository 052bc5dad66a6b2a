"""Strikes, restrictions, holds for lineage, notices; reports have reasons and outcomes."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import tidegate.primitives.ids


class Migration(migrations.Migration):
    dependencies = [
        ("assets", "0005_parts_name_their_whole"),
        ("moderation", "0005_policies_have_a_life"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Hold",
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
                    "version",
                    models.PositiveIntegerField(
                        help_text="The output's visibility version while held."
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("undone", "Undone"),
                            ("decided", "Decided"),
                            ("reported", "Reported"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Restriction",
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
                ("organisation_id", models.UUIDField(help_text="Empty: everywhere.", null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("cooldown", "Cooldown"),
                            ("no_public", "No Public"),
                            ("hold_all", "Hold All"),
                            ("suspended", "Suspended"),
                        ],
                        max_length=16,
                    ),
                ),
                ("until", models.DateTimeField(help_text="Empty: until it is lifted.", null=True)),
                (
                    "points",
                    models.PositiveIntegerField(
                        help_text="From how many on it was due.", null=True
                    ),
                ),
                ("reason", models.CharField(max_length=2000)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "ended_because",
                    models.CharField(
                        blank=True,
                        choices=[("lifted", "Lifted"), ("expired", "Expired")],
                        default="",
                        max_length=16,
                    ),
                ),
                ("end_reason", models.CharField(blank=True, default="", max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name="Spread",
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
                ("hazards", models.JSONField(default=list)),
                ("severity", models.PositiveSmallIntegerField(default=0)),
                (
                    "finished_at",
                    models.DateTimeField(
                        help_text="When no descendant was left to hold.", null=True
                    ),
                ),
                (
                    "ended_at",
                    models.DateTimeField(
                        help_text="When the source was released again.", null=True
                    ),
                ),
                (
                    "undone_at",
                    models.DateTimeField(help_text="When no hold was left to undo.", null=True),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Strike",
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
                ("organisation_id", models.UUIDField(help_text="Where the output was made.")),
                ("hazard", models.CharField(blank=True, default="", max_length=32)),
                ("points", models.PositiveSmallIntegerField()),
                ("expires_at", models.DateTimeField()),
                ("voided_at", models.DateTimeField(null=True)),
                ("void_reason", models.CharField(blank=True, default="", max_length=2000)),
            ],
        ),
        migrations.CreateModel(
            name="TakedownNotice",
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
                ("organisation_id", models.UUIDField(help_text="The asset's organisation.")),
                ("claimant", models.CharField(max_length=200)),
                (
                    "basis",
                    models.CharField(
                        choices=[
                            ("copyright", "Copyright"),
                            ("privacy", "Privacy"),
                            ("court_order", "Court Order"),
                            ("authority", "Authority"),
                            ("other", "Other"),
                        ],
                        max_length=16,
                    ),
                ),
                ("reference", models.CharField(blank=True, default="", max_length=200)),
                ("reason", models.CharField(max_length=2000)),
                ("held_at_once", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "moderation_takedown_notice",
            },
        ),
        migrations.RemoveConstraint(
            model_name="case",
            name="moderation_case_because_known",
        ),
        migrations.AddField(
            model_name="case",
            name="report_weight",
            field=models.FloatField(
                db_default=0.0, default=0.0, help_text="What its reports count together."
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[("upheld", "Upheld"), ("rejected", "Rejected")],
                db_default="",
                default="",
                help_text="What a person made of it; empty while nobody decided.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="A code; empty: none given.",
                max_length=32,
            ),
        ),
        migrations.AlterField(
            model_name="case",
            name="because",
            field=models.CharField(
                choices=[
                    ("hold", "Hold"),
                    ("unavailable", "Unavailable"),
                    ("report", "Report"),
                    ("lineage", "Lineage"),
                    ("restriction", "Restriction"),
                    ("notice", "Notice"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("outcome", ""), _negated=True),
                fields=["reporter", "outcome"],
                name="moderation_report_record",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "because__in",
                        ["hold", "unavailable", "report", "lineage", "restriction", "notice"],
                    )
                ),
                name="moderation_case_because_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("outcome__in", ["", "upheld", "rejected"])),
                name="moderation_report_outcome_known",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="case",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="moderation.case"
            ),
        ),
        migrations.AddField(
            model_name="restriction",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="restriction",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="restriction",
            name="imposed_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="restriction",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="moderation.restriction",
            ),
        ),
        migrations.AddField(
            model_name="spread",
            name="source",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="spread",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="moderation.spread",
            ),
        ),
        migrations.AddField(
            model_name="strike",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="strike",
            name="author",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="strike",
            name="case",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="strike",
                to="moderation.case",
            ),
        ),
        migrations.AddField(
            model_name="strike",
            name="verdict",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="strike",
                to="moderation.verdict",
            ),
        ),
        migrations.AddField(
            model_name="strike",
            name="voided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="restriction",
            name="strikes",
            field=models.ManyToManyField(
                help_text="What it rests on, where nobody imposed it by hand.",
                related_name="+",
                to="moderation.strike",
            ),
        ),
        migrations.AddField(
            model_name="takedownnotice",
            name="asset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="assets.asset"
            ),
        ),
        migrations.AddField(
            model_name="takedownnotice",
            name="case",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notices",
                to="moderation.case",
            ),
        ),
        migrations.AddField(
            model_name="takedownnotice",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="spread",
            index=models.Index(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("finished_at__isnull", True)),
                    models.Q(("ended_at__isnull", False), ("undone_at__isnull", True)),
                    _connector="OR",
                ),
                fields=["created_at"],
                name="moderation_spread_under_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="spread",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("source",),
                name="moderation_one_open_spread_per_asset",
            ),
        ),
        migrations.AddConstraint(
            model_name="spread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("undone_at__isnull", True), ("ended_at__isnull", False), _connector="OR"
                ),
                name="moderation_undone_spread_has_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("restriction__isnull", False), ("spread__isnull", True)),
                    models.Q(("restriction__isnull", True), ("spread__isnull", False)),
                    _connector="OR",
                ),
                name="moderation_hold_has_one_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ended_because", "")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_because__in", ["undone", "decided", "reported"]),
                    ),
                    _connector="OR",
                ),
                name="moderation_ended_hold_says_how",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("restriction__isnull", False)),
                fields=("asset", "restriction"),
                name="moderation_one_hold_per_restriction",
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(
                condition=models.Q(("spread__isnull", False)),
                fields=("asset", "spread"),
                name="moderation_one_hold_per_spread",
            ),
        ),
        migrations.AddIndex(
            model_name="strike",
            index=models.Index(fields=["author", "-created_at"], name="moderation_strike_author"),
        ),
        migrations.AddConstraint(
            model_name="strike",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("case__isnull", False), ("verdict__isnull", True)),
                    models.Q(("case__isnull", True), ("verdict__isnull", False)),
                    _connector="OR",
                ),
                name="moderation_strike_rests_on_one_ruling",
            ),
        ),
        migrations.AddConstraint(
            model_name="strike",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("void_reason", ""),
                        ("voided_at__isnull", True),
                        ("voided_by__isnull", True),
                    ),
                    models.Q(
                        ("voided_at__isnull", False), models.Q(("void_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="moderation_voided_strike_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="strike",
            constraint=models.UniqueConstraint(
                condition=models.Q(("voided_at__isnull", True)),
                fields=("asset",),
                name="moderation_one_standing_strike_per_asset",
            ),
        ),
        migrations.AddIndex(
            model_name="restriction",
            index=models.Index(
                fields=["author", "-created_at"], name="moderation_restriction_author"
            ),
        ),
        migrations.AddIndex(
            model_name="restriction",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True), ("until__isnull", False)),
                fields=["until"],
                name="moderation_restriction_ending",
            ),
        ),
        migrations.AddConstraint(
            model_name="restriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["cooldown", "no_public", "hold_all", "suspended"])
                ),
                name="moderation_restriction_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="restriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until__isnull", True), ("until__gt", models.F("created_at")), _connector="OR"
                ),
                name="moderation_restriction_lasts",
            ),
        ),
        migrations.AddConstraint(
            model_name="restriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("imposed_by__isnull", False), ("points__isnull", True)),
                    models.Q(("imposed_by__isnull", True), ("points__isnull", False)),
                    _connector="OR",
                ),
                name="moderation_restriction_rests_on_points_or_a_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="restriction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_reason", ""), ("ended_at__isnull", True), ("ended_because", "")),
                    models.Q(
                        ("ended_at__isnull", False),
                        ("ended_because__in", ["lifted", "expired"]),
                        models.Q(("end_reason", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="moderation_ended_restriction_says_how_and_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="restriction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("author", "organisation_id", "kind"),
                name="moderation_one_open_restriction_of_a_kind",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="takedownnotice",
            index=models.Index(fields=["asset", "-created_at"], name="moderation_notice_asset"),
        ),
        migrations.AddConstraint(
            model_name="takedownnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("basis__in", ["copyright", "privacy", "court_order", "authority", "other"])
                ),
                name="moderation_notice_basis_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="takedownnotice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claimant", ""), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                ),
                name="moderation_notice_says_who_and_why",
            ),
        ),
    ]
