"""End a study: `manage.py close_study SLUG`."""

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.launch import close_study
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Let nobody enter any more; those at work may finish."

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        if study.is_draft:
            raise CommandError(f"The study {study.slug!r} is a draft; there is nothing to close.")
        close_study(study, now=timezone.now())
        self.stdout.write(f"The study {study.slug!r} is closed.")
