"""The commands as a person types them: what they print, and what they say when something is wrong."""

import json
import random
import stat
import zipfile
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.utils import timezone

from studyapp.actions import participation
from studyapp.actions.participation import enrol, withdraw
from studyapp.models import Article, AuditEntry, GenerationJob, Participant, Response, Study, Trial
from studyapp.recruitment import Arrival
from studyapp.tasks.generation import generate_article
from tests.studyapp.bundle_rows import make_answered
from tests.studyapp.study_rows import NOW, finish_jobs, make_articles, make_draft, make_launched

pytestmark = pytest.mark.django_db

STUDY_FILE = """
[study]
slug = "mine"
title = "Mine"
[articles]
file = "articles.jsonl"
context = 1
items = 2
[[arms]]
name = "small"
generator = "checkpoint:small"
"""


def run(command, *arguments, **options):
    output = StringIO()
    call_command(command, *arguments, stdout=output, stderr=output, **options)
    return output.getvalue()


def write_articles(path, *, n=3, bad=()):
    rows = [{"id": f"a{i}", "title": f"Title {i}", "body": f"Body of {i}."} for i in range(n)]
    for index in bad:
        del rows[index]["body"]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_import_says_what_came_of_each_row(tmp_path):
    path = write_articles(tmp_path / "articles.jsonl", bad=[1])
    with pytest.raises(CommandError, match="1 bad rows: nothing was imported"):
        run("import_articles", path)
    assert Article.objects.count() == 0
    assert "2 articles imported" in run("import_articles", path, skip_bad=True)
    assert "line 1: the same text as a0" in run("import_articles", path, skip_bad=True)


