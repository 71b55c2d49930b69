"""A study whose participants come from Prolific, linked to the stand-in, and people who take part in it."""

import random

from studyapp.actions import participation
from studyapp.actions.participation import EndAnswers
from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.domain.judgment import Judgment
from studyapp.domain.prolific_draft import DraftWish
from studyapp.models import Participant, ProlificStudy, Study
from studyapp.prolific import studies
from studyapp.prolific.desk import open_client
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched

CODE = "C1A2B3"
WISH = DraftWish(name="Who wrote this?", description="Read articles.", places=18, minutes=30, reward=450)


def make_prolific_study(**sections) -> Study:
    return make_launched(recruitment={"platform": "prolific", "completion_code": CODE}, **sections)


def link_up(study: Study) -> ProlificStudy:
    """A draft made through the client, then published."""
    with open_client() as client:
        link = studies.create_draft(client, study, WISH, now=NOW)
        studies.read_study(client, link)
        link.refresh_from_db()
        studies.transition(client, link, "PUBLISH")
    return ProlificStudy.objects.select_related("study").get(pk=link.pk)


def make_pid(number: int) -> str:
    return f"{number:x}".rjust(24, "a")


def take_part(study: Study, number: int, *, submission_id: str = "", answers: int | None = 0, now=NOW) -> Participant:
    """Enrol the participant of a number and answer so many trials; None completes."""
    arrival = Arrival(external_id=make_pid(number), session_id=submission_id)
    person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(number), now=now)
    for trial in person.trials.order_by("position")[: answers if answers is not None else 10_000]:
        show_trial(trial, now=now)
        answer_trial(trial, Answer(Judgment(4), seen_before=False, comment=""), now=now)
    if answers is None:
        person = participation.complete(person, EndAnswers(looked_up=False, internet_check_answer=""), now=now)
    return person
