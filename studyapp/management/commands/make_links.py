"""Personal links: `manage.py make_links SLUG N`."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from studyapp.actions.audit import record
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study
from studyapp.passes import make_personal_link

MOST_LINKS = 100_000


class Command(StudyCommand):
    help = "Print personal links, one a line: each takes part once, and nothing in it names a person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("n", type=int, help="how many")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        if study.platform != "personal":
            raise CommandError(
                f'The study {study.slug!r} is on {study.platform!r}; personal links need platform = "personal" in '
                "the [recruitment] of its file."
            )
        if not 1 <= options["n"] <= MOST_LINKS:
            raise CommandError(f"Ask for 1 to {MOST_LINKS} links, not {options['n']}.")
        record(study, "made_links", links=options["n"])
        for _ in range(options["n"]):
            self.stdout.write(make_personal_link(study, name=secrets.token_hex(8)))
