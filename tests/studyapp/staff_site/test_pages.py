"""The researcher's pages: who may see them, and that each does what it says through the actions."""

import io
import json
import random
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from studyapp import tasks
from studyapp.actions import participation
from studyapp.actions.export import export_study
from studyapp.models import Article, Candidate, Export, GenerationJob, Stimulus, Study
from studyapp.recruitment import Arrival
from studyapp.study_file import write_study_file
from tests.generator.foreign_models import CHAT_TEMPLATE, make_foreign, put_into_cache
from tests.generator.scripted_server import ScriptedServer
from tests.studyapp.study_rows import NOW, finish_jobs, make_articles, make_design, make_draft, make_launched

pytestmark = pytest.mark.django_db
PLAIN_PAGES = ("study_list", "study_new", "article_import", "checkpoint_list")
STUDY_PAGES = ("study_overview", "study_file", "study_generation", "study_review", "study_launch", "study_export")


@pytest.fixture
def sent(monkeypatch):
    """The ids that would go to the broker, instead of going there."""
    ids = []
    monkeypatch.setattr(tasks.generate_article, "delay_on_commit", ids.append)
    monkeypatch.setattr(tasks.write_report, "delay_on_commit", ids.append)
    return ids


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"
    settings.MODELS_DIR = tmp_path / "models"
    settings.HUGGING_FACE_CACHE = tmp_path / "cache"


def page(name, *arguments):
    return reverse(f"staff:{name}", args=arguments)


def addresses():
    return [*(page(name) for name in PLAIN_PAGES), *(page(name, "pilot") for name in STUDY_PAGES)]


def upload(name, text):
    return SimpleUploadedFile(name, text.encode())


def put_checkpoint(shelf, folder, *, n_params):
    path = shelf / folder
    path.mkdir(parents=True)
    (path / "config.json").write_text('{"model_type": "gpt2"}')
    card = {"spec": {"name": "1m"}, "n_params": n_params, "held_out_loss": 4.25, "tokens_seen": 1000}
    (path / "byline.json").write_text(json.dumps(card))


@pytest.mark.parametrize("make", [make_draft, make_launched])
def test_staff_see_every_page_of_a_study_in_each_state(admin_client, make):
    make(slug="pilot")
    for address in addresses():
        assert admin_client.get(address).status_code == 200, address


def test_strangers_are_sent_to_the_login_and_participants_rights_do_not_help(client, django_user_model):
    make_draft(slug="pilot")
    for address in addresses():
        assert client.get(address).url.startswith(reverse("admin:login")), address
    client.force_login(django_user_model.objects.create_user("somebody"))
    for address in addresses():
        assert client.post(address).url.startswith(reverse("admin:login")), address


def test_an_unknown_study_is_not_found(admin_client):
    for name in STUDY_PAGES:
        assert admin_client.get(page(name, "nothing")).status_code == 404


def test_an_import_reports_each_row_and_a_bad_file_imports_nothing(admin_client):
    rows = '{"title": "One", "body": "Text"}\n{"title": "Two"}\n'
    answer = admin_client.post(page("article_import"), {"file": upload("a.jsonl", rows)}).content.decode()
    assert "line 2: &#x27;body&#x27; is missing" in answer
    assert not Article.objects.exists()
    admin_client.post(page("article_import"), {"file": upload("a.jsonl", rows), "skip_bad": "on"})
    assert Article.objects.get().title == "One"
    again = admin_client.post(page("article_import"), {"file": upload("a.jsonl", rows), "skip_bad": "on"})
    assert "the same text as" in again.content.decode()


def test_a_file_that_is_too_large_or_none_is_answered_beside_its_field(admin_client, settings):
    assert (
        "must end in .jsonl"
        in admin_client.post(page("article_import"), {"file": upload("a.docx", "x")}).content.decode()
    )
    settings.MAX_ARTICLE_FILE_BYTES = 10
    answer = admin_client.post(page("article_import"), {"file": upload("a.jsonl", "x" * 20)})
    assert "larger than" in answer.content.decode()


