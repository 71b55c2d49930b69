"""Delete somebody's answers at their wish: `manage.py withdraw SLUG PARTICIPANT`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from studyapp.actions import participation
from studyapp.actions.audit import record
from studyapp.management.study_command import StudyCommand, find_person
from studyapp.models import Participant, Study


class Command(StudyCommand):
    help = "Delete the answers of somebody who has written to you for it, even after their last day. It is for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("participant", help="their code, which their page names, or the platform's id")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        person = find_person(study, options["participant"])
        if person.status == Participant.Status.WITHDRAWN:
            raise CommandError(f"{person.code} has withdrawn already.")
        with transaction.atomic():
            participation.withdraw(person, now=timezone.now(), is_late=True)
            record(study, "withdrew_participant", participant=person.code)
        self.stdout.write(
            f"{person.code} is withdrawn and their answers are deleted here; delete them in the bundles that you made "
            "before as well (the Export page says which hold them)."
        )
