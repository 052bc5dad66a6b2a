"""Whatever makes a job claimable wakes its lane of the queue, whoever writes it and how.

A claim takes a lane out of the waiting ones only while nobody holds the lane's advisory lock.
The trigger takes it shared before it looks, and keeps it to the end of its transaction: so either
the claim lets the lane wait on, or the trigger finds it not waiting and rings.
"""

from django.db import migrations

KEY = """
CREATE FUNCTION generation_lane_key(modality text, project uuid, person uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT hashtextextended('generation:' || modality || ':' || project || ':' || person, 0)
$$;
"""

RING = """
CREATE FUNCTION generation_ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(
        generation_lane_key(NEW.modality, NEW.project_id, NEW.requested_by_id)
    );
    IF NOT EXISTS (
        SELECT FROM generation_lane
         WHERE modality = NEW.modality AND organisation_id = NEW.organisation_id
           AND project_id = NEW.project_id AND user_id = NEW.requested_by_id AND is_waiting
    ) AND NOT EXISTS (
        SELECT FROM generation_bell
         WHERE modality = NEW.modality AND project_id = NEW.project_id
           AND user_id = NEW.requested_by_id
    ) THEN
        INSERT INTO generation_bell (modality, organisation_id, project_id, user_id)
        VALUES (NEW.modality, NEW.organisation_id, NEW.project_id, NEW.requested_by_id);
    END IF;
    RETURN NULL;
END
$$;
"""

TRIGGER = """
CREATE TRIGGER generation_job_rings
    AFTER INSERT OR UPDATE OF state, screened_at, not_before ON generation_job
    FOR EACH ROW
    WHEN (NEW.state = 'queued' AND NEW.screened_at IS NOT NULL AND NEW.not_before IS NULL)
    EXECUTE FUNCTION generation_ring();
"""

# Called by a claim, which holds the root's lock, in a transaction that locks nothing else after it:
# whoever puts a job into this lane meanwhile waits for its end.
REST = """
CREATE FUNCTION generation_rest(which bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    lane generation_lane;
BEGIN
    SELECT * INTO lane FROM generation_lane WHERE id = which;
    IF lane.level = 0 THEN
        RETURN false;
    ELSIF lane.level < 3 THEN
        IF EXISTS (SELECT FROM generation_lane WHERE parent_id = which AND is_waiting) THEN
            RETURN false;
        END IF;
    ELSIF NOT pg_try_advisory_xact_lock(
        generation_lane_key(lane.modality, lane.project_id, lane.user_id)
    ) THEN
        RETURN false;
    ELSIF EXISTS (
        SELECT FROM generation_job
         WHERE modality = lane.modality AND project_id = lane.project_id
           AND requested_by_id = lane.user_id AND state = 'queued'
           AND screened_at IS NOT NULL AND not_before IS NULL
    ) THEN
        RETURN false;
    END IF;
    UPDATE generation_lane SET is_waiting = false WHERE id = which;
    PERFORM generation_rest(lane.parent_id);
    RETURN true;
END
$$;
"""

WAITING_ALREADY = """
INSERT INTO generation_bell (modality, organisation_id, project_id, user_id)
SELECT DISTINCT modality, organisation_id, project_id, requested_by_id FROM generation_job
 WHERE state = 'queued' AND screened_at IS NOT NULL AND not_before IS NULL;
"""

# Lanes are found by their parents and rewritten at every claim: room on each page keeps that cheap.
ROOM = "ALTER TABLE generation_lane SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);"


class Migration(migrations.Migration):
    dependencies = [("generation", "0003_a_fair_queue_of_lanes_and_outputs")]

    operations = [
        migrations.RunSQL(KEY, "DROP FUNCTION generation_lane_key(text, uuid, uuid);"),
        migrations.RunSQL(RING, "DROP FUNCTION generation_ring();"),
        migrations.RunSQL(TRIGGER, "DROP TRIGGER generation_job_rings ON generation_job;"),
        migrations.RunSQL(REST, "DROP FUNCTION generation_rest(bigint);"),
        migrations.RunSQL(WAITING_ALREADY, "DELETE FROM generation_bell;"),
        migrations.RunSQL(ROOM, "ALTER TABLE generation_lane RESET (fillfactor);"),
    ]