def test_a_study_from_a_preset_takes_the_articles_and_the_ticked_models(admin_client, settings):
    make_articles(6)
    put_checkpoint(settings.MODELS_DIR, "mine/control", n_params=1000)
    put_checkpoint(settings.MODELS_DIR, "mine/small", n_params=5000)
    put_checkpoint(settings.MODELS_DIR, "mine/unused", n_params=9000)
    shown = admin_client.get(page("study_new")).content.decode()
    assert shown.count('name="arm"') == 3
    control, small = "checkpoint:mine/control", "checkpoint:mine/small"
    answer = admin_client.post(
        page("study_new"),
        {
            "from": "preset", "preset": "gpt3-short", "title": "Mine", "slug": "mine", "context": 2, "items": 4,
            "participants_per_cell": 5, "estimated_minutes": 20,
            "platform": "anonymous", "arm": [control, small], "control": control,
            f"label-{control}": "Bad", f"temperature-{control}": "1.5", f"top_p-{control}": "1",
            f"label-{small}": "Small", f"temperature-{small}": "1", f"top_p-{small}": "0.9",
        },
    )  # fmt: skip
    study = Study.objects.get()
    assert answer.url == study.get_absolute_url()
    control, small = study.arms.all()
    assert (control.name, control.is_control, control.conditioned, control.sampling["temperature"]) == (
        "control", True, False, 1.5,
    )  # fmt: skip
    assert (small.generator, small.n_params, small.conditioned) == ("checkpoint:mine/small", 5000, True)
    assert (study.items.count(), study.context.count(), study.participants_per_cell) == (4, 2, 5)
    assert "Ulm" in study.internet_check_question


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"items": 40}, "41 articles are wanted"),
        ({"slug": "taken"}, "already"),
        ({"platform": "prolific"}, "Prolific needs the code"),
        ({"arm": ""}, "Tick at least one model"),
        ({"arm": "openai:gone"}, "openai:gone is not to be found any more"),
        ({"temperature-checkpoint:small": "hot"}, "must be numbers"),
        ({"title": ""}, "This field is required"),
    ],
)
def test_a_study_that_cannot_be_says_why_and_makes_nothing(admin_client, settings, change, fault):
    make_draft(n_items=4, slug="taken")
    put_checkpoint(settings.MODELS_DIR, "small", n_params=5000)
    said = {
        "from": "preset", "preset": "gpt3-short", "title": "Mine", "slug": "mine", "context": 1, "items": 3,
        "participants_per_cell": 5, "estimated_minutes": 20,
        "platform": "anonymous", "arm": "checkpoint:small", "label-checkpoint:small": "Small",
        "temperature-checkpoint:small": "1", "top_p-checkpoint:small": "0.9",
    }  # fmt: skip
    posted = {key: value for key, value in {**said, **change}.items() if value != ""}
    assert fault in admin_client.post(page("study_new"), posted).content.decode()
    assert Study.objects.count() == 1


