"""Watching a study that runs: everything but how well people tell, until that may be seen."""

import random
import re
from datetime import timedelta

import pytest
from django.urls import reverse

from studyapp.actions import participation
from studyapp.actions.blindness import unblind
from studyapp.actions.launch import close_study
from studyapp.actions.participation import EndAnswers
from studyapp.actions.responses import Answer, answer_trial, show_trial
from studyapp.actions.review import flag_item
from studyapp.actions.watching import report_problem, tally_entry
from studyapp.domain.judgment import Judgment
from studyapp.models import Assignment, Participant
from studyapp.models.watching import EntryOutcome
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_launched

pytestmark = pytest.mark.django_db
PAGES = ("overview", "generation", "review", "preview", "launch", "watch", "watch_now", "changes", "export", "log")


def take_part(study, number, *, right, platform="prolific", minutes=30, articles=8):
    """Somebody who answers `right` of their first articles rightly, and the others wrongly."""
    arrival = Arrival(external_id=f"person-{number}")
    person = participation.enrol(study, platform=platform, arrival=arrival, rng=random.Random(number), now=NOW)
    for count, trial in enumerate(person.trials.select_related("stimulus").order_by("position")[:articles]):
        is_model = trial.stimulus.arm_id is not None
        judgment = Judgment.VERY_LIKELY_MACHINE if is_model == (count < right) else Judgment.VERY_LIKELY_HUMAN
        show_trial(trial, now=NOW)
        answer_trial(trial, Answer(judgment, False, f"Comment {number} on it." if count == 0 else ""), now=NOW)
    if articles == 8:
        participation.complete(
            person, EndAnswers(looked_up=False, internet_check_answer=""), now=NOW + timedelta(minutes=minutes)
        )
    return person


@pytest.fixture
def study():
    """Eight items, three arms; everybody in an arm is right in 7, 5 or 3 of 8: 87.5, 62.5, 37.5 %."""
    study = make_launched(
        n_items=8, slug="pilot", recruitment={"reward": "USD 6"}, targets={"participants_per_cell": 2}
    )
    arms = {"control": 7, "small": 5, "large": 3}
    for number in range(12):
        arrival = Arrival(external_id=f"person-{number}")
        person = participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(number), now=NOW)
        take_part(study, number, right=arms[person.assignment.arm.name], minutes=20 + 2 * number)
    return study


def see(client, page):
    return client.get(reverse(f"staff:study_{page}", args=["pilot"])).content.decode()


def test_counts_times_pay_and_comments_are_shown(admin_client, study):
    shown = see(admin_client, "watch")
    assert "2 of 2" in shown and "half took more than" in shown and "31.0 minutes" in shown
    assert "USD 11.61" in shown and "above the least, below the recommended USD 12.00" in shown  # 6 * 60 / 31
    assert "Comment 3 on it." in shown
    assert "hidden until the study is closed" in shown


def test_no_page_tells_how_well_people_tell_while_they_take_part(admin_client, study):
    codes = set(Participant.objects.values_list("code", flat=True))
    for page in PAGES:
        shown = see(admin_client, page)
        main = shown.partition('<div class="staff">')[2] or shown
        assert not re.search(r"(87|62|37)[.,]5|0\.(875|625|375)", main), page
        assert not [code for code in codes if code in main], page  # by which rows could be put together
        assert "Very likely written" not in main, page
    assert see(admin_client, "watch").count("<td>hidden</td>") == 3


def test_what_the_admin_shows_of_participants_puts_nobody_into_an_arm(admin_client, study):
    person = Participant.objects.first()
    arms = [str(arm) for arm in study.arms.all()]
    for address in (
        reverse("admin:studyapp_participant_changelist"),
        reverse("admin:studyapp_participant_change", args=[person.pk]),
    ):
        main = admin_client.get(address).content.decode().partition('id="content"')[2]
        assert not [arm for arm in arms if re.search(rf"\b{arm}\b", main)], address
    for model in ("response", "trial", "assignment"):
        assert admin_client.get(f"/staff/studyapp/{model}/").status_code == 404


