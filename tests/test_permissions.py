"""A crawler walks every address of the site as everybody, and holds each answer against tests/permissions.py."""

import copy
import logging
import re
from contextlib import nullcontext

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.template.base import Template
from django.test import Client
from django.urls import URLResolver, get_resolver

from studyapp.actions.blindness import unblind
from studyapp.actions.export import export_study
from studyapp.actions.roles import give_role
from studyapp.domain.roles import Role
from studyapp.models import (
    Article,
    AuditEntry,
    Candidate,
    EntryTally,
    Export,
    GenerationJob,
    Participant,
    PowerRun,
    Study,
    TrainingJob,
    TrainingLadder,
)
from tests.permissions import ACTORS, ANSWERS, PAGE, RULES, find_rules, write_page
from tests.studyapp.ladder_rows import make_small_ladder
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
FOLDERS = (
    "EXPORTS_DIR",
    "REPORTS_DIR",
    "MODELS_DIR",
    "HUGGING_FACE_CACHE",
    "HELD_UPLOADS_DIR",
    "CORPORA_DIR",
    "TRAINING_DIR",
)
# What a GET may write, by the name of the table: arrivals are counted, looks at texts are in the log
WRITTEN_BY_GET = re.compile(r"studyapp_(entrytally|auditentry|participant|trial)|django_session|otp_totp_totpdevice")
ROWS = {
    "article": Article, "study": Study, "generationjob": GenerationJob, "candidate": Candidate,
    "participant": Participant, "entrytally": EntryTally, "export": Export, "auditentry": AuditEntry,
    "trainingladder": TrainingLadder, "trainingjob": TrainingJob, "user": User, "group": Group,
}  # fmt: skip


def list_addresses():
    """Every address of the resolver, as its name and its route; one without a name is called by its route."""

    def walk(resolver, route="", namespace=""):
        for pattern in resolver.url_patterns:
            whole = route + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern, whole, pattern.namespace or namespace)
            else:
                name = pattern.name or whole or "root"
                yield (f"{namespace}:{name}" if namespace else name), whole

    return list(walk(get_resolver()))


class Site:
    """A study in which everybody has their part, another one beside it, and a browser for each of ACTORS."""

    def __init__(self, tmp_path):
        texts = {"de": {"consent": "Ja?", "instructions": "Lies.", "question": "Wer?", "debriefing": "Danke."}}
        questions = [
            {"name": "note", "type": "long_text", "text": "Anything else?", "required": False, "when": "after"}
        ]
        study = make_launched(
            texts=texts, questions=questions, recruitment={"platform": "prolific", "completion_code": "C1ABCDEF"}
        )
        taking_part = Visitor(study, PROLIFIC_PID="5f2b8a9c1d3e4f5a6b7c8d9e", STUDY_ID="2" * 24, SESSION_ID="3" * 24)
        taking_part.start()
        self.trial = taking_part.page.url.split("/")[-2]
        elsewhere = Visitor(make_launched(slug="other", n_items=2))
        elsewhere.start()
        self.trial_elsewhere = elsewhere.page.url.split("/")[-2]
        make_small_ladder()
        unblind(study, reason="so that there is an export to ask for")
        export = export_study(study, folder=tmp_path / "EXPORTS_DIR", now=NOW)
        export.report_state = Export.ReportState.DONE
        export.save()
        export.report_dir.mkdir(parents=True)
        (export.report_dir / "report.html").write_text("a report")
        plan = PowerRun.objects.create(study=study, created_at=NOW, parameters={}, state=PowerRun.State.DONE)
        Group.objects.create(name="Team")
        self.browsers = {"stranger": Client(), "participant": taking_part.client}
        self.browsers["participant of another study"] = elsewhere.client
        for name in ACTORS[3:]:
            self.browsers[name] = self.sign_in(study, name)
        self.places = {
            "slug": study.slug, "code": self.trial, "number": 1, "signed": "guessed", "arm": "small", "form": "A",
            "step": "consent", "token": "0" * 32, "language": "de", "run_id": plan.pk, "kind": "table.csv",
            "export_id": export.pk, "content_type_id": 1, "id": User.objects.first().pk, "rest": "x", "url": "nothing",
            "app_label": "studyapp",
        }  # fmt: skip
        self.names = {"staff:study_arm": "small", "staff:study_question": "note", "staff:export_report": "report.html"}
        self.cookies = {name: copy.copy(browser.cookies) for name, browser in self.browsers.items()}

    def sign_in(self, study, name):
        user = User.objects.create_user(name.replace(" ", "-"), is_staff=True, is_superuser=name == "administrator")
        if name in list(Role):
            give_role(study, username=user.username, role=Role(name))
        browser = Client()
        browser.force_login(user)
        return browser

    def fill(self, name, route):
        """The address with something that exists in each of its places."""
        model = re.search(r"/(\w+)/<path:object_id>", route)
        row = ROWS[model[1]].objects.first().pk if model and model[1] in ROWS else 1
        places = {**self.places, "object_id": row, "name": self.names.get(name, "")}
        filled = re.sub(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)", lambda found: str(places[found[1] or found[2]]), route)
        return "/" + filled.strip("^$").replace("/^", "/").replace("training/pilot", "training/nothing")

    def ask(self, actor, method, address):
        """What the actor is answered, in the words of the table; whatever it did is undone."""
        browser = self.browsers[actor]
        with transaction.atomic():
            answer = browser.get(address) if method == "get" else browser.post(address)
            transaction.set_rollback(True)
        browser.cookies = copy.copy(self.cookies[actor])
        if answer.status_code == 302:
            if "/login/" in answer.url:
                return "login"
            return "led" if answer.url.startswith("/s/") and "/preview/" not in answer.url else "open"
        return "open" if answer.status_code == 200 else str(answer.status_code)


