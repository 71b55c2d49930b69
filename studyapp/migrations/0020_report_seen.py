from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("studyapp", "0019_questions"),
    ]

    operations = [
        migrations.AddField(
            model_name="export",
            name="report_seen_at",
            field=models.DateTimeField(
                help_text="when it was wanted, or its worker's last sign of life", null=True
            ),
        ),
    ]
