"""After BYLINE_ID_KEY was changed, bring the hashes of people under the new key: `manage.py rehash_ids`."""

from typing import Any

from django.core.management.base import BaseCommand

from studyapp.actions.audit import acting_as, record
from studyapp.actions.person_keys import rehash_people


class Command(BaseCommand):
    help = "Bring the hashes by which people are known again under the key of now (BYLINE_ID_KEY)."

    def handle(self, *args: Any, **options: Any) -> None:
        moved, left = rehash_people()
        with acting_as("manage.py rehash_ids"):
            record(None, "rehashed_ids", moved=moved)
        self.stdout.write(f"{moved} people are known under the key of now.")
        if left:
            self.stdout.write(
                f"{left} have no id here that could be hashed anew, and are known under the key they came with: keep "
                "older keys in BYLINE_ID_KEYS_OLD for as long as nobody of them may take part again."
            )
