"""Choose the texts to be shown: `manage.py select_stimuli SLUG`."""

from typing import Any

from django.core.management.base import CommandError

from studyapp.actions.selection import SelectionRefusedError, select_stimuli
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Choose by rule, for every item and arm, the candidate that is closest in length to the human article."

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            outcome = select_stimuli(study)
        except SelectionRefusedError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{outcome.chosen} model texts chosen.")
        if outcome.unserved:
            self.stdout.write(
                f"{len(outcome.unserved)} articles have no candidate fit to show; ask for more on the review page, or "
                "by queue_generation --more, and select again."
            )
