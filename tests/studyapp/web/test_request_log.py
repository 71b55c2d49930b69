"""The log of a participant's whole way: a line a request, each with its id, and nobody in it."""

import io
import json
import logging
import logging.config

import pytest
from celery import Celery
from django.conf import settings
from django.test import Client

from studyapp.models import Trial
from studyapp.web.log_lines import JsonLines, PlainLines, make_logging
from studyapp.web.request_ids import HEADER, choose_request_id, current, forget, take_from_message
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import make_launched

AGENT, ADDRESS = "Mozilla/5.0 (Test; rv:1.0)", "203.0.113.77"


@pytest.fixture
def lines():
    """What a server writes while the test runs, read back."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.removeHandler(handler)


@pytest.mark.django_db
def test_a_whole_participation_leaves_nobody_in_the_log(lines, settings):
    logging.getLogger("studyapp").setLevel(logging.INFO)
    study = make_launched(n_items=2, recruitment={"platform": "prolific", "completion_code": "CODE1"})
    client = Client(HTTP_USER_AGENT=AGENT, REMOTE_ADDR=ADDRESS, HTTP_X_FORWARDED_FOR=ADDRESS)
    visitor = Visitor(study, client=client, PROLIFIC_PID=PROLIFIC_ID, STUDY_ID="st", SESSION_ID="7f3a" * 6)
    visitor.finish()
    trial = Trial.objects.first()
    client.get(f"/s/{study.slug}/item/{'9a' * 12}/nothing/")
    client.get(f"/s/{study.slug}/back/{visitor.participant.code}:forged/")
    client.get("/s/none-of-ours/", {"PROLIFIC_PID": PROLIFIC_ID})
    logging.getLogger("studyapp.test").error("trial %s of %s from %s", trial.code, PROLIFIC_ID, ADDRESS)
    told = lines()
    text = json.dumps(told)
    secrets = (visitor.participant.code, trial.code, PROLIFIC_ID, "7f3a7f3a", "9a9a9a", AGENT, ADDRESS, "forged")
    assert [secret for secret in secrets if secret in text] == []
    requests = [line for line in told if line["logger"] == "studyapp.request"]
    assert {("GET", "rater:enter", 200), ("POST", "rater:item", 302), ("GET", "rater:item", 200)} <= {
        (line["method"], line["view"], line["status"]) for line in requests
    }
    assert all(line["ms"] > 0 and len(line["request_id"]) == 32 for line in requests)
    assert len({line["request_id"] for line in requests}) == len(requests)
    assert {"time", "level", "logger", "message"} <= told[0].keys()
    own = [line for line in told if line["message"].startswith("Not Found")]
    assert len(own) == 2 and all("request_id" in line for line in own), "Django's own lines come the same way"


def test_an_exception_is_one_line_and_its_text_is_redacted_too(lines):
    try:
        raise ValueError(f"no participant {'ab12' * 6}")
    except ValueError:
        logging.getLogger("studyapp.test").exception("it failed")
    (line,) = lines()
    assert "Traceback" in line["exc_info"] and "ab12ab12" not in line["exc_info"]


def test_a_request_id_is_taken_from_a_proxy_where_it_is_sane(client):
    assert client.get("/healthz", headers={"X-Request-ID": "edge-0123456789"})["X-Request-ID"] == "edge-0123456789"
    for insane in ("", "short", "x" * 65, "with space in it", "line\nbreak-in-it", "[removed]{}"):
        made = choose_request_id(insane)
        assert made != insane and len(made) == 32
    assert current.get() is None


def test_plain_lines_are_redacted_too():
    formatter = PlainLines("%(request_id)s %(message)s")
    record = logging.LogRecord("x", logging.INFO, "", 0, "from %s", (ADDRESS,), None)
    assert formatter.format(record) == "- from [removed]"


def test_the_id_goes_with_a_task_and_comes_out_in_the_worker():
    app = Celery("test", broker="memory://")

    @app.task
    def look():
        return current.get()

    with app.connection_for_write() as connection:
        token = current.set("edge-0123456789")
        look.apply_async(connection=connection, queue="looking")
        current.reset(token)
        message = connection.SimpleQueue("looking").get(timeout=1)
        assert message.headers[HEADER] == "edge-0123456789"
        message.ack()
    look.push_request(**message.headers)
    try:
        take_from_message(task_id="1", task=look)
        assert look() == "edge-0123456789"
        forget(task_id="1")
        assert current.get() is None
    finally:
        look.pop_request()


def test_both_ways_of_writing_can_be_set_up():
    for as_json in (True, False):
        logging.config.dictConfig(make_logging(level="INFO", as_json=as_json) | {"root": {"level": "WARNING"}})
    logging.config.dictConfig(settings.LOGGING)
