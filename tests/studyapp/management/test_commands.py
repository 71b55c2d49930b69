"""The commands as a person types them: what they print, and what they say when something is wrong."""

import json
import stat
import zipfile
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command

from studyapp.models import Article, Study
from studyapp.tasks import generate_article
from tests.studyapp.study_rows import finish_jobs, make_articles, make_draft, make_launched

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
    assert "6 articles queued" in run("queue_generation", "pilot")
    assert len(sent) == len(set(sent)) == 6


def test_the_steps_to_a_launch_follow_one_another():
    study = make_draft(n_items=4)
    with pytest.raises(CommandError, match="Not launched"):
        run("launch_study", "pilot")
    finish_jobs(study)
    assert "12 model texts chosen" in run("select_stimuli", "pilot")
    assert "Form A: 2 human and 2 model texts" in run("make_forms", "pilot")
    assert "/s/pilot/" in run("launch_study", "pilot")
    for command in ("select_stimuli", "make_forms", "queue_generation"):
        with pytest.raises(CommandError, match="frozen"):
            run(command, "pilot")
    assert "is closed" in run("close_study", "pilot")


def test_export_writes_a_bundle_whose_manifest_knows_every_file(tmp_path):
    make_launched()
    assert "0 participants, 0 trials" in run("export_study", "pilot", out=tmp_path)
    (bundle,) = tmp_path.glob("pilot-*.zip")
    with zipfile.ZipFile(bundle) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}


def test_an_unknown_study_is_answered_with_those_that_there_are():
    make_articles(1)
    with pytest.raises(CommandError, match="none yet; make one with load_study"):
        run("make_forms", "nothing")
    make_draft(slug="pilot")
    with pytest.raises(CommandError, match=r"There is no study 'plot'\. Studies: pilot"):
        run("make_forms", "plot")


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
