"""Submissions read from Prolific: statuses, places given back, and nothing lost."""

import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from studyapp.actions import participation
from studyapp.actions import prolific as actions
from studyapp.actions.export import export_study
from studyapp.actions.launch import close_study
from studyapp.actions.places import count_cells
from studyapp.domain.prolific_records import SubmissionRecord
from studyapp.models import ProlificSubmission, Response, WebhookEvent
from studyapp.prolific import submissions
from studyapp.prolific.desk import open_client
from studyapp.prolific.overview import review_link
from studyapp.prolific.transport import ProlificError
from studyapp.tasks.prolific import sync_prolific, sync_prolific_study, take_webhook
from tests.studyapp.prolific_rows import CODE, link_up, make_pid, make_prolific_study, take_part
from tests.studyapp.study_rows import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(fake):
    return make_prolific_study()


@pytest.fixture
def link(fake, study):
    return link_up(study)


def come(fake, link, number, **options):
    """Somebody reserves a place on Prolific and takes part here; their submission's id and our participant."""
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(number))
    return submission_id, take_part(link.study, number, submission_id=submission_id, **options)


def sync(link):
    with open_client() as client:
        return submissions.sync_study(client, link)


def test_a_draft_becomes_the_studys_counterpart(fake, link):
    remote = fake.prolific.studies[link.remote_id]
    assert remote["external_study_url"].startswith("https://study.example.org/s/pilot/?PROLIFIC_PID={{%PROLIFIC_PID%}}")
    assert (link.status, link.places, link.reward, link.currency) == ("ACTIVE", 18, 450, "GBP")
    assert link.misfits == []
    assert {entry.act for entry in link.study.audit_entries.all()} >= {
        "drafted_prolific_study",
        "asked_prolific_to_publish",
    }


def test_each_submission_is_read_with_its_participant(fake, link):
    done, person = come(fake, link, 1, answers=None)
    fake.prolific.hand_in(done, code=CODE, minutes=24)
    lurking = fake.prolific.arrive(link.remote_id, make_pid(2), status="RESERVED")
    assert sync(link) == 2
    row = ProlificSubmission.objects.get(submission_id=done)
    assert (row.participant, row.status, row.code, row.seconds) == (person, "AWAITING REVIEW", CODE, 1440)
    other = ProlificSubmission.objects.get(submission_id=lurking)
    assert (other.participant, other.status) == (None, "RESERVED")
    link.refresh_from_db()
    assert link.synced_at and not link.sync_error and link.places_taken == 2


def test_somebody_who_came_without_the_session_is_known_by_who_they_are(fake, link):
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    person = take_part(link.study, 1)
    sync(link)
    row = ProlificSubmission.objects.get(submission_id=submission_id)
    assert row.participant == person
    assert make_pid(1) not in str(vars(row))


@pytest.mark.parametrize(("status", "reason"), [("RETURNED", "returned"), ("TIMED-OUT", "ran out of time")])
def test_who_leaves_there_gives_their_place_back_and_keeps_their_answers(fake, link, status, reason):
    submission_id, person = come(fake, link, 1, answers=2)
    fake.prolific.leave(submission_id, status=status)
    sync(link)
    person.refresh_from_db()
    assert person.status == "dropped_out" and reason in person.dropout_reason
    assert Response.objects.filter(trial__participant=person).count() == 2
    assert sum(cell.occupied for cell in count_cells(link.study)) == 0


@pytest.mark.parametrize("status", ["RETURNED", "TIMED-OUT"])
def test_who_completed_here_stays_completed_whatever_they_do_there(fake, link, status):
    submission_id, person = come(fake, link, 1, answers=None)
    fake.prolific.leave(submission_id, status=status)
    sync(link)
    person.refresh_from_db()
    assert person.status == "completed"
    (row,) = review_link(link, now=NOW)
    assert row.verdict.needs_hand and "bonus can pay" in row.verdict.message


def test_who_returned_does_not_go_on_but_who_ran_out_of_time_may(fake, link):
    returned, gone = come(fake, link, 1, answers=1)
    late, slow = come(fake, link, 2, answers=1)
    fake.prolific.leave(returned, status="RETURNED")
    fake.prolific.leave(late, status="TIMED-OUT")
    sync(link)
    assert participation.resume(gone, now=NOW).status == "dropped_out"
    assert participation.resume(slow, now=NOW).status == "enrolled"
    sync(link)  # still timed out there: the place is not taken from them a second time
    slow.refresh_from_db()
    assert (slow.status, slow.dropout_reason) == ("enrolled", "")


def test_whose_return_is_undone_may_go_on(fake, link):
    submission_id, person = come(fake, link, 1, answers=1)
    fake.prolific.leave(submission_id)
    sync(link)
    fake.prolific.submissions[submission_id]["status"] = "ACTIVE"
    sync(link)
    assert participation.resume(person, now=NOW).status == "enrolled"


def test_who_was_silent_and_then_returned_does_not_come_back(fake, link):
    submission_id, person = come(fake, link, 1, answers=1)
    participation.free_places(link.study, now=NOW + timedelta(days=1))
    fake.prolific.leave(submission_id)
    sync(link)
    assert participation.resume(person, now=NOW).status == "dropped_out"


