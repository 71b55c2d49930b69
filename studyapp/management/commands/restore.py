"""Fill an empty database from a backup: `manage.py restore FILE`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from studyapp.actions.backup import restore_backup
from studyapp.database.backup_file import BackupError


class Command(BaseCommand):
    help = "Fill an empty database, SQLite or PostgreSQL, with what `manage.py backup` wrote; it makes the tables too."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="what `manage.py backup` wrote")

    def handle(self, *args: Any, **options: Any) -> None:
        if "django_migrations" not in connection.introspection.table_names():
            call_command("migrate", interactive=False, verbosity=0)
        try:
            counts = restore_backup(options["file"])
        except BackupError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{sum(counts.values())} rows of {len(counts)} tables are restored from {options['file']}.")
