"""Failed and successful sign-ins were kept with addresses and browsers; they are counted in Redis now, and not kept."""

from django.db import migrations


def forget(apps, schema_editor):
    for name in ("AccessAttemptExpiration", "AccessAttempt", "AccessLog", "AccessFailureLog"):
        apps.get_model("axes", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("studyapp", "0023_detectors"), ("axes", "0010_accessattemptexpiration")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
