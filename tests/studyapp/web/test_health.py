"""/healthz asks nobody; /readyz names what is missing, on a real Redis; /metrics counts for who brings the token."""

import re

import pytest
from django.db import connection
from django.test import Client

from studyapp.actions.generation import queue_jobs
from studyapp.web import health, metrics
from studyapp.web.probes import PROBES
from studyapp.workers.broker import forget_worker, list_workers, open_broker, tell_of_worker
from tests.services import run_redis
from tests.studyapp.study_rows import answer_all, enrol, finish_jobs, make_draft, make_launched

TOKEN = "a-token-of-this-test"


def ask_ready():
    health._kept.forget()
    response = Client().get("/readyz")
    return response.status_code, dict(line.split(": ", 1) for line in response.content.decode().splitlines())


def read_numbers(client, token=TOKEN):
    metrics._installation._kept = None
    text = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).content.decode()
    return {name: float(value) for name, value in re.findall(r"^(\w+(?:\{[^}]*\})?) (\S+)$", text, flags=re.MULTILINE)}


def test_healthz_asks_no_database(client):
    assert client.get("/healthz").content == b"ok"  # without django_db, a query would fail this test


@pytest.mark.django_db
def test_readyz_and_metrics_say_what_is_there_and_what_is_not(client, settings):
    settings.METRICS_TOKEN = TOKEN
    status, parts = ask_ready()
    assert (status, parts["database"], parts["migrations"]) == (503, "ok", "ok")
    assert (parts["broker"], parts["workers"]) == ("does not answer", "unknown")
    assert read_numbers(client)['byline_up{part="broker"}'] == 0
    with run_redis():
        assert ask_ready() == (503, {"database": "ok", "migrations": "ok", "broker": "ok", "workers": "none is alive"})
        tell_of_worker("celery@one", ["light"])
        status, parts = ask_ready()
        assert (status, parts["workers"]) == (200, "1 alive; none takes from generation")
        tell_of_worker("celery@two", ["light", "generation"])
        assert ask_ready()[1]["workers"] == "2 alive"
        open_broker().rpush("generation", "a message")
        check_numbers(client)
        open_broker().delete("generation")  # a worker of a later test would take it for a task, and end
        forget_worker("celery@one")
        assert [worker.name for worker in list_workers()] == ["celery@two"]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'axes'")
        status, parts = ask_ready()
        assert status == 503
        assert re.fullmatch(r"\d+ are not applied \(manage.py prepare_site\)", parts["migrations"])


def check_numbers(client):
    study = make_launched(n_items=2)
    answer_all(enrol(study, "ann"))
    queue_jobs(make_draft(slug="other", n_items=1))
    client.get(f"/s/{study.slug}/")
    numbers = read_numbers(client)
    assert numbers["byline_answers"] == 2
    assert numbers["byline_articles_written"] == 2 * 3 * 2
    assert numbers['byline_jobs{kind="generation",state="done"}'] == 6
    assert numbers['byline_jobs{kind="generation",state="queued"}'] == 3
    assert numbers['byline_queue_messages{queue="generation"}'] == 1
    assert (numbers['byline_workers{queue="light"}'], numbers['byline_workers{queue="training"}']) == (2, 0)
    assert numbers['byline_up{part="database"}'] == numbers['byline_up{part="broker"}'] == 1
    seen = {
        name: n for name, n in numbers.items() if name.startswith("byline_requests_total") and "rater:enter" in name
    }
    assert sum(seen.values()) >= 1
    assert numbers['byline_request_seconds_count{view="rater:enter"}'] >= 1


def test_without_the_token_there_are_no_numbers(client, settings):
    settings.METRICS_TOKEN = ""
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for said in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}é"):
        assert client.get("/metrics", headers={"Authorization": said}).status_code == 404


@pytest.mark.django_db
def test_an_answer_is_kept_for_whoever_asks_next(django_assert_num_queries):
    ask_ready()
    with django_assert_num_queries(0):
        Client().get("/readyz")


@pytest.mark.django_db
def test_finished_jobs_are_counted_once(client, settings):
    settings.METRICS_TOKEN = TOKEN
    finish_jobs(make_draft(n_items=1))
    first = read_numbers(client)
    assert first["byline_articles_written"] == read_numbers(client)["byline_articles_written"] == 6


@pytest.mark.django_db
def test_machines_may_ask_by_the_address_of_a_container(client, settings):
    settings.METRICS_TOKEN, settings.ALLOWED_HOSTS, settings.SECURE_SSL_REDIRECT = TOKEN, ["localhost"], True
    by_address = {"Host": "172.18.0.5:8000", "Authorization": f"Bearer {TOKEN}"}
    found = {page: client.get(page, headers=by_address).status_code for page in (*PROBES, "/staff/login/")}
    assert found == {"/healthz": 200, "/readyz": 503, "/metrics": 200, "/staff/login/": 400}