def test_models_of_the_cache_and_of_the_server_become_arms(admin_client, settings, tmp_path):
    make_articles(6)
    server = ScriptedServer()
    settings.OPENAI_URL = server.url
    asks = make_foreign(tmp_path / "asks", "qwen2", template=CHAT_TEMPLATE)
    put_into_cache(settings.HUGGING_FACE_CACHE, "Family/Asks_1.5B", asks)
    said = {
        "from": "preset", "preset": "gpt3-short", "title": "Mine", "slug": "mine", "context": 1, "items": 3,
        "participants_per_cell": 5, "estimated_minutes": 20, "platform": "anonymous",
        "arm": ["huggingface:Family/Asks_1.5B", "openai:family/large"], "chat": "huggingface:Family/Asks_1.5B",
        "n_params-openai:family/large": "7 b",
    }  # fmt: skip
    try:
        shown = admin_client.get(page("study_new")).content.decode()
        assert "In the Hugging Face cache" in shown and "Of the server" in shown and "family/small" in shown
        wrong = admin_client.post(page("study_new"), {**said, "n_params-openai:family/large": "big"})
        assert "is no number of parameters" in wrong.content.decode()
        admin_client.post(page("study_new"), said)
    finally:
        server.shutdown()
        server.server_close()
        cache.clear()
    cached, remote = Study.objects.get().arms.all()
    assert (cached.name, cached.generator) == ("asks-1.5b", "huggingface-chat:Family/Asks_1.5B")
    assert cached.n_params > 1000
    assert (remote.name, remote.generator, remote.n_params) == ("large", "openai:family/large", 7 * 10**9)


def test_a_server_that_does_not_answer_is_told_and_the_page_stands(admin_client, settings):
    settings.OPENAI_URL = "http://127.0.0.1:9/v1"
    for name in ("study_new", "checkpoint_list"):
        shown = admin_client.get(page(name)).content.decode()
        assert "http://127.0.0.1:9/v1/models does not answer" in shown


def test_known_ladders_are_listed_with_how_to_get_them(admin_client):
    shown = admin_client.get(page("checkpoint_list")).content.decode()
    assert "124,439,808" in shown and "hf download openai-community/gpt2" in shown and "Pythia: 0 of 8 here" in shown


def test_tokens_and_cost_of_a_servers_models_are_shown_by_arm(admin_client, settings):
    settings.OPENAI_BUDGET = Decimal(20)
    study = make_draft(n_items=2, slug="pilot")
    assert "Tokens in" not in admin_client.get(page("study_generation", "pilot")).content.decode()
    finish_jobs(study)
    jobs = GenerationJob.objects.filter(arm__name="small")
    jobs.update(prompt_tokens=6000, completion_tokens=700, cost=Decimal("1.25"))
    shown = admin_client.get(page("study_generation", "pilot")).content.decode()
    assert "12,000" in shown and "1,400" in shown and "2.5000 spent of the study’s budget of 20" in shown


def test_a_study_from_a_file_and_back(admin_client):
    text = write_study_file(make_design(make_articles(5), slug="filed"))
    answer = admin_client.post(page("study_new"), {"from": "file", "file": upload("s.toml", text)})
    assert answer.url == page("study_overview", "filed")
    assert admin_client.get(page("study_file", "filed")).content.decode() == text
    bad = text.replace('slug = "filed"', 'slug = "Filed!"')
    shown = admin_client.post(page("study_new"), {"from": "file", "file": upload("s.toml", bad)}).content.decode()
    line = bad.splitlines().index('slug = "Filed!"') + 1
    assert f"s.toml, line {line}: [study] slug" in shown
    gone = text.replace('"story-1"', '"story-x"').replace("filed", "other")
    shown = admin_client.post(page("study_new"), {"from": "file", "file": upload("s.toml", gone)}).content.decode()
    line = gone.splitlines().index("[articles]") + 1
    assert f"s.toml, line {line}: [articles]: 1 articles are not imported: story-x" in shown


def test_generate_queues_every_article_once_and_shows_what_failed(admin_client, sent):
    study = make_draft(n_items=2, slug="pilot")
    admin_client.post(page("study_generation", "pilot"))
    assert len(sent) == len(set(sent)) == 6
    shown = admin_client.get(page("study_generation", "pilot")).content.decode()
    assert "0 of 6 articles written" in shown and "refresh" in shown
    job = GenerationJob.objects.first()
    GenerationJob.objects.update(state="done")
    GenerationJob.objects.filter(pk=job.pk).update(state="failed", error="no checkpoint there")
    shown = admin_client.get(page("study_generation", "pilot")).content.decode()
    assert "5 of 6" in shown and "no checkpoint there" in shown and "Try the failed ones again" in shown
    admin_client.post(page("study_generation", "pilot"))
    assert sent[6:] == [job.pk]
    assert study.is_draft


