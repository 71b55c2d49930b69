"""Read a study's submissions from Prolific: `manage.py sync_prolific SLUG`."""

from collections import Counter
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from studyapp.management.study_command import StudyCommand
from studyapp.models import ProlificStudy, Study
from studyapp.prolific import submissions
from studyapp.prolific.desk import open_client
from studyapp.prolific.overview import review_link
from studyapp.prolific.transport import ProlificError


class Command(StudyCommand):
    help = "Read a study's submissions from Prolific, give back the places of those who left, and count what agrees."

    def handle_study(self, study: Study, options: dict[str, Any]) -> None:
        link = ProlificStudy.objects.select_related("study").filter(study=study).exclude(remote_id="").first()
        if link is None:
            raise CommandError(f"{study.slug!r} is not linked to Prolific; link it on its staff page “Prolific”.")
        try:
            with open_client(is_patient=True) as client:
                n = submissions.sync_study(client, link)
        except ProlificError as error:
            raise CommandError(str(error)) from None
        link.refresh_from_db()
        self.stdout.write(f"{link.status} on Prolific, {link.places_taken} of {link.places} places taken.")
        kinds = Counter(row.verdict.kind for row in review_link(link, now=timezone.now()))
        self.stdout.write(f"{n} submissions" + "".join(f"; {count} {kind}" for kind, count in kinds.most_common()))
