"""Write the whole database into one file: `manage.py backup FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from studyapp.actions.backup import write_backup
from studyapp.database.backup_file import BackupError


class Command(BaseCommand):
    help = "Write every row of the database into one file, as of one moment; the site may go on meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a new file, as byline-2026-05-04.zip; keep it as safe as the site")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = write_backup(options["file"], now=timezone.now())
        except BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{sum(counts.values())} rows of {len(counts)} tables: {options['file']}. It holds platform ids and "
            "accounts; models, exports and the secret keys are files of their own (docs/deploy.md)."
        )
