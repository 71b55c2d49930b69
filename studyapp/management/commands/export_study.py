"""Write a study's bundle: `manage.py export_study SLUG [--out DIR]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from studyapp.actions.export import export_study
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Write everything a study came to as one .zip bundle, the input of analysis/report.py."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--out", type=Path, help="the folder; without it, the site's own folder of exports")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        folder = options["out"] or settings.EXPORTS_DIR
        export = export_study(study, folder=folder, now=timezone.now())
        self.stdout.write(f"{export.participants} participants, {export.trials} trials: {folder / export.file_name}")
