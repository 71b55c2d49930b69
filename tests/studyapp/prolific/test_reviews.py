"""Approvals and requests to return: once each, and an unknown outcome is settled by reading."""

from datetime import timedelta

import pytest

from studyapp.actions.prolific import AlreadyLinkedError
from studyapp.models import ProlificStudy, ProlificSubmission
from studyapp.prolific import studies, submissions
from studyapp.prolific.desk import open_client
from studyapp.prolific.overview import review_link
from studyapp.prolific.studies import NotNowError
from studyapp.prolific.transport import NotFoundError, OutcomeUnknownError, RefusedError
from tests.studyapp.prolific_rows import CODE, WISH, link_up, make_pid, make_prolific_study, take_part
from tests.studyapp.study_rows import NOW, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def link(fake):
    return link_up(make_prolific_study())


@pytest.fixture
def done(fake, link):
    """Three who have completed here and handed in there."""
    ids = []
    for number in range(1, 4):
        submission_id = fake.prolific.arrive(link.remote_id, make_pid(number))
        take_part(link.study, number, submission_id=submission_id, answers=None)
        fake.prolific.hand_in(submission_id, code=CODE)
        ids.append(submission_id)
    sync(link)
    return ids


def sync(link):
    with open_client() as client:
        submissions.sync_study(client, link)


def pks(link):
    return list(link.submissions.values_list("pk", flat=True))


def approve(link, *, now=NOW, chosen=None):
    with open_client() as client:
        return submissions.approve(client, link, chosen or pks(link), now=now)


def request_return(link, chosen=None):
    with open_client() as client:
        return submissions.request_return(
            client, link, chosen or pks(link), reason="Did not finish the study.", now=NOW
        )


def statuses(fake, ids):
    return [fake.prolific.submissions[submission_id]["status"] for submission_id in ids]


def test_all_are_approved_in_one_request_and_a_second_click_asks_for_nothing(fake, link, done):
    fake.prolific.approves_later = True
    assert approve(link).sent == 3
    again = approve(link)
    assert (again.sent, again.left_out) == (0, 3)
    assert fake.count("POST", "submissions/bulk-approve/") == 1
    assert {row.verdict.kind for row in review_link(link, now=NOW)} == {"under way"}
    fake.prolific.settle()
    sync(link)
    assert {row.verdict.kind for row in review_link(link, now=NOW)} == {"settled"}
    entry = link.study.audit_entries.get(act="approved_on_prolific")
    assert entry.detail["submissions"] == 3 and done[0] not in str(entry.detail)


def test_an_approval_that_never_showed_may_be_asked_for_again_after_a_while(fake, link, done):
    fake.prolific.approves_later = True
    approve(link)
    sync(link)
    assert approve(link, now=NOW + timedelta(hours=1)).sent == 3


def test_a_cut_connection_leaves_the_outcome_unknown_and_reading_settles_it(fake, link, done):
    fake.fail("POST", "submissions/bulk-approve/", cut=True, has_effect=True)
    sent = approve(link)
    assert sent.sent == 0 and "unknown" in sent.errors[0]
    assert all("may have done it" in row.verdict.message for row in review_link(link, now=NOW))
    assert approve(link, now=NOW + timedelta(days=1)).sent == 0  # not blindly repeated
    assert fake.count("POST", "submissions/bulk-approve/") == 1
    sync(link)
    assert {row.verdict.kind for row in review_link(link, now=NOW)} == {"settled"}


def test_what_reading_shows_as_not_done_may_be_asked_for_again(fake, link, done):
    fake.fail("POST", f"submissions/{done[0]}/transition/", cut=True, times=9)
    row = link.submissions.get(submission_id=done[0])
    approve(link, chosen=[row.pk])
    with open_client() as client:
        submissions.look_again(client, ProlificSubmission.objects.select_related("link__study").get(pk=row.pk))
    fake.faults.clear()
    assert approve(link, chosen=[row.pk]).sent == 1
    assert statuses(fake, done) == ["APPROVED", "AWAITING REVIEW", "AWAITING REVIEW"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 429, "headers": {"Retry-After": "90"}}, "too busy and did nothing"),
        ({"status": 404}, "does not know it"),
        ({"status": 400}, "refused (400)"),
        ({"status": 403}, "does not let this token's account"),
    ],
)
def test_a_refused_approval_says_why_and_may_be_asked_for_again(fake, link, done, fault, says):
    fake.fail("POST", "submissions/bulk-approve/", **fault)
    assert says in approve(link).errors[0]
    assert set(statuses(fake, done)) == {"AWAITING REVIEW"}
    assert says in link.submissions.first().ask_message
    assert approve(link).sent == 3


def test_nobody_is_approved_before_handing_in(fake, link):
    submission_id = fake.prolific.arrive(link.remote_id, make_pid(1))
    sync(link)
    assert approve(link).left_out == 1
    assert fake.count("POST", f"submissions/{submission_id}/transition/") == 0


def test_each_is_asked_to_return_once_by_one_message(fake, link, done):
    assert request_return(link).sent == 3
    assert request_return(link).left_out == 3
    sync(link)
    assert request_return(link).left_out == 3
    assert [submission_id for submission_id, _ in fake.prolific.messages] == done


