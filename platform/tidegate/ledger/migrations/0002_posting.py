"""Posting in one round trip, and entries that nobody changes.

`ledger_post` is a function because a single statement reads what was committed when it began: one
that waited for the payer's lock would then miss the entry it waited for. Inside a function every
statement sees what is committed when that statement begins.
"""

from django.db import migrations

POST = """
CREATE FUNCTION ledger_post(
    of_organisation uuid, of_kind text, from_pot text, to_pot text, moved bigint, parts integer,
    about_type text, about_id uuid, about_output integer, at_occasion integer, because text,
    correlated uuid, welcome bigint
) RETURNS TABLE (
    outcome text, was_opened boolean, entry uuid, number bigint, available bigint, reserved bigint
) LANGUAGE plpgsql AS $$
DECLARE
    later_available bigint;
    later_reserved bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger:' || of_organisation, 0));
    SELECT last.seq, last.available_after, last.reserved_after INTO number, available, reserved
      FROM ledger_entry AS last WHERE last.organisation_id = of_organisation
     ORDER BY last.seq DESC LIMIT 1;
    was_opened := false;
    IF NOT FOUND THEN
        number := 0; available := 0; reserved := 0;
        IF welcome > 0 THEN
            number := 1; available := welcome; was_opened := true;
            INSERT INTO ledger_entry (
                id, organisation_id, seq, kind, source, target, amount, quantity, subject_type,
                subject_id, output_index, occasion, reason, available_after, reserved_after,
                correlation_id
            ) VALUES (
                uuidv7(), of_organisation, 1, 'grant', 'issued', 'available', welcome, 1,
                'accounts.organisation', of_organisation, NULL, 0, 'welcome', welcome, 0, of_organisation
            );
        END IF;
    END IF;
    later_available := available
        + CASE WHEN to_pot = 'available' THEN moved ELSE 0 END
        - CASE WHEN from_pot = 'available' THEN moved ELSE 0 END;
    later_reserved := reserved
        + CASE WHEN to_pot = 'reserved' THEN moved ELSE 0 END
        - CASE WHEN from_pot = 'reserved' THEN moved ELSE 0 END;
    IF later_available >= 0 AND later_reserved >= 0 THEN
        INSERT INTO ledger_entry AS made (
            id, organisation_id, seq, kind, source, target, amount, quantity, subject_type,
            subject_id, output_index, occasion, reason, available_after, reserved_after,
            correlation_id
        ) VALUES (
            uuidv7(), of_organisation, number + 1, of_kind, from_pot, to_pot, moved, parts,
            about_type, about_id, about_output, at_occasion, because, later_available,
            later_reserved, correlated
        ) ON CONFLICT (subject_id, kind, output_index, occasion) DO NOTHING
        RETURNING made.id INTO entry;
    END IF;
    IF entry IS NOT NULL THEN
        outcome := 'posted';
        number := number + 1; available := later_available; reserved := later_reserved;
    ELSE
        -- Asked for twice is no shortage, even where nothing is left by now.
        SELECT made.id INTO entry FROM ledger_entry AS made
         WHERE made.subject_id = about_id AND made.kind = of_kind
           AND made.output_index IS NOT DISTINCT FROM about_output AND made.occasion = at_occasion;
        outcome := CASE WHEN FOUND THEN 'repeated' ELSE 'short' END;
    END IF;
    RETURN NEXT;
END
$$;
"""

REFUSE = """
CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entry_no_truncate BEFORE TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
"""

UNDO_REFUSE = """
DROP TRIGGER ledger_entry_append_only ON ledger_entry;
DROP TRIGGER ledger_entry_no_truncate ON ledger_entry;
DROP FUNCTION ledger_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_entries")]

    operations = [
        migrations.RunSQL(POST, "DROP FUNCTION ledger_post;"),
        migrations.RunSQL(REFUSE, UNDO_REFUSE),
    ]
