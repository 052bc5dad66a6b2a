"""Checkpoints commit to a Merkle tree, whose larger nodes are rows that nobody changes."""

from django.db import migrations, models

TRIGGERS = """
CREATE TRIGGER audit_tree_node_append_only BEFORE UPDATE OR DELETE ON audit_tree_node
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER audit_tree_node_no_truncate BEFORE TRUNCATE ON audit_tree_node
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""

DROP = """
DROP TRIGGER audit_tree_node_append_only ON audit_tree_node;
DROP TRIGGER audit_tree_node_no_truncate ON audit_tree_node;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_append_in_one_statement")]

    operations = [
        migrations.AddField("checkpoint", "root", models.BinaryField(max_length=32, null=True)),
        migrations.CreateModel(
            name="TreeNode",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "chain",
                        "level",
                        "index",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("chain", models.CharField(max_length=100)),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={"db_table": "audit_tree_node"},
        ),
        migrations.RunSQL(TRIGGERS, DROP),
    ]
