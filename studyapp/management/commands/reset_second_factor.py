"""For somebody who has lost their phone and spare codes: `manage.py reset_second_factor NAME`."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from studyapp.actions.audit import acting_as
from studyapp.actions.second_factor import remove_devices


class Command(BaseCommand):
    help = "Turn an account's second factor off, so that it signs in by its password and sets a new one up."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        user = get_user_model().objects.filter(username=options["username"]).first()
        if user is None:
            known = ", ".join(get_user_model().objects.values_list("username", flat=True)) or "none yet"
            raise CommandError(f"There is no account {options['username']!r}. Accounts: {known}.")
        with acting_as("manage.py reset_second_factor"):
            removed = remove_devices(user)
        self.stdout.write(f"{user}: {removed} devices removed; the password alone signs in now.")
