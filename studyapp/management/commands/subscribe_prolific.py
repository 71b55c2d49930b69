"""Have Prolific's webhooks sent here: `manage.py subscribe_prolific WORKSPACE_ID [--new-secret]`."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from studyapp.prolific.client import HOOK_EVENTS, ProlificClient
from studyapp.prolific.desk import open_client
from studyapp.prolific.transport import ProlificError


class Command(BaseCommand):
    help = "Subscribe to the events of a workspace on Prolific, once each; --new-secret makes what signs them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("workspace", help="the id of the workspace on Prolific")
        parser.add_argument(
            "--new-secret",
            action="store_true",
            help="make a secret and print it once; the workspace's secret before it stops working",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        target = settings.SITE_URL + reverse("prolific_hook")
        if not target.startswith("https://"):
            raise CommandError(f"Prolific sends webhooks to public https addresses only, not to {target}")
        try:
            with open_client(is_patient=True) as client:
                if options["new_secret"]:
                    self._make_secret(client, options["workspace"])
                elif not settings.PROLIFIC_WEBHOOK_SECRET:
                    raise CommandError("Set BYLINE_PROLIFIC_WEBHOOK_SECRET, or pass --new-secret to make one.")
                self._subscribe(client, options["workspace"], target)
        except ProlificError as error:
            raise CommandError(str(error)) from None

    def _make_secret(self, client: ProlificClient, workspace: str) -> None:
        self.stdout.write("Set this, and restart the site; it is shown only now:")
        self.stdout.write(f"BYLINE_PROLIFIC_WEBHOOK_SECRET={client.create_secret(workspace)}")

    def _subscribe(self, client: ProlificClient, workspace: str, target: str) -> None:
        known = {
            entry.get("event_type")
            for entry in client.list_subscriptions()
            if entry.get("target_url") == target and entry.get("is_enabled", True)
        }
        offered = client.list_event_types()
        for event_type in HOOK_EVENTS:
            if event_type in known:
                self.stdout.write(f"{event_type}: subscribed already")
            elif event_type not in offered:
                self.stdout.write(f"{event_type}: Prolific does not offer it to this account")
            else:
                client.subscribe(workspace_id=workspace, event_type=event_type, target_url=target)
                self.stdout.write(f"{event_type}: subscribed, to {target}")
