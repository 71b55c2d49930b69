"""Raise a launched study's target: `manage.py add_blocks SLUG 5 --reason "more were excluded than foreseen"`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from studyapp.actions.deviation import TARGET, deviate
from studyapp.domain.deviation import DeviationRefusedError
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Add places to every cell of a launched study; it is recorded as a deviation from the frozen design."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("blocks", type=int, help="how many more participants in each arm x form")
        parser.add_argument("--reason", required=True, help="why; it goes into the bundle with the deviation")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        before = study.places_wanted
        try:
            deviate(study, {TARGET: study.participants_per_cell + options["blocks"]}, reason=options["reason"])
        except DeviationRefusedError as error:
            raise CommandError(str(error)) from None
        now = study.places_wanted
        self.stdout.write(f"{now - before} places added; the study {study.slug!r} has {now} now.")
