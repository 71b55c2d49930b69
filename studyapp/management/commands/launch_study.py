"""Open a study to participants: `manage.py launch_study SLUG`."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.launch import LaunchRefusedError, launch_study, review_readiness
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Check a study, freeze its design under a SHA-256, and open it to participants."

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        for finding in review_readiness(study):
            self.stdout.write(f"{finding.level:>6}  {finding.topic}: {finding.message}")
        try:
            study = launch_study(study, now=timezone.now())
        except LaunchRefusedError as error:
            raise CommandError(f"Not launched: {error}") from None
        self.stdout.write(f"Launched under {study.design_sha256}.")
        self.stdout.write(f"Participants enter at {settings.SITE_URL}/s/{study.slug}/")