def test_the_returned_are_told_so(fake, link, client):
    submission_id, _ = come(fake, link, 1)
    entry = f"/s/pilot/?PROLIFIC_PID={make_pid(1)}&SESSION_ID={submission_id}"
    client.get(entry)
    fake.prolific.leave(submission_id)
    sync(link)
    assert "You have returned this study" in client.get(entry, follow=True).content.decode()


def test_a_later_word_is_not_overwritten_by_an_earlier_one(fake, link):
    now = timezone.now()
    said = SubmissionRecord(submission_id="e" * 24, status="APPROVED")
    actions.store_submission(link, said, read_at=now)
    late = SubmissionRecord(submission_id="e" * 24, status="ACTIVE")
    actions.store_submission(link, late, read_at=now - timedelta(seconds=1))
    assert ProlificSubmission.objects.get().status == "APPROVED"


def test_what_was_read_before_a_fault_is_kept_and_the_fault_is_named(fake, link, monkeypatch):
    for number in range(1, 4):
        come(fake, link, number)
    fake.most_a_page = 2
    store = actions.store_submission

    def store_and_break_prolific(*arguments, **named):
        fake.fail("GET", "submissions/", status=500, times=99)
        return store(*arguments, **named)

    monkeypatch.setattr(actions, "store_submission", store_and_break_prolific)
    with pytest.raises(ProlificError):
        sync(link)
    link.refresh_from_db()
    assert ProlificSubmission.objects.count() == 2
    assert "fault of its own" in link.sync_error and link.synced_at is None


def test_a_passing_fault_is_waited_out(fake, link, no_waiting):
    come(fake, link, 1)
    fake.fail("GET", "submissions/", status=503)
    assert sync(link) == 1
    assert no_waiting == [0.5]


def test_the_task_names_what_went_wrong_and_raises_nothing(fake, link, settings):
    settings.PROLIFIC_TOKEN = "wrong"
    sync_prolific_study(link.pk)
    link.refresh_from_db()
    assert "BYLINE_PROLIFIC_TOKEN" in link.sync_error
    settings.PROLIFIC_TOKEN = ""
    sync_prolific_study(link.pk)
    sync_prolific_study(10**6)


def test_beat_reads_launched_and_unsettled_studies_and_waiting_webhooks(fake, link, monkeypatch):
    read, taken = [], []
    monkeypatch.setattr(sync_prolific_study, "delay", read.append)
    monkeypatch.setattr(take_webhook, "delay", taken.append)
    old = timezone.now() - timedelta(hours=1)
    event = WebhookEvent.objects.create(event_id="1", event_type="x", sent_at=old, received_at=old)
    sync_prolific()
    assert (read, taken) == ([link.pk], [event.pk])
    submission_id, _ = come(fake, link, 1, answers=None)
    fake.prolific.hand_in(submission_id, code=CODE)
    sync(link)
    link.study.state = "closed"
    link.study.save()
    sync_prolific()
    assert read == [link.pk] * 2  # somebody waits for review yet
    ProlificSubmission.objects.update(status="APPROVED")
    sync_prolific()
    assert len(read) == 2


def test_nothing_of_prolifics_ids_is_exported(fake, link, tmp_path):
    submission_id, _ = come(fake, link, 1, answers=None)
    fake.prolific.hand_in(submission_id, code=CODE)
    sync(link)
    link.study = close_study(link.study, now=NOW)
    export = export_study(link.study, folder=tmp_path, now=NOW)
    with zipfile.ZipFile(tmp_path / export.file_name) as bundle:
        everything = b"".join(bundle.read(name) for name in bundle.namelist()).decode()
    for name in (submission_id, make_pid(1), link.remote_id):
        assert name not in everything


def test_a_withdrawn_participants_submission_is_known_still_and_asks_for_a_hand(fake, link):
    submission_id, person = come(fake, link, 1, answers=None)
    fake.prolific.hand_in(submission_id, code=CODE)
    participation.withdraw(person, now=NOW)
    sync(link)
    (row,) = review_link(link, now=NOW)
    assert row.submission.participant == person and "Withdrew here" in row.verdict.message


def test_one_person_with_two_submissions_needs_a_hand(fake, link):
    first, _ = come(fake, link, 1, answers=None)
    second = fake.prolific.arrive(link.remote_id, make_pid(1))
    for submission_id in (first, second):
        fake.prolific.hand_in(submission_id, code=CODE)
    sync(link)
    assert [row.verdict.kind for row in review_link(link, now=NOW)] == ["needs a hand"] * 2


def test_a_full_study_gives_a_returned_place_to_the_next(fake):
    study = make_prolific_study(slug="small", targets={"participants_per_cell": 1})
    link = link_up(study)
    ids = [come(fake, link, number)[0] for number in range(1, 7)]
    with pytest.raises(participation.EnrolmentRefusedError):
        take_part(study, 7)
    fake.prolific.leave(ids[0])
    sync(link)
    assert take_part(study, 7).status == "enrolled"
    assert study.places.exclude(participant=None).count() == 6
