"""Open a study to participants: `manage.py launch_study SLUG [--acknowledge KEY …]`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.launch import LaunchRefusedError, launch_study, review_readiness
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Check a study, freeze its design under a SHA-256, and open it to participants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--acknowledge",
            nargs="+",
            default=[],
            metavar="KEY",
            help="the warnings that you have read and accept, by the keys before them; `all` for every one",
        )

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        findings = review_readiness(study)
        for finding in findings:
            key = f"  [{finding.key}]" if finding.level == "warn" else ""
            self.stdout.write(f"{finding.level:>6}{key}  {finding.topic}: {finding.message}")
        given = options["acknowledge"]
        keys = [finding.key for finding in findings] if "all" in given else given
        try:
            study = launch_study(study, now=timezone.now(), acknowledged=keys)
        except LaunchRefusedError as error:
            raise CommandError(f"Not launched: {error}") from None
        self.stdout.write(f"Launched under {study.design_sha256}.")
        self.stdout.write(f"Participants enter at {settings.SITE_URL}/s/{study.slug}/")