@pytest.mark.parametrize("open_it", [lambda s: unblind(s, reason="harm"), lambda s: close_study(s, now=NOW)])
def test_accuracy_by_arm_is_there_once_it_may_be_seen(admin_client, study, open_it):
    open_it(study)
    shown = " ".join(see(admin_client, "watch").split())
    for arm, percent in (("control", "87.5"), ("Small", "62.5"), ("Large", "37.5")):
        row = shown.partition(f'<th scope="row">{arm}</th>')[2].partition("</tr>")[0]
        assert f"{percent} %" in row, arm


def test_before_anybody_has_come_accuracy_is_hidden_as_it_will_be_then(admin_client):
    make_launched(n_items=2, slug="pilot")
    shown = see(admin_client, "watch")
    assert shown.count("<td>hidden</td>") == 3 and "hidden until the study is closed" in shown


def test_a_rehearsal_is_open_and_says_that_it_is_one_until_the_first_person_comes(admin_client):
    study = make_launched(n_items=8, slug="pilot")
    take_part(study, 1, right=6, platform="simulated")
    shown = see(admin_client, "watch")
    assert "A rehearsal" in shown and "75.0 %" in shown
    take_part(study, 2, right=6)
    shown = see(admin_client, "watch")
    assert "A rehearsal" not in shown and "75.0" not in shown and "Comment 1 on it." not in shown


def test_who_left_where_is_told_by_arm_and_position(admin_client):
    study = make_launched(n_items=8, slug="pilot")
    gone = take_part(study, 1, right=3, articles=3)
    take_part(study, 2, right=3, articles=5)
    Participant.objects.filter(pk=gone.pk).update(status="dropped_out")
    shown = " ".join(see(admin_client, "watch").split())
    assert '<th scope="row">3 of 8</th><td>1</td><td>0</td>' in shown
    assert '<th scope="row">5 of 8</th><td>0</td><td>1</td>' in shown
    arm = Assignment.objects.get(participant=gone).arm
    row = shown.partition(f'<th scope="row">{arm}</th>')[2].partition("</tr>")[0]
    assert "<td>0</td><td>1</td><td>100 %</td>" in row


def test_exclusions_are_counted_by_rule_and_the_excluded_do_not_count_for_accuracy(admin_client, study):
    people = Participant.objects.filter(assignment__arm__name="small")
    people.update(excluded=True, exclusion_reasons=["looked_up"])
    close_study(study, now=NOW)
    shown = " ".join(see(admin_client, "watch").split())
    assert "<li>4: said that they looked something up</li>" in shown
    assert "62.5" not in shown and "87.5 %" in shown


def test_arrivals_are_a_table_by_day(admin_client, study):
    for outcome in (EntryOutcome.OPENED, EntryOutcome.OPENED, EntryOutcome.DECLINED):
        tally_entry(study, outcome, simulated=False, now=NOW)
    shown = " ".join(see(admin_client, "watch").split())
    row = shown.partition("2026-05-04</th>")[2].partition("</tr>")[0]
    assert re.findall(r"<td>(\d+)</td>", row) == ["2", "0", "0", "1", "0", "0", "12"]


def test_problems_are_told_by_title_and_by_version_only_when_open(admin_client, study):
    person = Participant.objects.first()
    trial = person.trials.exclude(stimulus__arm=None).first()
    report_problem(trial, message="ends in the middle", now=NOW)
    flag_item(study.items.first(), reason="retracted", by=None, now=NOW)
    problems = see(admin_client, "watch").partition('data-section="problems"')[2].partition("</section>")[0]
    assert (
        trial.stimulus.item.article.title in problems and "ends in the middle" in problems and "retracted" in problems
    )
    assert "staff-flag" not in problems
    unblind(study, reason="to find the broken text")
    problems = see(admin_client, "watch").partition('data-section="problems"')[2].partition("</section>")[0]
    assert f'<span class="staff-flag">{trial.stimulus.arm}</span>' in problems


def test_what_is_polled_is_what_the_page_shows(admin_client, study):
    page = see(admin_client, "watch")
    answer = admin_client.get(reverse("staff:study_watch_now", args=["pilot"]))
    assert answer["Content-Type"] == "application/json" and "no-cache" in answer["Cache-Control"]
    for name, section in answer.json()["sections"].items():
        assert section.strip() in page, name


def test_many_participants_take_as_many_queries_as_few(admin_client, study, django_assert_max_num_queries):
    with django_assert_max_num_queries(45):
        see(admin_client, "watch")
