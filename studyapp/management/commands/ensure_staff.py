"""Make the first administrator, and the groups of rights: `manage.py ensure_staff [--username NAME]`."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand
from django.urls import reverse

from studyapp.actions.roles import ensure_groups
from studyapp.given_secrets import read_secret


class Command(BaseCommand):
    help = (
        "Make an administrator if there is none of that name, with the password in BYLINE_ADMIN_PASSWORD "
        "(or the file in BYLINE_ADMIN_PASSWORD_FILE), or with a generated one, which is printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, **options: Any) -> None:
        ensure_groups()
        users, name = get_user_model().objects, options["username"]
        address = settings.SITE_URL + reverse("staff:study_list")
        if users.filter(username=name).exists():
            self.stdout.write(f"Staff pages: {address}")
            self.stdout.write(f"  {name} is there already; for a new password: python manage.py changepassword {name}")
            return
        given = read_secret("BYLINE_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        users.create_superuser(username=name, password=password)
        self.stdout.write(f"Staff pages: {address}")
        self.stdout.write(f"  sign in as {name} with {'the password that was given' if given else 'this password:'}")
        if not given:
            self.stdout.write(f"  {password}")
