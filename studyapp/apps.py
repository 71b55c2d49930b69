"""The Django application."""

from django.apps import AppConfig


class StudyConfig(AppConfig):
    name = "studyapp"
    verbose_name = "Byline"

    def ready(self) -> None:
        from studyapp import deploy_checks  # noqa: F401  their checks are registered by loading them
        from studyapp.celery import app  # loaded here, so that the web process can queue tasks
        from studyapp.database import encoding  # noqa: F401  their checks are registered by loading them

        app.set_default()
