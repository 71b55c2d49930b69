"""The load of raters: that a few of them, on a live server, are counted, timed and checked against the database."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from benchmarks.load_byline import check_rows, find_site, read_command
from benchmarks.load_client import Log, QuickClient
from benchmarks.load_contenders import describe_outcome, find_quantiles
from benchmarks.load_potato import Potato, PotatoRater
from benchmarks.load_raters import Site, send_raters
from benchmarks.load_shape import Load
from benchmarks.server_process import Cost, measure_cost
from benchmarks.tables import describe_table
from studyapp.domain.rehearsal_cast import Cast, Kind, draw_character
from studyapp.models import Participant, Response, Study
from studyapp.models.participation import ParticipantStatus
from tests.studyapp.study_rows import make_launched

NO_COST = Cost(cpu_seconds=0.0, memory_bytes=0)


@pytest.mark.django_db(transaction=True)
def test_raters_are_counted_and_a_tampered_database_is_found(live_server):
    study = make_launched(n_items=2)
    cast = Cast(awkward=0.25, double_clicker=0.25, dropout=0.25)
    outcome = send_raters(find_site(study, live_server.url), Load(at_once=3, seconds=60, raters=8), cast=cast)
    kinds = [draw_character(cast, seed=1, number=number, n_items=25).kind for number in range(1, 9)]
    assert {Kind.AWKWARD, Kind.DOUBLE_CLICKER} <= set(kinds), "they reload, go back and send twice"
    assert outcome.log.errors == []
    assert outcome.finished + outcome.left == 8 == Participant.objects.count()
    assert len(outcome.answered) == len(outcome.sent) == Response.objects.count()
    assert check_rows(outcome) == []

    described = describe_outcome(outcome, before=NO_COST, after=NO_COST)
    assert described["pages_per_second"] > 0
    assert {"GET enter", "POST consent", "POST item", "POST questions"} <= described["pages"].keys()
    row = {"name": "Byline", "ratios": [1.0], "results": [{**described, "faults": []}]}
    assert "| Byline: POST item |" in describe_table({"title": "Raters", "load": {}, "rows": [row]})

    first = Response.objects.order_by("pk").first()
    Response.objects.filter(pk=first.pk).update(judgment=first.judgment % 5 + 1)
    Response.objects.order_by("pk").last().delete()
    completed = Participant.objects.filter(status="completed").first()
    Participant.objects.filter(pk=completed.pk).update(status=ParticipantStatus.ENROLLED)
    Study.objects.get().places.filter(participant=completed).update(participant=None)
    assert {
        "1 answers lost",
        "1 answers are not the first that was sent",
        f"{outcome.finished - 1} completed, {outcome.finished} came to the end",
        "a participant without a place of their own",
    } <= set(check_rows(outcome))


@pytest.mark.django_db(transaction=True)
def test_an_open_loop_lets_raters_arrive_and_time_runs_out(live_server):
    study = make_launched(n_items=2)
    outcome = send_raters(find_site(study, live_server.url), Load(seconds=0.5, arrivals=20, raters=100))
    assert 0 < Participant.objects.count() < 40, "20 a second for half a second"
    assert outcome.log.errors == [] == check_rows(outcome)
    assert outcome.left, "those who are at work when the time is up stop"


def test_a_refusal_is_an_error_of_one_rater(live_server, db):
    outcome = send_raters(
        find_site(Study(slug="nothing"), live_server.url), Load(at_once=1, seconds=60, raters=2), cast=Cast()
    )
    assert len(outcome.log.errors) == 2 and "404 at " in outcome.log.errors[0]


def test_a_connection_is_kept_and_each_thread_has_its_own(live_server, db):
    log = Log()
    client = QuickClient(live_server.url, log)
    client.get(f"{live_server.url}/healthz")
    kept = client._own.connection
    client.get(f"{live_server.url}/healthz")
    others = []
    thread = threading.Thread(target=lambda: others.append(client._connect()))
    thread.start()
    thread.join()
    assert client._own.connection is kept and others[0] is not kept
    assert [sight.kind for sight in log.sights] == ["GET enter"] * 2


def test_it_serves_as_the_image_does():
    program = read_command(port=1234)
    assert program[1:5] == ["-m", "gunicorn", "studyapp.wsgi", "--bind"] and "127.0.0.1:1234" in program


def test_quantiles_and_costs():
    found = find_quantiles([float(number) for number in range(101)])
    assert (found["n"], found["p50"], found["p95"], found["p99"]) == (101, 50.0, 95.0, 99.0)
    assert find_quantiles([])["p95"] == 0.0
    assert measure_cost([1]).memory_bytes > 0


class PotatoServer(BaseHTTPRequestHandler):
    """What Potato's page says and takes, without Potato: the text in turn, and answers into a file of the rater."""

    kept: ClassVar[list[dict]] = []

    def do_GET(self):
        self._show(0)

    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.kept.append({"path": self.path, **told})
        self._show(int(told["instance_id"].removeprefix("text")) + 1)

    def _show(self, number):
        body = f'<input id="instance_id" name="instance_id" type="hidden" value="text{number}"/>'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def test_a_rater_of_potato_answers_each_text_once_and_lost_answers_are_found():
    server = ThreadingHTTPServer(("127.0.0.1", 0), PotatoServer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    site = Site(url=url, find_entry=lambda number: f"{url}/?PROLIFIC_PID={number}", rater=PotatoRater)
    outcome = send_raters(
        site, Load(at_once=1, seconds=30, raters=1), cast=Cast(awkward=0, double_clicker=0, dropout=0)
    )
    server.shutdown()
    server.server_close()
    saved = [told for told in PotatoServer.kept if told["path"] == "/updateinstance"]
    assert [told["instance_id"] for told in saved] == [f"text{number}" for number in range(25)]
    assert {name.partition(":")[0] for told in saved for name in told["annotations"]} == {"judgment"}
    assert (len(outcome.sent), len(outcome.answered), outcome.finished) == (25, 25, 1)
    potato = Potato()
    assert potato.check(outcome) == ["0 answers of 25 are stored"]
