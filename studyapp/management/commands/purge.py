"""Delete what its time is over for: `manage.py purge [--yes] [--ids-of SLUG]`; without --yes it says what it would."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from studyapp.actions.audit import acting_as
from studyapp.actions.purge import count_ids, list_due, purge
from studyapp.management.study_command import find_study
from studyapp.models import Study


class Command(BaseCommand):
    help = "Say what its time is over for, by each study's own days and the site's rules; with --yes, delete it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--yes", action="store_true", help="delete; it is for good")
        parser.add_argument(
            "--ids-of",
            action="append",
            default=[],
            metavar="SLUG",
            help="a closed study whose platform's ids shall go now, whatever days it says",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for slug in options["ids_of"]:
            if find_study(slug).state != Study.State.CLOSED:
                raise CommandError(f"The study {slug!r} is not closed, and its people are still to be paid: close it.")
        act = purge if options["yes"] else list_due
        with acting_as("manage.py purge"):
            due = act(now=timezone.now(), ids_of=options["ids_of"])
        said = "deleted" if options["yes"] else "to delete"
        for entry in due:
            self.stdout.write(f"{entry.rows:>7} {said}  {entry.what} ({entry.rule})")
        if not due:
            self.stdout.write("There is nothing whose time is over.")
        elif not options["yes"]:
            self.stdout.write("Nothing is deleted yet: add --yes.")
        self._tell_kept()

    def _tell_kept(self) -> None:
        """The ids that stay, and until when, so that none is forgotten."""
        for study in Study.objects.real().exclude(state=Study.State.DRAFT).order_by("slug"):
            if n_ids := count_ids(study):
                days = study.protection.keep_ids_days
                until = (
                    f"until {days} days after it is closed"
                    if days is not None
                    else f"for it says no days (keep_ids_days): --ids-of {study.slug} deletes them once it is closed"
                )
                self.stdout.write(f"{n_ids:>7} kept  {study.slug}: ids of the platform, {until}")
