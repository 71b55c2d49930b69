"""The researcher's pages: who may see them, and that each does what it says through the actions."""

import io
import random
import re
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import strip_tags

from studyapp.actions import participation
from studyapp.actions.blindness import unblind
from studyapp.actions.export import export_study
from studyapp.actions.launch import review_readiness
from studyapp.models import Candidate, Export, GenerationJob, Stimulus, Study
from studyapp.recruitment import Arrival
from tests.studyapp.staff_site.staff_pages import page
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched

pytestmark = pytest.mark.django_db
PLAIN_PAGES = ("study_list", "study_new", "article_import", "checkpoint_list", "api_tokens")
STUDY_PAGES = (
    "study_articles", "study_models", "study_generation", "generation_progress", "study_review", "study_texts",
    "study_recruitment", "study_check", "study_preview", "study_plan", "study_rehearsals", "study_launch",
    "study_watch", "study_watch_now", "study_changes", "study_export", "export_free_text", "study_log",
    "study_people", "study_file", "study_detectors",
)  # fmt: skip


def addresses():
    return [*(page(name) for name in PLAIN_PAGES), *(page(name, "pilot") for name in STUDY_PAGES)]


def led_addresses():
    """Those that answer with a way to another page, or to a POST alone."""
    return [page("study_overview", "pilot"), page("study_setup", "pilot"), page("markdown_preview")]


@pytest.mark.parametrize("make", [make_draft, make_launched])
def test_staff_see_every_page_of_a_study_in_each_state(admin_client, make):
    make(slug="pilot")
    for address in [*addresses(), page("study_arm", "pilot", "small")]:
        assert admin_client.get(address).status_code == 200, address
    assert admin_client.get(page("study_overview", "pilot"), follow=True).status_code == 200


def test_strangers_are_sent_to_the_login_and_participants_rights_do_not_help(client, django_user_model):
    make_draft(slug="pilot")
    for address in [*addresses(), *led_addresses()]:
        assert client.get(address).url.startswith(reverse("admin:login")), address
    client.force_login(django_user_model.objects.create_user("somebody"))
    for address in [*addresses(), *led_addresses()]:
        assert client.post(address).url.startswith(reverse("admin:login")), address


def test_an_unknown_study_is_not_found(admin_client):
    for name in STUDY_PAGES:
        assert admin_client.get(page(name, "nothing")).status_code == 404


@pytest.mark.parametrize(
    ("recruitment", "link"),
    [
        ({}, "https://study.example.org/s/pilot/<"),
        (
            {"platform": "prolific", "completion_code": "C1AB"},
            "/s/pilot/?PROLIFIC_PID={{%PROLIFIC_PID%}}&amp;STUDY_ID={{%STUDY_ID%}}&amp;SESSION_ID={{%SESSION_ID%}}<",
        ),
        ({"platform": "connect", "completion_code": "AB12"}, "https://study.example.org/s/pilot/<"),
        ({"platform": "personal"}, "manage.py make_links"),
        ({"platform": "panel", "completion_code": "AB12", "settings": {"id_param": "RID"}}, "/s/pilot/?RID=[RID]<"),
        (
            {
                "platform": "sona",
                "settings": {"host": "a.sona-systems.com", "experiment_id": "1", "credit_token": "t"},
            },
            "/s/pilot/?survey_code=%SURVEY_CODE%<",
        ),
        ({"platform": "mturk"}, "ExternalURL of an ExternalQuestion"),
    ],
)
def test_the_overview_shows_the_link_to_give_the_platform(admin_client, settings, recruitment, link):
    settings.SITE_URL = "https://study.example.org"
    study = make_launched(recruitment=recruitment)
    for address in (study.get_absolute_url(), page("study_launch", "pilot")):
        assert link in admin_client.get(address).content.decode()


def test_the_form_of_a_draft_refuses_what_its_platform_cannot_have(admin_client):
    study = make_draft(recruitment={"platform": "prolific", "completion_code": "C1AB"})
    study.platform_settings = {"outcomes": {"no_consent": "C1AB"}}
    with pytest.raises(ValidationError, match="no_consent is the same"):
        study.full_clean()
    study.platform_settings = {"outcomes": 3}
    with pytest.raises(ValidationError):
        study.full_clean()


def test_a_server_that_does_not_answer_is_told_and_the_page_stands(admin_client, settings):
    settings.OPENAI_URL = "http://127.0.0.1:9/v1"
    make_draft(slug="pilot")
    for address in (page("study_models", "pilot"), page("checkpoint_list")):
        shown = admin_client.get(address).content.decode()
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


def test_generate_queues_every_article_once_and_shows_what_failed(admin_client, sent):
    study = make_draft(n_items=2, slug="pilot")
    admin_client.post(page("study_generation", "pilot"))
    assert len(sent) == len(set(sent)) == 6
    shown = admin_client.get(page("study_generation", "pilot")).content.decode()
    assert "0 of 6 texts written" in strip_tags(shown) and "refresh" in shown and "progress.js" in shown
    job = GenerationJob.objects.first()
    GenerationJob.objects.update(state="done")
    GenerationJob.objects.filter(pk=job.pk).update(state="failed", error="no checkpoint there")
    shown = admin_client.get(page("study_generation", "pilot")).content.decode()
    assert "5 of 6" in strip_tags(shown) and "no checkpoint there" in shown and "Try the failed ones again" in shown
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
    assert f'<a class="staff-nowrap" href="{page("study_review", "pilot")}">→ Review</a>' in shown
    admin_client.post(address, {"do": "launch", "sure": "yes"})
    assert Study.objects.get().is_draft
    finish_jobs(study)
    for do in ("select", "forms"):
        admin_client.post(page("study_review", "pilot"), {"do": do})
    keys = [finding.key for finding in review_readiness(study) if finding.level == "warn"]
    shown = admin_client.get(address).content.decode()
    assert all(f'value="{key}"' in shown for key in keys)
    refused = admin_client.post(address, {"do": "launch", "sure": "yes", "acknowledged": keys[1:]}).content.decode()
    assert Study.objects.get().is_draft
    assert "Not launched: 1 warning is not ticked." in refused and refused.count("Not ticked yet") == 1
    assert refused.count(" checked>") == len(keys)  # what was ticked stays ticked
    refused = admin_client.post(address, {"do": "launch"}).content.decode()
    assert f"Not launched: {len(keys)} warnings are not ticked, and the box that says that you are sure" in refused
    assert Study.objects.get().is_draft
    admin_client.post(address, {"do": "launch", "sure": "yes", "acknowledged": keys})
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
    with django_assert_max_num_queries(9):
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
    unblind(study, reason="somebody wants to know")
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
