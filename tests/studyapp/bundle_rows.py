"""A study with participants of every fate, and bundles that are tampered with as somebody could."""

import hashlib
import json
import random
import zipfile
from datetime import timedelta

from studyapp.actions import participation
from studyapp.actions.attention import answer_check, find_due_check, show_check
from studyapp.actions.blindness import unblind
from studyapp.actions.export import export_study
from studyapp.actions.launch import close_study
from studyapp.actions.participation import EndAnswers
from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.domain.judgment import Judgment
from studyapp.models import (
    Article,
    AuditEntry,
    Candidate,
    Participant,
    Response,
    Stimulus,
    Study,
    Trial,
)
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched

LATER = NOW + timedelta(days=30)
ROWS = (Article, AuditEntry, Candidate, Participant, Response, Stimulus, Study, Trial)
BEHAVIOUR = (
    '{"page": 6.5, "active": 3.25, "losses": 2, "changes": 1, "pastes": 3, "viewport": "narrow", "pointer": "coarse", '
    '"keyboard": true}'
)
COMMENTS = ("", 'a "quoted"\nline; é', "=1+1", "my id is PERSON-3, ok?", "-\r\n,", "  spaces  ")


def make_answered(*, n_people=12, n_items=4, close=True, slug="pilot", **sections):
    """A closed study, or one that runs, unblinded: most completed, one excluded, one dropped out, one withdrew."""
    study = make_launched(n_items=n_items, slug=slug, **sections)
    rng = random.Random(5)
    for number in range(n_people):
        now = NOW + timedelta(minutes=3 * number, microseconds=number)
        arrival = Arrival(external_id=f"person-{number}", session_id=f"visit-{number}")
        person = participation.enrol(study, platform="prolific", arrival=arrival, rng=rng, now=now)
        participation.start(person, now=now)
        for position, trial in enumerate(person.trials.order_by("position")):
            if number == 5 and position == 2:
                break
            show_trial(trial, now=now + timedelta(seconds=30 * position))
            trial.refresh_from_db()
            given = Answer(
                Judgment(rng.randint(1, 5)), rng.choice([True, False, None]), rng.choice(COMMENTS), BEHAVIOUR
            )
            answer_trial(trial, given, now=now + timedelta(seconds=30 * position + 7.5))
            if check := find_due_check(person):
                moment = now + timedelta(seconds=30 * position + 9)
                show_check(person, number=check, now=moment)
                person.refresh_from_db()
                answer_check(person, number=check, answer=1 + number % 2, now=moment + timedelta(seconds=2))
                person.refresh_from_db()
        else:
            answers = EndAnswers(looked_up=number == 2, internet_check_answer="768 person-2" if number == 2 else "")
            participation.complete(person, answers, now=now + timedelta(minutes=4))
            participation.record_debriefing(person, now=now + timedelta(minutes=5))
        if number == 7:
            participation.withdraw(person, now=now + timedelta(minutes=6))
    if close:
        return close_study(study, now=NOW + timedelta(days=1))
    unblind(study, reason="to look at it while it runs")
    return study


def export(study, folder, *, now=NOW + timedelta(days=2), **options):
    """The path of a bundle of the study."""
    return folder / export_study(study, folder=folder, now=now, **options).file_name


def read_files(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_files(path, files, *, sign=True):
    """Write a bundle from its files; `sign`: with a manifest that agrees with them, as a careful forger would."""
    files = dict(files)
    if sign and "manifest.json" in files:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = {
            name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "manifest.json"
        }
        files["manifest.json"] = json.dumps(manifest, indent=2, ensure_ascii=False, sort_keys=True).encode()
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def empty_database():
    """As if the study had never been here."""
    for model in (Response, Trial, Participant, Stimulus):
        model.objects.all().delete()
    Study.objects.all().delete()
    Article.objects.all().delete()
    AuditEntry.objects.all().delete()


def count_rows():
    return {model.__name__: model.objects.count() for model in ROWS}


def edit_manifest(files, **changes):
    return {**files, "manifest.json": json.dumps({**json.loads(files["manifest.json"]), **changes}).encode()}
