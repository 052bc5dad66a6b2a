"""Organisations keep the weight that they had before there were lanes."""

from django.db import migrations

ROOTS = """
INSERT INTO generation_lane (modality, level)
SELECT DISTINCT modality, 0 FROM generation_organisation_share WHERE weight <> 1
ON CONFLICT (modality, organisation_id, project_id, user_id) DO NOTHING;
"""

WEIGHTS = """
INSERT INTO generation_lane (modality, level, parent_id, organisation_id, weight)
SELECT share.modality, 1, root.id, share.organisation_id, share.weight
  FROM generation_organisation_share AS share
  JOIN generation_lane AS root ON root.modality = share.modality AND root.level = 0
 WHERE share.weight <> 1
ON CONFLICT (modality, organisation_id, project_id, user_id)
DO UPDATE SET weight = EXCLUDED.weight;
"""


class Migration(migrations.Migration):
    dependencies = [("generation", "0005_jobs_work_on_pictures")]

    operations = [
        migrations.RunSQL(ROOTS, migrations.RunSQL.noop),
        migrations.RunSQL(WEIGHTS, migrations.RunSQL.noop),
    ]