def test_columns_of_other_names_are_imported_by_what_they_are_said_to_be(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("headline,text\nOne,First.\n")
    with pytest.raises(CommandError, match="columns are missing: title, body"):
        run("import_articles", path)
    with pytest.raises(CommandError, match=r"--map 'titel=headline': there is no field 'titel'"):
        run("import_articles", path, map=["titel=headline"])
    assert "1 articles imported" in run("import_articles", path, map=["title=headline", "body=text"])
    assert Article.objects.get().body == "First."


def test_import_of_no_file_is_an_error_in_words(tmp_path):
    with pytest.raises(CommandError, match=r"nowhere\.jsonl"):
        run("import_articles", tmp_path / "nowhere.jsonl")


def test_a_study_file_makes_its_study_and_dump_writes_it_back(tmp_path):
    write_articles(tmp_path / "articles.jsonl")
    (tmp_path / "study.toml").write_text(STUDY_FILE)
    assert "made, a draft; 2 items, 1 arms" in run("load_study", tmp_path / "study.toml")
    assert "there already" in run("load_study", tmp_path / "study.toml")
    dumped = tmp_path / "dumped.toml"
    run("dump_study", "mine", out=dumped)
    assert "there already" in run("load_study", dumped)
    assert run("dump_study", "mine") == dumped.read_text()


def test_a_study_file_with_faults_makes_nothing_and_names_them(tmp_path):
    write_articles(tmp_path / "articles.jsonl", n=2)
    (tmp_path / "study.toml").write_text(STUDY_FILE)
    with pytest.raises(CommandError, match=r"^study\.toml, line 8: .*3 articles are wanted"):
        run("load_study", tmp_path / "study.toml")
    assert not Study.objects.exists()
    assert not Article.objects.exists()


def test_articles_that_are_not_imported_are_told_with_the_line_that_names_them(tmp_path):
    text = STUDY_FILE.replace(
        'file = "articles.jsonl"\ncontext = 1\nitems = 2', 'context = []\nitems = ["a1", "nowhere"]'
    )
    (tmp_path / "study.toml").write_text(text)
    with pytest.raises(CommandError, match=r"^study\.toml, line 5: \[articles\]: 2 articles are not imported: a1"):
        run("load_study", tmp_path / "study.toml")


def test_queue_generation_sends_every_job_once(monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(generate_article, "delay", sent.append)
    monkeypatch.setattr(generate_article, "delay_on_commit", sent.append)
    make_draft(n_items=2)
    assert "6 texts queued" in run("queue_generation", "pilot")
    assert len(sent) == len(set(sent)) == 6


def test_more_candidates_are_asked_for_where_none_is_fit(monkeypatch):
    sent = []
    monkeypatch.setattr(generate_article, "delay_on_commit", sent.append)
    study = make_draft(n_items=2)
    finish_jobs(study)
    job = GenerationJob.objects.of_study(study.pk).first()
    job.candidates.update(is_fit=False)
    assert "queue_generation --more" in run("select_stimuli", "pilot")
    assert "0 texts queued" in run("queue_generation", "pilot")
    assert "1 texts queued" in run("queue_generation", "pilot", more=True)
    job.refresh_from_db()
    assert sent == [job.pk]
    assert (job.state, job.candidates_wanted) == ("queued", job.candidates.count() + study.candidates_per_article)


def test_the_steps_to_a_launch_follow_one_another():
    study = make_draft(n_items=4)
    with pytest.raises(CommandError, match="Not launched"):
        run("launch_study", "pilot")
    finish_jobs(study)
    assert "12 model texts chosen" in run("select_stimuli", "pilot")
    assert "Form A: 2 human and 2 model texts" in run("make_forms", "pilot")
    with pytest.raises(CommandError, match="not acknowledged"):
        run("launch_study", "pilot")
    assert "/s/pilot/" in run("launch_study", "pilot", acknowledge=["all"])
    for command in ("select_stimuli", "make_forms", "queue_generation"):
        with pytest.raises(CommandError, match="frozen"):
            run(command, "pilot")
    assert "is closed" in run("close_study", "pilot")


def test_blocks_are_added_with_a_reason_and_refused_in_words():
    make_launched()
    assert "12 places added; the study 'pilot' has 30 now" in run("add_blocks", "pilot", 2, reason="many excluded")
    assert AuditEntry.objects.get(act="deviation").by_name == "manage.py add_blocks"
    with pytest.raises(CommandError, match="Nothing would change"):
        run("add_blocks", "pilot", 0, reason="none")
    with pytest.raises(CommandError, match="can only go up"):
        run("add_blocks", "pilot", -1, reason="none")


def test_more_simulated_participants_than_there_are_places_are_refused():
    make_launched()
    with pytest.raises(CommandError, match="places for 3 in a cell, not 4"):
        run("simulate_participants", "pilot", per_cell=4)


def test_export_writes_a_bundle_whose_manifest_knows_every_file(tmp_path):
    make_launched()
    assert "0 participants, 0 trials" in run("export_study", "pilot", out=tmp_path)
    (bundle,) = tmp_path.glob("pilot-*.zip")
    with zipfile.ZipFile(bundle) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}


def test_a_study_with_people_is_exported_only_with_a_reason_to_unblind_it(tmp_path):
    arrival = Arrival(external_id="person-1")
    study = make_launched()
    participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    with pytest.raises(CommandError, match="or unblind it with a reason"):
        run("export_study", "pilot", out=tmp_path)
    with pytest.raises(CommandError, match="Say why"):
        run("export_study", "pilot", out=tmp_path, unblind=" ")
    assert not list(tmp_path.iterdir())
    assert "1 participants" in run("export_study", "pilot", out=tmp_path, unblind="a harm was reported")
    entry = AuditEntry.objects.get(act="unblinded")
    assert (entry.reason, entry.by_name) == ("a harm was reported", "manage.py export_study")


def test_an_unknown_study_is_answered_with_those_that_there_are():
    make_articles(1)
    with pytest.raises(CommandError, match="none yet; make one with load_study"):
        run("make_forms", "nothing")
    make_draft(slug="pilot")
    with pytest.raises(CommandError, match=r"There is no study 'plot'\. Studies: pilot"):
        run("make_forms", "plot")


def test_personal_links_are_printed_one_a_line_and_each_is_another(settings):
    settings.SITE_URL = "https://study.example.org"
    make_launched(recruitment={"platform": "personal"})
    links = run("make_links", "pilot", "20").split()
    assert len(set(links)) == len(links) == 20
    assert all(link.startswith("https://study.example.org/s/pilot/?link=") for link in links)
    assert AuditEntry.objects.get(act="made_links").detail == {"links": 20}
    with pytest.raises(CommandError, match="Ask for 1 to"):
        run("make_links", "pilot", "0")


def test_personal_links_are_for_studies_that_take_them():
    make_launched()
    with pytest.raises(CommandError, match='personal links need platform = "personal"'):
        run("make_links", "pilot", "1")


def test_a_researcher_deletes_for_somebody_who_writes_after_their_last_day():
    study = make_launched(debriefing={"withdrawal_days": 0})
    person = enrol(study, platform="prolific", arrival=Arrival("p"), rng=random.Random(1), now=NOW)
    participation.screen_out(person, reason="device", now=NOW)  # long ago
    with pytest.raises(participation.TooLateToWithdrawError):
        participation.withdraw(person, now=timezone.now())
    assert "their answers are deleted here" in run("withdraw", "pilot", person.code)
    assert not person.trials.exists()
    assert AuditEntry.objects.get(act="withdrew_participant").detail == {"participant": person.code}
    for name, said in ((person.code, "has withdrawn already"), ("x", "Nobody in the study 'pilot'")):
        with pytest.raises(CommandError, match=said):
            run("withdraw", "pilot", name)


def test_somebody_is_screened_out_by_their_code_or_by_the_platforms_id():
    study = make_launched(recruitment={"platform": "prolific", "completion_code": "C1AB"})
    people = [
        enrol(study, platform="prolific", arrival=Arrival(name), rng=random.Random(1), now=NOW) for name in ("p", "q")
    ]
    assert "is screened out: device" in run("screen_out", "pilot", people[0].code, reason="device")
    assert people[1].code in run("screen_out", "pilot", "q", reason="reads no news")
    assert set(AuditEntry.objects.filter(act="screened_out").values_list("by_name", "reason")) == {
        ("manage.py screen_out", "device"), ("manage.py screen_out", "reads no news"),
    }  # fmt: skip
    with pytest.raises(CommandError, match="Nobody in the study 'pilot'"):
        run("screen_out", "pilot", "r", reason="device")
    with pytest.raises(CommandError, match="Give a reason"):
        run("screen_out", "pilot", "p", reason=" ")
    withdraw(people[0], now=NOW)
    with pytest.raises(CommandError, match="is withdrawn; only somebody at work"):
        run("screen_out", "pilot", people[0].code, reason="device")


def test_the_first_administrator_is_made_once(monkeypatch):
    monkeypatch.setenv("BYLINE_ADMIN_PASSWORD", "a-long-password")
    assert "the password that was given" in run("ensure_staff")
    assert get_user_model().objects.get(username="admin").check_password("a-long-password")
    assert "there already" in run("ensure_staff")
    monkeypatch.delenv("BYLINE_ADMIN_PASSWORD")
    printed = run("ensure_staff", username="second")
    password = printed.split()[-1]
    assert get_user_model().objects.get(username="second").check_password(password)


def test_the_demonstrations_password_is_its_owners_alone(tmp_path, settings):
    from studyapp.demonstration import keep_admin_password

    settings.HOME = tmp_path
    password = keep_admin_password()
    assert len(password) >= 12
    assert keep_admin_password() == password
    assert stat.S_IMODE((tmp_path / "admin_password").stat().st_mode) == 0o600


def test_plan_power_simulates_on_the_study_s_own_arms_and_keeps_it(tmp_path):
    study = make_draft(n_items=4)
    printed = run("plan_power", "pilot", participants=[6], titles=[6], runs=50, out=tmp_path)
    assert "80 % power for the control gate" in printed
    assert study.power_runs.get().parameters["runs"] == 50
    assert (tmp_path / "power.csv").read_text().startswith("participants,")
    assert "<svg" in (tmp_path / "power.svg").read_text()
    with pytest.raises(CommandError, match="runs: 5; it must be from 10"):
        run("plan_power", "pilot", runs=5)


def test_a_public_bundle_is_asked_for_by_name_and_a_full_one_loads_again(tmp_path):
    make_answered(n_people=8)
    assert "k = " in run("export_study", "pilot", out=tmp_path / "public", public=True, k=4)
    with pytest.raises(CommandError, match="add --public"):
        run("export_study", "pilot", out=tmp_path, k=4)
    with pytest.raises(CommandError, match="k = 9 cannot be reached"):
        run("export_study", "pilot", out=tmp_path, public=True, k=9)
    run("export_study", "pilot", out=tmp_path / "full")
    ((public,), (full,)) = ((tmp_path / name).glob("*.zip") for name in ("public", "full"))
    with pytest.raises(CommandError, match=r"Nothing was loaded:\nthere is a study 'pilot' here already"):
        run("load_bundle", full)
    with pytest.raises(CommandError, match="this is a public bundle"):
        run("load_bundle", public)
    Response.objects.all().delete()
    Trial.objects.all().delete()
    Participant.objects.all().delete()
    Study.objects.all().delete()
    assert "'again' is built, closed: 4 items, 3 arms, 8 participants" in run("load_bundle", full, slug="again")