def test_review_shows_both_versions_and_a_rejection_lets_the_rule_choose_again(admin_client, sent):
    study = make_draft(n_items=2, slug="pilot")
    finish_jobs(study)
    address = page("study_review", "pilot") + "?item=2"
    admin_client.post(address, {"do": "select"})
    admin_client.post(address, {"do": "forms"})
    item = study.items.last()
    stimulus = Stimulus.objects.get(item=item, arm__name="small")
    shown = admin_client.get(address).content.decode()
    assert stimulus.text.split()[0] in shown and item.article.body.split()[0] in shown
    assert "Forms A and B" in shown
    first = stimulus.candidate
    admin_client.post(address, {"do": "reject", "candidate": first.pk, "reason": ""})
    assert Candidate.objects.get(pk=first.pk).rejected_reason == ""
    admin_client.post(address, {"do": "reject", "candidate": first.pk, "reason": "names somebody"})
    second = Stimulus.objects.get(item=item, arm__name="small").candidate
    assert second != first
    admin_client.post(address, {"do": "reject", "candidate": second.pk, "reason": "so does this"})
    assert "Ask for 2 more candidates" in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "more", "job": second.job_id})
    assert sent == [second.job_id]
    assert GenerationJob.objects.get(pk=second.job_id).candidates_wanted == 4
    admin_client.post(address, {"do": "restore", "candidate": second.pk})
    assert Candidate.objects.get(pk=second.pk).rejected_reason == ""
    assert Stimulus.objects.get(candidate=second).item == second.job.item


def test_a_candidate_of_another_study_cannot_be_rejected_here(admin_client):
    make_draft(slug="pilot")
    finish_jobs(make_draft(slug="other"))
    candidate = Candidate.objects.first()
    answer = admin_client.post(
        page("study_review", "pilot"), {"do": "reject", "candidate": candidate.pk, "reason": "mischief"}
    )
    assert answer.status_code == 404
    assert not Candidate.objects.exclude(rejected_reason="").exists()


def test_launch_is_refused_with_reasons_then_done_then_closed(admin_client):
    study = make_draft(slug="pilot")
    address = page("study_launch", "pilot")
    shown = admin_client.get(address).content.decode()
    assert "disabled" in shown and "Forms A and B are missing" in shown
    admin_client.post(address, {"do": "launch", "sure": "yes"})
    assert Study.objects.get().is_draft
    finish_jobs(study)
    for do in ("select", "forms"):
        admin_client.post(page("study_review", "pilot"), {"do": do})
    admin_client.post(address, {"do": "launch", "sure": "yes"})
    launched = Study.objects.get()
    assert launched.state == "launched"
    assert launched.design_sha256 in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "close"})
    assert Study.objects.get().state == "launched"  # not sure
    admin_client.post(address, {"do": "close", "sure": "yes"})
    assert Study.objects.get().state == "closed"


def test_a_bundle_is_made_and_downloaded_and_its_report_asked_for_once(admin_client, sent):
    make_launched(slug="pilot")
    address = page("study_export", "pilot")
    admin_client.post(address, {"do": "export"})
    export = Export.objects.get()
    content = b"".join(admin_client.get(page("export_bundle", "pilot", export.pk)).streaming_content)
    assert "trials.csv" in zipfile.ZipFile(io.BytesIO(content)).namelist()
    for _ in range(2):
        admin_client.post(address, {"do": "report", "export": export.pk})
    assert sent == [export.pk]
    assert "being written" in admin_client.get(address).content.decode()
    assert "unblinds you" in admin_client.get(address).content.decode()


