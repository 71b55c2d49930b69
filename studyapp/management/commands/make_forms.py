"""Make forms A and B: `manage.py make_forms SLUG`."""

from typing import Any

from django.core.management.base import CommandError

from studyapp.actions.quiz_forms import FormsRefusedError, make_quiz_forms
from studyapp.management.study_command import StudyCommand
from studyapp.models import Study


class Command(StudyCommand):
    help = "Draw forms A and B from the study's seed: every item human on one and model-written on the other."

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        try:
            forms = make_quiz_forms(study)
        except FormsRefusedError as error:
            raise CommandError(str(error)) from None
        for form in forms:
            human = form.entries.filter(source="human").count()
            self.stdout.write(f"Form {form.name}: {human} human and {form.entries.count() - human} model texts.")
