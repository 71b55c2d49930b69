"""Having one's answers deleted: when, how, what is left, and what each page says of it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.formats import date_format

from studyapp.actions.launch import close_study
from studyapp.models import Participant, PlatformIdentity, Response, Trial
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
MONTH = {"withdrawal_days": 30}
PROLIFIC = {"platform": "prolific", "completion_code": "C1A2B3C4", "contact": "lab@example.org"}


@pytest.fixture
def done():
    visitor = Visitor(make_launched(debriefing=MONTH, recruitment=PROLIFIC), PROLIFIC_PID=PROLIFIC_ID)
    visitor.finish()
    return visitor


def fetch(visitor, step):
    return " ".join(visitor.client.get(f"{visitor.entry}{step}/", follow=True).content.decode().split())


def let_days_pass(days):
    for person in Participant.objects.all():
        person.completed_at -= timedelta(days=days)
        person.save()


def test_it_is_told_before_anybody_agrees_and_after_they_are_done_with_the_last_day(done):
    fresh = Visitor(done.study, PROLIFIC_PID="b" * 24)
    assert "and for 30 days after it ends for you" in " ".join(fresh.page.text.split())
    last = date_format(timezone.now().date() + timedelta(days=30), "DATE_FORMAT")
    for step in ("debriefing", "withdraw"):
        assert f"until the end of {last}" in fetch(done, step), step


def test_the_first_step_asks_and_shows_the_code_and_the_second_deletes_and_leaves_a_count(done):
    page = fetch(done, "withdraw")
    assert "Delete your answers?" in page and "C1A2B3C4" in page
    assert Response.objects.count() == 4
    told = done.send(to=f"{done.entry}withdraw/").text
    assert "You have withdrawn" in told and "a scrambled mark" in told
    assert not (Trial.objects.exists() or Response.objects.exists() or PlatformIdentity.objects.exists())
    person = done.participant
    assert (person.status, person.looked_up, person.internet_check_answer) == ("withdrawn", None, "")
    for step in ("debriefing", "withdraw", "code", ""):
        assert "C1A2B3C4" not in fetch(done, step).replace("code/", "")
    assert "You have withdrawn" in Visitor(done.study, PROLIFIC_PID=PROLIFIC_ID).page.text


def test_after_the_last_day_nothing_is_deleted_and_the_page_says_whom_to_ask_and_by_which_code(done):
    let_days_pass(32)
    assert "Withdraw and delete" not in fetch(done, "debriefing")
    answer = done.client.post(f"{done.entry}withdraw/")
    for page in (" ".join(answer.content.decode().split()), fetch(done, "withdraw"), fetch(done, "debriefing")):
        assert "ended on" in page and "lab@example.org" in page and done.participant.code in page
        assert "<button" not in page
    assert (done.participant.status, Response.objects.count()) == ("completed", 4)


def test_a_study_without_a_last_day_lets_them_withdraw_at_any_time():
    visitor = Visitor(make_launched())
    assert "delete your answers yourself" not in visitor.page.text
    visitor.finish()
    let_days_pass(3000)
    visitor.send(to=f"{visitor.entry}withdraw/")
    assert visitor.participant.status == "withdrawn"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ({"status": "dropped_out"}, "Your place was given away"),
        ({"status": "dropped_out", "dropout_reason": "returned on the platform"}, "You have returned this study"),
        ({"status": "screened_out", "screen_out_reason": "device"}, "The study ends here for you"),
    ],
)
def test_who_ended_otherwise_is_told_what_is_so_and_may_withdraw_as_long(status, said):
    study = make_launched(debriefing=MONTH, targets={"participants_per_cell": 1})
    visitor = Visitor(study)
    visitor.start()
    visitor.send(judgment="4")
    study.places.update(participant=None)
    study.places.all().delete()  # every place of their cell is gone
    Participant.objects.update(left_at=timezone.now(), **status)
    page = fetch(visitor, "continue")
    assert said in page and "until the end of" in page and "Withdraw and delete my answers" in page
    Participant.objects.update(left_at=timezone.now() - timedelta(days=40))
    assert "ended on" in fetch(visitor, "continue")
    Participant.objects.update(left_at=timezone.now())
    visitor.send(to=f"{visitor.entry}withdraw/")
    assert (visitor.participant.status, Response.objects.count()) == ("withdrawn", 0)


def test_a_closed_study_turns_newcomers_away_and_keeps_the_pages_of_those_who_took_part(done):
    close_study(done.study, now=timezone.now())
    assert "This study is over" in Visitor(done.study, PROLIFIC_PID="b" * 24).page.text
    assert "C1A2B3C4" in fetch(done, "debriefing")
    done.send(to=f"{done.entry}withdraw/")
    assert done.participant.status == "withdrawn"
