"""The commands that work on one study: they take its slug, and say which there are when it is none."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from studyapp.actions.audit import acting_as
from studyapp.actions.person_keys import find_by_arrival
from studyapp.domain.article_file import ArticleFile, UnreadableFileError, read_article_file
from studyapp.models import Participant, Study
from studyapp.recruitment import Arrival


class StudyCommand(BaseCommand):
    """A command whose first argument is a study's slug; subclasses write `handle_study`."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("study", help="the study's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        name = type(self).__module__.rpartition(".")[2]
        with acting_as(f"manage.py {name}"):
            self.handle_study(find_study(options["study"]), options)

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        raise NotImplementedError("a study's command says what it does in handle_study")


def find_study(slug: str) -> Study:
    """The study of that slug.

    Raises:
        CommandError: there is none; the message names those that there are.
    """
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.real().values_list("slug", flat=True)) or "none yet; make one with load_study"
        raise CommandError(f"There is no study {slug!r}. Studies: {known}.")
    return study


def find_person(study: Study, name: str) -> Participant:
    """Somebody in a study by their code, or by the platform's id, whether it is still kept or not.

    Raises:
        CommandError: there is nobody.
    """
    person = Participant.objects.filter(study=study, code=name).first() or find_by_arrival(
        study, platform=study.platform, arrival=Arrival(external_id=name)
    )
    if person is None:
        raise CommandError(f"Nobody in the study {study.slug!r} has this code or id.")
    return person


def open_article_file(path: Path, *, columns: Mapping[str, str] | None = None) -> ArticleFile:
    """Read an article file from disk; `columns` as in `read_article_file`.

    Raises:
        CommandError: it cannot be read, or is no article file.
    """
    try:
        return read_article_file(path.read_bytes(), name=path.name, columns=columns)
    except OSError as error:
        raise CommandError(f"{path}: cannot be read: {error.strerror}") from None
    except UnreadableFileError as error:
        raise CommandError(str(error)) from None
