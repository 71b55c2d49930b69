"""The Prolific page of a study: who has one, what it shows, and that each button does what it says."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from studyapp.models import Participant, ProlificBonusBatch, ProlificStudy, ProlificSubmission
from studyapp.tasks.prolific import sync_prolific_study
from tests.prolific_fake.server import TOKEN
from tests.studyapp.prolific_rows import CODE, link_up, make_pid, make_prolific_study, take_part
from tests.studyapp.study_rows import make_draft

pytestmark = pytest.mark.django_db
PAGE = "/staff/studies/pilot/prolific/"


@pytest.fixture(autouse=True)
def worker(monkeypatch):
    """A worker that takes what is sent to it at once."""
    monkeypatch.setattr(sync_prolific_study, "delay_on_commit", sync_prolific_study)


@pytest.fixture
def link(fake):
    return link_up(make_prolific_study())


def come(fake, link, number, *, code=CODE, minutes=30.0, answers=None):
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(number))
    take_part(link.study, number, submission_id=submission_id, answers=answers)
    if code:
        fake.prolific.hand_in(submission_id, code=code, minutes=minutes)
    return submission_id


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def post(client, **said):
    return text(client.post(PAGE, said, follow=True))


def pk_of(submission_id):
    return ProlificSubmission.objects.get(submission_id=submission_id).pk


def test_only_studies_from_prolific_have_the_page_and_its_tab(admin_client):
    make_draft(slug="pilot")
    assert admin_client.get(PAGE).status_code == 404
    assert "/prolific/" not in text(admin_client.get(reverse("staff:study_overview", args=["pilot"])))
    make_prolific_study(slug="paid")
    assert "/staff/studies/paid/prolific/" in text(admin_client.get(reverse("staff:study_watch", args=["paid"])))


def test_strangers_are_sent_to_the_login(client, link):
    assert client.get(PAGE).url.startswith(reverse("admin:login"))
    assert client.post(PAGE, {"do": "approve-agreeing"}).url.startswith(reverse("admin:login"))


def test_without_a_token_the_page_says_what_to_set(admin_client, settings):
    settings.PROLIFIC_TOKEN = ""
    make_prolific_study()
    shown = text(admin_client.get(PAGE))
    assert "BYLINE_PROLIFIC_TOKEN" in shown and "disabled" in shown


def test_a_study_is_drafted_and_published_from_the_page(admin_client, fake):
    make_prolific_study()
    shown = text(admin_client.get(PAGE))
    assert 'value="18"' in shown  # 3 in each of 3 arms x 2 forms
    wish = {"name": "Who?", "description": "Read.", "places": 18, "minutes": 30, "reward": "4.50"}
    assert "Ensure this value is greater" in post(admin_client, do="draft", **{**wish, "reward": "0"})
    assert "on Prolific, where nobody sees it" in post(admin_client, do="draft", **wish)
    assert "tick the box" in post(admin_client, do="transition", action="PUBLISH")
    assert "The study is ACTIVE" in post(admin_client, do="transition", action="PUBLISH", sure="yes")
    (study,) = fake.prolific.studies.values()
    assert (study["reward"], study["status"]) == (450, "ACTIVE")


def test_a_study_is_linked_by_its_id_and_unlinked_while_nobody_came(admin_client, fake, link):
    remote = link.remote_id
    assert "The link is forgotten" in post(admin_client, do="unlink", sure="yes")
    assert "24 of the digits" in post(admin_client, do="link", remote_id="nonsense")
    assert "does not know it" in post(admin_client, do="link", remote_id="f" * 24)
    assert "The study is linked" in post(admin_client, do="link", remote_id=f" {remote} ")
    come(fake, ProlificStudy.objects.select_related("study").get(), 1)
    post(admin_client, do="read")
    assert "Not unlinked" in post(admin_client, do="unlink", sure="yes")


def test_a_lost_draft_is_looked_for_from_the_page(admin_client, fake):
    make_prolific_study()
    fake.fail("POST", "studies/$", cut=True, has_effect=True)
    wish = {"name": "Who?", "description": "Read.", "places": 18, "minutes": 30, "reward": "4.50"}
    post(admin_client, do="draft", **wish)
    assert "Look for it on Prolific" in text(admin_client.get(PAGE))
    assert "is there, and linked" in post(admin_client, do="find-draft")
    assert len(fake.prolific.studies) == 1


def test_each_submission_stands_beside_ours_and_what_needs_a_hand_comes_first(admin_client, fake, link):
    agreeing = come(fake, link, 1)
    without_code = come(fake, link, 2, code="NOCODE")
    at_work = come(fake, link, 3, code="", answers=1)
    post(admin_client, do="read")
    shown = text(admin_client.get(PAGE))
    assert "Completed here, but came back without a code" in shown and agreeing not in shown
    everything = text(admin_client.get(PAGE, {"show": "all"}))
    assert everything.index(without_code) < everything.index(agreeing) < everything.index(at_work)
    assert "needs a hand <strong>1</strong>" in everything and "agrees <strong>1</strong>" in everything
    assert "in 20 days" in everything or "in 21 days" in everything
    found = text(admin_client.get(PAGE, {"q": at_work}))
    assert at_work in found and agreeing not in found
    assert make_pid(1) not in everything and TOKEN not in everything


def test_all_that_agree_are_approved_and_no_other(admin_client, fake, link):
    agreeing = [come(fake, link, number) for number in (1, 2)]
    other = come(fake, link, 3, code="NOCODE")
    post(admin_client, do="read")
    assert "tick the box" in post(admin_client, do="approve-agreeing", number=2)
    assert "by now 2 submissions agree" in post(admin_client, do="approve-agreeing", number=1, sure="yes")
    assert "asked to approve 2 submissions" in post(admin_client, do="approve-agreeing", number=2, sure="yes")
    statuses = {name: fake.prolific.submissions[name]["status"] for name in [*agreeing, other]}
    assert statuses == {agreeing[0]: "APPROVED", agreeing[1]: "APPROVED", other: "AWAITING REVIEW"}
    assert "asked to approve 1 submission." in post(admin_client, do="approve", submission=pk_of(other))
    assert "Nothing was asked. 1 were left out" in post(admin_client, do="approve", submission=pk_of(other))
    assert "tick the submissions" in post(admin_client, do="approve")


def test_a_return_is_asked_for_with_a_reason(admin_client, fake, link):
    submission_id = come(fake, link, 1, answers=1)
    post(admin_client, do="read")
    pk = pk_of(submission_id)
    assert "choose why" in post(admin_client, do="request-return", submission=pk, reason="I do not like them")
    shown = post(admin_client, do="request-return", submission=pk, reason="Did not finish the study.")
    assert "A return was requested for 1 submission." in shown
    assert fake.prolific.messages == [(submission_id, ("Did not finish the study.",))]


def test_an_unknown_outcome_is_shown_and_read_again(admin_client, fake, link):
    submission_id = come(fake, link, 1)
    post(admin_client, do="read")
    fake.fail("POST", f"submissions/{submission_id}/transition/", cut=True, times=9)
    assert "Whether it was done is unknown" in post(admin_client, do="approve", submission=pk_of(submission_id))
    fake.faults.clear()
    assert "may now be asked for once more" in post(admin_client, look_again=pk_of(submission_id))
    assert "asked to approve 1" in post(admin_client, do="approve", submission=pk_of(submission_id))


def test_pay_below_the_minimum_is_topped_up_once(admin_client, fake, link):
    for number, minutes in ((1, 50), (2, 60), (3, 70)):  # £4.50 for 60 minutes; £6 is the least
        fake.prolific.submissions[come(fake, link, number, minutes=minutes)]["status"] = "APPROVED"
    shown = post(admin_client, do="read")
    assert "Below Prolific’s minimum of £6.00" in shown and "is due £1.50 more" in shown
    assert "Set up for 3, and not paid yet. Prolific will charge GBP" in post(
        admin_client, do="prepare-topup", level="minimum"
    )
    batch = ProlificBonusBatch.objects.get()
    assert "tick the box" in post(admin_client, do="pay-bonus", batch=batch.pk)
    assert "pays within minutes" in post(admin_client, do="pay-bonus", batch=batch.pk, sure="yes")
    assert "not waiting to be paid" in post(admin_client, do="pay-bonus", batch=batch.pk, sure="yes")
    assert "Nobody of them is left" in post(admin_client, do="prepare-topup", level="minimum")
    assert [row["bonus_payments"] for row in fake.prolific.submissions.values()] == [[150]] * 3


def test_a_bonus_goes_to_whom_is_ticked(admin_client, fake, link):
    submission_id = come(fake, link, 1)
    fake.prolific.leave(submission_id)
    post(admin_client, do="read")
    assert "tick who is to get it" in post(admin_client, do="prepare-bonus", purpose="partial pay", amount="1.20")
    assert "No bonus was set up" in post(admin_client, do="prepare-bonus", submission=pk_of(submission_id), amount="x")
    post(admin_client, do="prepare-bonus", submission=pk_of(submission_id), purpose="partial pay", amount="1.20")
    batch = ProlificBonusBatch.objects.get()
    assert "Given up" in post(admin_client, do="give-up-bonus", batch=batch.pk)
    post(admin_client, do="prepare-bonus", submission=pk_of(submission_id), purpose="partial pay", amount="1.20")
    post(admin_client, do="pay-bonus", batch=ProlificBonusBatch.objects.first().pk, sure="yes")
    assert fake.prolific.submissions[submission_id]["bonus_payments"] == [120]
    assert "Read again: paid" in post(admin_client, do="look-at-bonus", batch=ProlificBonusBatch.objects.first().pk)


def test_a_bonus_of_another_study_cannot_be_paid_here(admin_client, fake, link):
    other = link_up(make_prolific_study(slug="other"))
    batch = ProlificBonusBatch.objects.create(
        link=other, purpose="p", people=1, amount=1, created_at=other.linked_at, state="set_up"
    )
    answer = admin_client.post(PAGE, {"do": "pay-bonus", "batch": batch.pk, "sure": "yes"})
    assert answer.status_code == 404


def test_there_is_no_button_that_rejects_and_the_page_says_why(admin_client, link):
    shown = text(admin_client.get(PAGE))
    assert not re.search(r'<button[^>]*value="[^"]*reject', shown)
    assert "Byline never rejects" in shown and "at least two attention checks" in shown
    assert "does not exist" in post(admin_client, do="reject")


def test_the_excluded_are_paid_all_the_same(admin_client, fake, link):
    submission_id = come(fake, link, 1)
    Participant.objects.update(excluded=True, exclusion_reasons=["looked_up"])
    post(admin_client, do="read")
    assert "paid all the same" in text(admin_client.get(PAGE, {"show": "all"}))
    post(admin_client, do="approve-agreeing", number=1, sure="yes")
    assert fake.prolific.submissions[submission_id]["status"] == "APPROVED"


def test_prolific_away_is_told_and_the_page_stands(admin_client, settings, link):
    settings.PROLIFIC_URL = "http://127.0.0.1:9/api/v1/"
    assert "Prolific cannot be reached" in post(admin_client, do="read")
    assert admin_client.get(PAGE).status_code == 200


def test_the_command_reads_and_counts(fake, link):
    come(fake, link, 1)
    said = StringIO()
    call_command("sync_prolific", "pilot", stdout=said)
    assert "ACTIVE on Prolific, 1 of 18 places taken." in said.getvalue()
    assert "1 submissions; 1 agrees" in said.getvalue()
    fake.fail("GET", "studies/", status=401, times=9)
    with pytest.raises(CommandError, match="does not take our token"):
        call_command("sync_prolific", "pilot")
    make_prolific_study(slug="unlinked")
    with pytest.raises(CommandError, match="not linked to Prolific"):
        call_command("sync_prolific", "unlinked")


def test_the_command_subscribes_once_and_prints_the_secret_once(fake, settings):
    settings.PROLIFIC_WEBHOOK_SECRET = ""
    with pytest.raises(CommandError, match="--new-secret"):
        call_command("subscribe_prolific", "w" * 24)
    said = StringIO()
    call_command("subscribe_prolific", "w" * 24, new_secret=True, stdout=said)
    assert f"BYLINE_PROLIFIC_WEBHOOK_SECRET={fake.prolific.secret}" in said.getvalue()
    settings.PROLIFIC_WEBHOOK_SECRET = fake.prolific.secret
    again = StringIO()
    call_command("subscribe_prolific", "w" * 24, stdout=again)
    assert again.getvalue().count("subscribed already") == 2
    assert fake.prolific.secret not in again.getvalue()
    assert [entry["target_url"] for entry in fake.prolific.subscriptions.values()] == [
        "https://study.example.org/hooks/prolific/"
    ] * 2
    settings.SITE_URL = "http://localhost:8000"
    with pytest.raises(CommandError, match="public https"):
        call_command("subscribe_prolific", "w" * 24)
