"""The database refuses to change or remove what was written, whoever asks through SQL."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
"""

TRIGGERS = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

DROP = """
DROP TRIGGER {table}_append_only ON {table};
DROP TRIGGER {table}_no_truncate ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_first")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION audit_is_append_only();"),
        *(
            migrations.RunSQL(TRIGGERS.format(table=table), DROP.format(table=table))
            for table in ("audit_entry", "audit_checkpoint")
        ),
    ]