@pytest.fixture
def site(settings, tmp_path, monkeypatch):
    """The site without the work of filling templates: it is who is let in that counts here."""
    for folder in FOLDERS:
        setattr(settings, folder, tmp_path / folder)
    made = Site(tmp_path)
    monkeypatch.setattr(Template, "render", lambda self, context: "")
    logging.disable(logging.CRITICAL)
    yield made
    logging.disable(logging.NOTSET)


def find_differences(site, addresses, visits):
    """Where an answer is not the table's, and what a GET wrote that it should not. `visits`: actors with methods."""
    wrong, written = [], set()

    def note_writes(execute, sql, *arguments):
        if not re.match(r"\s*(SELECT|SAVEPOINT|RELEASE|ROLLBACK)", sql) and not WRITTEN_BY_GET.search(sql):
            written.add((address, sql[:60]))
        return execute(sql, *arguments)

    for name, route in addresses:
        rule = find_rules(name)[0]
        address = site.fill(name, route)
        for actor, method in visits:
            wanted = getattr(rule, method)[ACTORS.index(actor)]
            with connection.execute_wrapper(note_writes) if method == "get" else nullcontext():
                got = site.ask(actor, method, address)
            if got != wanted:
                wrong.append(f"{name} ({address}): {method} by {actor}: {got}, not {wanted}")
    return wrong, written


def test_the_table_names_every_address_once_and_nothing_else():
    names = [name for name, _ in list_addresses()]
    assert {name: len(find_rules(name)) for name in names if len(find_rules(name)) != 1} == {}
    assert {name for rule in RULES for name in rule.names} - set(names) == {"rater:item/another's"}
    assert all({*rule.get, *rule.post} <= ANSWERS and len(rule.get) == len(rule.post) == len(ACTORS) for rule in RULES)


def test_every_address_answers_everybody_as_the_table_says(site):
    """All but what the table says of two roles alike; test_every_visit tries that too."""
    rows = [pair for pair in list_addresses() if "_" in pair[0] and pair[0].startswith("admin:")]
    others = [pair for pair in list_addresses() if pair not in rows]
    others.append(("rater:item/another's", f"s/<slug:slug>/item/{site.trial_elsewhere}/"))
    alike = {("researcher", "get"), ("owner", "get"), ("administrator", "post")}
    visits = [(actor, method) for actor in ACTORS for method in ("get", "post") if (actor, method) not in alike]
    of_rows = [("stranger", "get"), ("owner", "get"), ("owner", "post"), ("administrator", "get")]
    for addresses, tried in ((others, visits), (rows, of_rows)):
        wrong, written = find_differences(site, addresses, tried)
        assert wrong == []
        assert written == set()


@pytest.mark.slow
def test_every_visit_is_answered_as_the_table_says(site):
    visits = [(actor, method) for actor in ACTORS for method in ("get", "post")]
    assert find_differences(site, list_addresses(), visits) == ([], set())


def test_a_forged_post_is_refused_wherever_a_cookie_is_believed(site):
    for actor, where in (
        ("participant", re.compile("rater:")),
        ("administrator", re.compile("(?!prolific_hook|api:)")),
    ):
        browser = site.browsers[actor]
        browser.handler.enforce_csrf_checks = True
        for name, route in list_addresses():
            if where.match(name):
                assert browser.post(site.fill(name, route), {"agree": "yes"}).status_code == 403, (actor, name)


def test_the_documentation_shows_the_table():
    assert PAGE.read_text() == write_page(), "run python -m tests.permissions"
