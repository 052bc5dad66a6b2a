"""A job of somebody who may not ask for anything is refused where it is stored.

The author's advisory lock is taken shared by every job that is inserted, and alone by whoever bars
the author (`makers.BarredMakers.lock`): either the job is there when the author's jobs are cancelled,
or the bar is there when the job is looked at. So nothing slips through in between, and a request
pays no round trip.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

REFUSE = """
CREATE FUNCTION generation_refuse_barred() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bar generation_bar;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(
        hashtextextended('generation.maker:' || NEW.requested_by_id, 0)
    );
    SELECT * INTO bar FROM generation_bar AS one
     WHERE one.user_id = NEW.requested_by_id
       AND (one.organisation_id IS NULL OR one.organisation_id = NEW.organisation_id)
       AND (one.until IS NULL OR one.until > statement_timestamp())
     ORDER BY one.until DESC NULLS FIRST LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'TG001',
            MESSAGE = 'this person may not ask for anything at present',
            DETAIL = json_build_object(
                'code', bar.code, 'until', bar.until, 'restriction_id', bar.restriction_id
            )::text;
    END IF;
    RETURN NEW;
END
$$;
"""

TRIGGER = """
CREATE TRIGGER generation_job_is_of_nobody_barred
    BEFORE INSERT ON generation_job
    FOR EACH ROW EXECUTE FUNCTION generation_refuse_barred();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_first_tables"),
        ("generation", "0009_compositions_and_their_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Bar",
            fields=[
                ("restriction_id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "code",
                    models.CharField(
                        choices=[("cooldown", "Cooldown"), ("suspended", "Suspended")],
                        max_length=16,
                    ),
                ),
                ("until", models.DateTimeField(null=True)),
                (
                    "organisation",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organisation",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "generation_bar",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code__in", ["cooldown", "suspended"])),
                        name="generation_bar_code_known",
                    )
                ],
            },
        ),
        migrations.RunSQL(REFUSE, "DROP FUNCTION generation_refuse_barred()"),
        migrations.RunSQL(
            TRIGGER, "DROP TRIGGER generation_job_is_of_nobody_barred ON generation_job"
        ),
    ]