def test_a_report_is_served_from_its_own_folder_only_under_a_policy_of_its_own(admin_client, client, settings):
    make_launched(slug="pilot")
    admin_client.post(page("study_export", "pilot"), {"do": "export"})
    export = Export.objects.get()
    export.report_dir.mkdir(parents=True)
    (export.report_dir / "report.html").write_text("<html>the report</html>")
    (settings.REPORTS_DIR / "secret.txt").write_text("secret")
    address = page("export_report", "pilot", export.pk, "report.html")
    assert admin_client.get(address).status_code == 404  # not done
    Export.objects.update(report_state="done")
    answer = admin_client.get(address)
    assert b"".join(answer.streaming_content) == b"<html>the report</html>"
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "sandbox" in policy
    for name in ("../secret.txt", "..%2Fsecret.txt", "/etc/passwd", "nothing"):
        assert admin_client.get(address.replace("report.html", name)).status_code == 404, name
    client.logout()
    assert client.get(address).status_code == 302


def test_accuracy_is_nowhere_on_the_overview(admin_client):
    make_launched(slug="pilot")
    shown = admin_client.get(page("study_overview", "pilot")).content.decode()
    assert "0 of 3" in shown
    assert not re.search(r"\d+(\.\d+)?\s*%", shown.partition('<div class="staff">')[2])


def test_the_admin_keeps_a_launched_study_and_what_participants_said(admin_client):
    study = make_launched(slug="pilot")
    change = reverse("admin:studyapp_study_change", args=[study.pk])
    admin_client.post(change, {"title": "Another title"})
    assert Study.objects.get().title == "Who wrote this?"
    assert admin_client.get(reverse("admin:studyapp_study_delete", args=[study.pk])).status_code == 403
    for model in ("article", "study", "generationjob", "candidate", "participant", "export"):
        assert admin_client.get(reverse(f"admin:studyapp_{model}_changelist")).status_code == 200
    assert admin_client.get(reverse("admin:index")).status_code == 200


def test_lists_take_as_many_queries_for_many_studies_as_for_one(admin_client, django_assert_max_num_queries):
    for number in range(4):
        make_draft(slug=f"pilot-{number}")
    with django_assert_max_num_queries(8):
        admin_client.get(page("study_list"))
    with django_assert_max_num_queries(25):
        admin_client.get(page("study_review", "pilot-0"))


@pytest.mark.django_db(transaction=True)
def test_without_a_queue_nothing_is_lost_and_the_pages_say_so(admin_client):
    """No Redis runs here, as in the minutes before somebody starts it again."""
    study = make_draft(n_items=2)
    shown = admin_client.post(page("study_generation", "pilot"), follow=True).content.decode()
    assert "Nothing is lost" in shown
    assert study_jobs(study) == {"queued"}
    made = make_launched(slug="other")
    admin_client.post(page("study_export", "other"), {"do": "export"})
    row = made.exports.get()
    shown = admin_client.post(page("study_export", "other"), {"do": "report", "export": row.pk}, follow=True)
    assert "ask for the report again" in shown.content.decode()
    row.refresh_from_db()
    assert row.report_state == "failed"


def study_jobs(study):
    return set(GenerationJob.objects.of_study(study.pk).values_list("state", flat=True))


def test_a_bundle_that_holds_somebody_who_withdrew_says_so_and_can_be_deleted(admin_client):
    study = make_launched()
    arrival = Arrival(external_id="person-1")
    person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    made = export_study(study, folder=settings.EXPORTS_DIR, now=NOW + timedelta(minutes=1))
    address = page("study_export", "pilot")
    assert "withdrew since" not in admin_client.get(address).content.decode()
    participation.withdraw(person, now=NOW + timedelta(minutes=2))
    assert "Holds 1 participant who withdrew since" in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "delete", "export": made.pk})
    assert not made.bundle_path.exists()
    assert not study.exports.exists()
    later = export_study(study, folder=settings.EXPORTS_DIR, now=NOW + timedelta(minutes=3))
    assert later.count_withdrawn() == 0
