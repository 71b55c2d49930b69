"""End somebody's participation: `manage.py screen_out SLUG PARTICIPANT --reason device`."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from studyapp.actions.audit import record
from studyapp.actions.participation import screen_out
from studyapp.management.study_command import StudyCommand, find_person
from studyapp.models import Participant, Study


class Command(StudyCommand):
    help = "End the participation of somebody at work; they are shown the platform's screen-out, their answers stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("participant", help="their code, or the id that the platform gave them")
        parser.add_argument("--reason", required=True, help="device, error, or what it was, in a few words")

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        person = find_person(study, options["participant"])
        try:
            with transaction.atomic():
                person = screen_out(person, reason=options["reason"], now=timezone.now())
                if person.status == Participant.Status.SCREENED_OUT:
                    record(study, "screened_out", reason=person.screen_out_reason, participant=person.code)
        except ValueError as error:
            raise CommandError(str(error)) from None
        if person.status != Participant.Status.SCREENED_OUT:
            raise CommandError(f"{person.code} is {person.status}; only somebody at work can be screened out.")
        self.stdout.write(f"{person.code} is screened out: {person.screen_out_reason}.")
