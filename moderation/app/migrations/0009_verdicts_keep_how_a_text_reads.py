"""A verdict keeps how its text reads, to know outputs that are nearly the same."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("moderation", "0008_nothing_stays_stuck"),
    ]

    operations = [
        migrations.AddField(
            model_name="verdict",
            name="simhash",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="How the text reads, for texts that are nearly the same; empty for short ones.",
                max_length=64,
            ),
        ),
    ]
