"""A rehearsal end to end, on the pages of a live server: what was planted is found, and a fault is found out."""

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from studyapp.actions.rehearsal import request_rehearsal
from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import Participant, Rehearsal, Study
from studyapp.simulated.rehearsing import carry_rehearsal_out
from studyapp.tasks.export import write_report
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db(transaction=True)
PER_CELL, ITEMS = 2, 6
CHECKS = {
    "internet_check_question": "Who?", "internet_check_solutions": ["Ada"],
    "exclusion_rules": ["looked_up", "internet_check", "attention", "too_fast"],
    "min_reading_seconds": 1,
}  # fmt: skip
ATTENTION = [{"standard": "choose-machine", "after": 2}, {"standard": "nonsense", "after": 4}]


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"


def test_what_was_planted_is_found_on_the_real_pages(live_server):
    study = make_launched(n_items=ITEMS, checks=CHECKS, attention=ATTENTION, exclusion={"too_fast_wpm": 450})
    cast = Cast(dropout=0.25, straight_liner=0.1, looker=0.15)
    wanted = request_rehearsal(study, per_cell=PER_CELL, seed=2, cast=cast, by=None, now=NOW)
    done = []
    carry_rehearsal_out(
        wanted.pk, write_report=write_report, url=live_server.url, on_progress=lambda n, total: done.append((n, total))
    )
    rehearsal = Rehearsal.objects.get()
    assert rehearsal.error == ""
    assert rehearsal.passed, [check for check in rehearsal.verdict["checks"] if check["passed"] is False]
    assert done[-1] == (PER_CELL * 6, PER_CELL * 6)
    check_verdict(rehearsal.verdict)
    check_apart(study, rehearsal.copy)
    carry_rehearsal_out(wanted.pk, write_report=write_report, url=live_server.url)  # delivered twice: nothing more
    assert Study.objects.count() == 2


def check_verdict(verdict):
    checks = {(check["name"], check["subject"]): check for check in verdict["checks"]}
    assert {subject for name, subject in checks if name == "accuracy"} == {"control", "small", "large"}
    # every place is somebody's who counts: those whom a rule excludes are replaced
    hurried = verdict["kinds"]["straight_liner"]
    assert 0 < checks["excluded", "attention"]["found"] <= hurried
    assert checks["excluded", "too_fast"]["found"] == checks["excluded", "too_fast"]["planted"] == hurried
    assert checks["completed", ""]["found"] == PER_CELL * 6 + verdict["kinds"]["looker"] + hurried
    assert checks["dropped out", ""]["found"] == verdict["kinds"]["dropout"] > 0
    for rule in ("looked_up", "internet_check"):
        assert checks["excluded", rule]["found"] == verdict["kinds"]["looker"] > 0
    assert checks["cells filled", ""]["found"] == 6
    assert verdict["times"]["page_median_ms"] > 0
    assert verdict["times"]["minutes_to_read"] > 4
    assert verdict["times"]["minutes_taken"] > 2


def check_apart(study, copy):
    assert (copy.slug, copy.state, copy.rehearsal_of) == ("pilot-rehearsal-1", "closed", study)
    assert not Participant.objects.filter(study=study).exists()
    assert not study.exports.exists()
    assert Participant.objects.filter(study=copy, simulated=False).count() == 0
    assert list(Study.objects.real()) == [study]


def test_a_wrong_scoring_is_found_out_by_the_command(monkeypatch, capsys):
    """What the command serves to itself, scored with human and model exchanged."""
    import polars as pl

    from analysis import answer

    make_launched(n_items=ITEMS)
    score = answer.score_bundle

    def score_wrongly(bundle):
        swapped = pl.when(pl.col("source") == "model").then(pl.lit("human")).otherwise(pl.lit("model")).alias("source")
        return score(type(bundle)(**{**vars(bundle), "trials": bundle.trials.with_columns(swapped)}))

    monkeypatch.setattr(answer, "score_bundle", score_wrongly)
    with pytest.raises(CommandError, match="was not found"):
        call_command("rehearse", "pilot", per_cell=PER_CELL)
    rehearsal = Rehearsal.objects.get()
    assert rehearsal.passed is False
    assert "accuracy" in {check["name"] for check in rehearsal.verdict["checks"] if check["passed"] is False}
    assert "NOT FOUND" in capsys.readouterr().out


def test_a_study_that_is_not_ready_is_not_rehearsed_and_nothing_is_left():
    make_draft()
    with pytest.raises(CommandError, match=r"not ready: .*no model text"):
        call_command("rehearse", "pilot")
    assert Study.objects.count() == 1
    assert not Rehearsal.objects.exists()


def test_a_site_that_does_not_answer_is_named_on_the_row(settings):
    study = make_launched()
    wanted = request_rehearsal(study, per_cell=1, seed=1, cast=Cast(), by=None, now=NOW)
    carry_rehearsal_out(wanted.pk, write_report=write_report, url="http://127.0.0.1:9")
    rehearsal = Rehearsal.objects.get()
    assert (rehearsal.state, rehearsal.passed) == ("failed", False)
    assert "ConnectError" in rehearsal.error


def test_a_rehearsal_that_meets_a_database_that_is_away_is_left_to_the_sweep(monkeypatch, live_server):
    wanted = request_rehearsal(make_launched(n_items=ITEMS), per_cell=1, seed=2, cast=Cast(), by=None, now=NOW)

    def refuse(*_, **__):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("studyapp.simulated.rehearsing.fill_cells", refuse)
    carry_rehearsal_out(wanted.pk, write_report=write_report, url=live_server.url)
    rehearsal = Rehearsal.objects.get()
    assert (rehearsal.state, rehearsal.error, rehearsal.finished_at) == ("running", "", None)
