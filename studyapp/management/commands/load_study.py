"""Make a study from a study file: `manage.py load_study STUDY.toml [--replace]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from studyapp.actions.articles import import_articles
from studyapp.actions.audit import acting_as
from studyapp.actions.study import StudyExistsError, load_study
from studyapp.domain.study_design import DesignError
from studyapp.management.study_command import open_article_file
from studyapp.study_file import StudyFileError, read_study_file


class Command(BaseCommand):
    help = "Make a study from a TOML study file, importing the article file that it names. All of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true", help="delete a draft of the same slug, with its texts")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic(), acting_as("manage.py load_study"):
                study, is_new = self._load(options["file"], replace=options["replace"])
        except (StudyFileError, StudyExistsError) as error:
            raise CommandError("\n".join(getattr(error, "faults", [str(error)]))) from None
        done = "made, a draft" if is_new else "there already, and says the same"
        self.stdout.write(f"Study {study.slug!r}: {done}; {study.items.count()} items, {study.arms.count()} arms.")

    def _load(self, path: Path, *, replace: bool) -> tuple[Any, bool]:
        file = read_study_file(path)
        refs: tuple[str, ...] = ()
        if file.article_file is not None:
            outcome = import_articles(open_article_file(file.article_file), name=file.article_file.name)
            if outcome.is_refused:
                faults = "\n".join(str(fault) for fault in outcome.bad)
                raise CommandError(f"{file.article_file.name} has bad rows; nothing was imported:\n{faults}")
            refs = outcome.refs
        try:
            return load_study(file.resolve(list(refs)), replace=replace)
        except DesignError as error:
            raise file.refuse(error.faults) from None
