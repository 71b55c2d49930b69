"""Write a study's bundle: `manage.py export_study SLUG [--out DIR] [--unblind REASON]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.actions.blindness import StillBlindError, unblind
from studyapp.actions.export import export_study
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Write everything a study came to as one .zip bundle, the input of analysis/report.py."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, help="the folder; without it, the site's own folder of exports")

        parser.add_argument(
            "--unblind", metavar="REASON", help="why the results of a study that still runs must be seen; written down"
        )

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            if options["unblind"] is not None:
                unblind(study, reason=options["unblind"])
            self._export(study, options)
        except StillBlindError as error:
            raise CommandError(str(error)) from None

    def _export(self, study: Study, options: dict[str, Any]) -> None:
        folder = options["out"] or settings.EXPORTS_DIR
        export = export_study(study, folder=folder, now=timezone.now())
        self.stdout.write(f"{export.participants} participants, {export.trials} trials: {folder / export.file_name}")
