"""Tables, groups and the first administrator, under a lock: `manage.py prepare_site [--static]`.

Any number of containers may run it at once: one does the work, and the others wait and find it done.
"""

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from studyapp.database.lock import hold_database_lock


class Command(BaseCommand):
    help = "Bring the database up to this version, and make the first administrator; safe to run by several at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--static", action="store_true", help="collect the static files too (the image has them)")

    def handle(self, *args: Any, **options: Any) -> None:
        with hold_database_lock():
            call_command("migrate", interactive=False, verbosity=options["verbosity"], stdout=self.stdout)
            if options["static"]:
                call_command("collectstatic", interactive=False, verbosity=0)
            call_command("ensure_staff", stdout=self.stdout)
