"""Import human articles: `manage.py import_articles FILE.jsonl [--map body=text] [--skip-bad]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.actions.articles import ImportOutcome, import_articles
from studyapp.actions.audit import acting_as
from studyapp.domain.column_names import ColumnError, parse_assignments
from studyapp.management.study_command import open_article_file


class Command(BaseCommand):
    help = "Import the articles of a JSON Lines or CSV file (title and body required; see docs/contracts.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="a field stands in a column of another name, as body=text; may be given several times",
        )
        parser.add_argument("--skip-bad", action="store_true", help="import the good rows of a file that has bad ones")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            columns = parse_assignments(options["map"])
        except ColumnError as error:
            raise CommandError(f"--map {error}") from None
        file = open_article_file(options["file"], columns=columns)
        with acting_as("manage.py import_articles"):
            outcome = import_articles(file, skip_bad=options["skip_bad"], name=options["file"].name)
        self._report_rows(outcome)
        if outcome.is_refused:
            raise CommandError(
                f"{len(outcome.bad)} bad rows: nothing was imported. Mend them, or pass --skip-bad for the good ones."
            )
        self.stdout.write(
            f"{outcome.imported} articles imported, {len(outcome.duplicates)} were there already, "
            f"{len(outcome.bad)} bad rows skipped."
        )

    def _report_rows(self, outcome: ImportOutcome) -> None:
        for fault in outcome.bad:
            self.stderr.write(str(fault))
        for duplicate in outcome.duplicates:
            self.stdout.write(f"line {duplicate.line}: the same text as {duplicate.ref}")
        if outcome.ignored_columns:
            self.stdout.write(f"Columns that mean nothing here: {', '.join(outcome.ignored_columns)}")
