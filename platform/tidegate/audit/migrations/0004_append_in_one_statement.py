"""Appending an entry takes one statement: lock the chain, read its end, hash, insert.

Python hands over the canonical bytes of the entry in three pieces, with the two values that only
the locked chain knows missing between them. A volatile function reads with a fresh snapshot at
each of its statements, so the one after the lock sees the entry that the lock waited for.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION audit_append(
    lock_key bigint, head text, middle text, tail text,
    entry_id uuid, entry_chain text, entry_at timestamptz, entry_action text,
    entry_actor_kind text, entry_actor_id text, entry_actor_label text,
    entry_subject_type text, entry_subject_id text,
    entry_before jsonb, entry_after jsonb, entry_reason text, entry_correlation_id uuid,
    OUT new_seq bigint, OUT end_hash bytea, OUT new_hash bytea, OUT inserted_at timestamptz
) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(lock_key);
    SELECT e.seq + 1, e.hash INTO new_seq, end_hash
      FROM audit_entry AS e WHERE e.chain = entry_chain ORDER BY e.seq DESC LIMIT 1;
    IF NOT FOUND THEN
        new_seq := 1;
        end_hash := decode(repeat('00', 32), 'hex');
    END IF;
    new_hash := sha256(convert_to(
        head || encode(end_hash, 'hex') || middle || new_seq::text || tail, 'UTF8'));
    INSERT INTO audit_entry (
        id, chain, seq, at, action, actor_kind, actor_id, actor_label, subject_type, subject_id,
        before, after, reason, correlation_id, prev_hash, hash
    ) VALUES (
        entry_id, entry_chain, new_seq, entry_at, entry_action,
        entry_actor_kind, entry_actor_id, entry_actor_label, entry_subject_type, entry_subject_id,
        entry_before, entry_after, entry_reason, entry_correlation_id, end_hash, new_hash
    ) RETURNING created_at INTO inserted_at;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_numbered_checkpoints")]

    operations = [migrations.RunSQL(FUNCTION, "DROP FUNCTION audit_append;")]
