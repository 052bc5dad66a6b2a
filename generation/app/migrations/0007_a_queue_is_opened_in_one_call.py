"""What every claim does before it looks who is next, as one call whose plans are kept.

Every statement inside has a snapshot of its own, so those after the lock see all that earlier claims
have committed.
"""

from django.db import migrations

OPEN = """
CREATE FUNCTION generation_open_queue(which text, woken integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM generation_lane
      WHERE modality = which AND organisation_id IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO generation_lane (modality, level) VALUES (which, 0)
        ON CONFLICT (modality, organisation_id, project_id, user_id) DO NOTHING;
        PERFORM FROM generation_lane
          WHERE modality = which AND organisation_id IS NULL FOR UPDATE;
    END IF;
    UPDATE generation_job SET not_before = NULL WHERE id IN (
        SELECT id FROM generation_job
         WHERE modality = which AND state = 'queued' AND not_before <= statement_timestamp()
         ORDER BY not_before LIMIT woken FOR UPDATE SKIP LOCKED
    );
    IF NOT EXISTS (SELECT FROM generation_bell WHERE modality = which) THEN
        RETURN;
    END IF;
    WITH rung AS (
        DELETE FROM generation_bell WHERE modality = which
        RETURNING organisation_id, project_id, user_id
    ), organisations AS (
        INSERT INTO generation_lane AS lane
            (modality, level, parent_id, organisation_id, is_waiting)
        SELECT DISTINCT which, 1, root.id, rung.organisation_id, true
          FROM rung JOIN generation_lane AS root
            ON root.modality = which AND root.organisation_id IS NULL
        ON CONFLICT (modality, organisation_id, project_id, user_id)
        DO UPDATE SET is_waiting = true
        RETURNING lane.id, lane.organisation_id
    ), projects AS (
        INSERT INTO generation_lane AS lane
            (modality, level, parent_id, organisation_id, project_id, is_waiting)
        SELECT DISTINCT which, 2, above.id, rung.organisation_id, rung.project_id, true
          FROM rung JOIN organisations AS above USING (organisation_id)
        ON CONFLICT (modality, organisation_id, project_id, user_id)
        DO UPDATE SET is_waiting = true
        RETURNING lane.id, lane.organisation_id, lane.project_id
    )
    INSERT INTO generation_lane
        (modality, level, parent_id, organisation_id, project_id, user_id, is_waiting)
    SELECT DISTINCT which, 3, above.id, rung.organisation_id, rung.project_id, rung.user_id, true
      FROM rung JOIN projects AS above USING (organisation_id, project_id)
    ON CONFLICT (modality, organisation_id, project_id, user_id)
    DO UPDATE SET is_waiting = true;
END
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("generation", "0006_weights_move_to_lanes")]

    operations = [
        migrations.RunSQL(OPEN, "DROP FUNCTION generation_open_queue(text, integer);"),
    ]
