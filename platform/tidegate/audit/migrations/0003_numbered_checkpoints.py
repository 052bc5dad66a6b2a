"""Checkpoints get a number of their own: gaps and removals show without the export file.

None had been written before this migration, so the table is made anew.
"""

from django.db import migrations, models

TRIGGERS = """
CREATE TRIGGER audit_checkpoint_append_only BEFORE UPDATE OR DELETE ON audit_checkpoint
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_checkpoint_no_truncate BEFORE TRUNCATE ON audit_checkpoint
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

DROP = """
DROP TRIGGER audit_checkpoint_append_only ON audit_checkpoint;
DROP TRIGGER audit_checkpoint_no_truncate ON audit_checkpoint;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_append_only")]

    operations = [
        migrations.RunSQL(DROP, TRIGGERS),
        migrations.DeleteModel("Checkpoint"),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                ("chain", models.CharField(max_length=100)),
                ("seq", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
                ("entries", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("key_id", models.CharField(max_length=64)),
                ("signature", models.BinaryField(max_length=64)),
            ],
            options={
                "db_table": "audit_checkpoint",
                "ordering": ("chain", "seq"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=["chain", "seq"], name="audit_checkpoint_once_per_chain_and_seq"
                    )
                ],
            },
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
