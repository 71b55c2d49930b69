"""Build a study again from its bundle: `manage.py load_bundle FILE [--slug NEW]`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from studyapp.actions.audit import acting_as
from studyapp.actions.bundle_loading import load_bundle
from studyapp.domain.bundle_rows import BundleFaultError


class Command(BaseCommand):
    help = (
        "Build a closed study from a full bundle (a .zip, or the folder it unpacks to), under the codes it had. "
        "All of it or nothing; exported again, it gives the same tables."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--slug", help="call the study so, where its own slug is taken")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with acting_as("manage.py load_bundle"):
                study = load_bundle(options["file"], now=timezone.now(), slug=options["slug"])
        except BundleFaultError as error:
            raise CommandError(f"Nothing was loaded:\n{error}") from None
        self.stdout.write(
            f"Study {study.slug!r} is built, closed: {study.items.count()} items, {study.arms.count()} arms, "
            f"{study.participants.count()} participants. Exported again, its tables are those of the bundle."
        )