def test_asking_to_return_stops_where_the_next_would_fare_no_better(fake, link, done):
    fake.fail("POST", f"submissions/{done[1]}/request-return/", status=429, headers={"Retry-After": "90"})
    sent = request_return(link)
    assert (sent.sent, len(sent.errors)) == (1, 1)
    assert [submission_id for submission_id, _ in fake.prolific.messages] == done[:1]
    assert request_return(link).sent == 2


def test_what_has_ended_meanwhile_is_no_longer_in_doubt(fake, link, done):
    fake.fail("POST", "submissions/bulk-approve/", cut=True)
    approve(link)
    fake.prolific.leave(done[0])
    sync(link)
    row = link.submissions.get(submission_id=done[0])
    assert (row.ask_state, row.ask_message) == ("refused", "It is RETURNED by now.")
    assert set(link.submissions.exclude(pk=row.pk).values_list("ask_state", flat=True)) == {"unknown"}


def test_an_unanswered_request_to_return_is_not_sent_twice(fake, link, done, settings):
    path = f"submissions/{done[0]}/request-return/"
    fake.fail("POST", path, delay=5, has_effect=True)
    row = link.submissions.get(submission_id=done[0])
    settings.PROLIFIC_TIMEOUT = 1.5
    assert "unknown" in request_return(link, [row.pk]).errors[0]
    settings.PROLIFIC_TIMEOUT = 30.0
    assert request_return(link, [row.pk]).left_out == 1
    sync(link)
    assert request_return(link, [row.pk]).left_out == 1
    assert len(fake.prolific.messages) == 1


def test_a_draft_whose_answer_was_lost_is_found_and_not_made_twice(fake):
    study = make_prolific_study()
    fake.fail("POST", "studies/$", cut=True, has_effect=True)
    with open_client() as client:
        with pytest.raises(OutcomeUnknownError):
            studies.create_draft(client, study, WISH, now=NOW)
        with pytest.raises(AlreadyLinkedError, match="being made"):
            studies.create_draft(client, study, WISH, now=NOW)
        link = ProlificStudy.objects.get()
        assert link.remote_id == ""
        found = studies.find_draft(client, link, now=NOW)
    assert found.remote_id in fake.prolific.studies and len(fake.prolific.studies) == 1


def test_a_draft_that_was_not_made_leaves_room_for_another(fake):
    study = make_prolific_study()
    fake.fail("POST", "studies/$", cut=True)
    with open_client() as client:
        with pytest.raises(OutcomeUnknownError):
            studies.create_draft(client, study, WISH, now=NOW)
        assert studies.find_draft(client, ProlificStudy.objects.get(), now=NOW) is None
        fake.fail("POST", "studies/$", status=400)
        with pytest.raises(RefusedError):
            studies.create_draft(client, study, WISH, now=NOW)
        fake.fail("GET", "studies/$", status=429, headers={"Retry-After": "99"})
        with pytest.raises(RefusedError, match="No draft was made"):
            studies.create_draft(client, study, WISH, now=NOW)
        assert studies.create_draft(client, study, WISH, now=NOW).remote_id
    assert len(fake.prolific.studies) == 1


def test_a_study_on_prolific_belongs_to_one_study_here(fake, link):
    other = make_prolific_study(slug="other")
    with open_client() as client:
        with pytest.raises(AlreadyLinkedError, match="'pilot'"):
            studies.link_study(client, other, link.remote_id, now=NOW)
        with pytest.raises(NotFoundError):
            studies.link_study(client, other, "f" * 24, now=NOW)
    assert ProlificStudy.objects.count() == 1


def test_a_study_linked_by_hand_is_checked_against_ours(fake):
    study = make_prolific_study()
    remote = fake.prolific.create_study(
        {
            "name": "n", "description": "d", "external_study_url": "https://elsewhere.example/",
            "prolific_id_option": "question", "completion_codes": [{"code": "ZZ", "code_type": "COMPLETED"}],
            "total_available_places": 5, "estimated_completion_time": 30, "maximum_allowed_time": 73, "reward": 450,
        }
    )  # fmt: skip
    with open_client() as client:
        link = studies.link_study(client, study, remote["id"], now=NOW)
    link.refresh_from_db()
    assert len(link.misfits) == 2 and "elsewhere" in link.misfits[0]


def test_a_study_is_published_only_once_it_is_launched_here(fake):
    draft = make_draft(slug="early", recruitment={"platform": "prolific", "completion_code": CODE})
    with open_client() as client:
        link = studies.create_draft(client, draft, WISH, now=NOW)
        with pytest.raises(NotNowError, match="Launch the study here first"):
            studies.transition(client, link, "PUBLISH")
        with pytest.raises(NotNowError, match="cannot pause"):
            studies.transition(client, link, "PAUSE")
    assert fake.prolific.studies[link.remote_id]["status"] == "UNPUBLISHED"


def test_publishing_without_an_answer_is_read_back(fake):
    study = make_prolific_study()
    with open_client() as client:
        link = studies.create_draft(client, study, WISH, now=NOW)
        fake.fail("POST", f"studies/{link.remote_id}/transition/", cut=True, has_effect=True)
        assert studies.transition(client, link, "PUBLISH") == "ACTIVE"
        assert fake.count("POST", f"studies/{link.remote_id}/transition/") == 1
