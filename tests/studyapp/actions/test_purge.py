import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from studyapp.actions import participation
from studyapp.actions.export import write_bundle
from studyapp.actions.person_keys import find_by_arrival
from studyapp.actions.purge import list_due, purge
from studyapp.models import (
    AuditEntry,
    Export,
    Participant,
    PlatformIdentity,
    ProlificStudy,
    ProlificSubmission,
    Response,
    SignedEntry,
    Trial,
    WebhookEvent,
)
from studyapp.participant_site.endings import find_ending
from studyapp.prolific.submissions import read_submission
from studyapp.prolific.transport import NothingDoneError
from studyapp.recruitment import Arrival
from tests.studyapp.bundle_rows import export, make_answered, read_files
from tests.studyapp.study_rows import NOW, enrol, make_launched

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PROLIFIC = {"platform": "prolific", "completion_code": "C1A2B3"}


def kinds(due):
    return [entry.what for entry in due]


def run(*arguments):
    out = io.StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue()


def make_submission(study):
    link = ProlificStudy.objects.create(study=study, remote_id="r1", linked_at=NOW)
    person = Participant.objects.filter(study=study).first()
    return ProlificSubmission.objects.create(
        link=link, submission_id="5e55", participant=person, status="AWAITING REVIEW", read_at=NOW
    )


def test_ids_go_on_their_day_and_people_are_known_without_them():
    study = make_answered(
        n_people=4,
        data_protection={"keep_ids_days": 30},
        recruitment={"platform": "prolific", "completion_code": "C1A2B3"},
    )
    row, closed_at = make_submission(study), study.closed_at
    names = set(PlatformIdentity.objects.values_list("external_id", flat=True))
    assert not list_due(now=closed_at + 29 * DAY)
    now = closed_at + 30 * DAY
    assert kinds(list_due(now=now)) == ["pilot: ids of the platform"]
    assert PlatformIdentity.objects.exists()  # looking deletes nothing
    purge(now=now)
    assert not (PlatformIdentity.objects.exists() or ProlificSubmission.objects.exists())
    assert Response.objects.exists()
    assert not purge(now=now)
    assert AuditEntry.objects.filter(act="deleted_ids").count() == 1
    for name in names:
        assert find_by_arrival(study, platform="prolific", arrival=Arrival(name)) is not None
    study.refresh_from_db()
    assert study.ids_deleted_at == now
    assert not ProlificStudy.objects.worth_reading()
    row.link.study = study
    with pytest.raises(NothingDoneError, match="were deleted on"):
        read_submission(None, row.link, "5e55")


def test_a_link_that_would_name_somebody_is_not_shown_without_their_id():
    link = "https://panel.example.com/end?rid={id}"
    study = make_launched(recruitment={
        "platform": "panel", "settings": {"id_param": "RID"}, "hosts": ["panel.example.com"],
        "completion_code": "DONE", "outcomes": {"screen_out": link},
    })  # fmt: skip
    person = enrol(study, "ann", platform="panel")
    person = participation.screen_out(person, reason="device", now=NOW)
    assert find_ending(person).url.endswith("rid=ann")
    PlatformIdentity.objects.all().delete()
    assert find_ending(person).url == ""


def test_answers_go_on_their_day_and_the_counts_still_add_up(tmp_path):
    study = make_answered(n_people=5, data_protection={"keep_answers_days": 60})
    statuses = list(Participant.objects.values_list("status", "excluded", "completed_at"))
    kept = export(study, tmp_path)
    assert kinds(list_due(now=study.closed_at + 59 * DAY)) == []
    purge(now=study.closed_at + 60 * DAY)
    assert not (Trial.objects.exists() or Response.objects.exists() or Export.objects.exists())
    assert list(Participant.objects.values_list("status", "excluded", "completed_at")) == statuses
    assert not Participant.objects.exclude(internet_check_answer="").exists()
    assert PlatformIdentity.objects.exists()  # it says no days for them
    write_bundle(study, tmp_path / "after.zip", now=NOW)
    assert read_files(tmp_path / "after.zip")["participants.csv"].count(b"\n") == len(statuses) + 1
    assert kept.name


def test_what_only_passes_through_the_site_goes_too():
    study = make_launched()
    old, new = NOW - 31 * DAY, NOW - DAY / 2
    for number, at in enumerate((old, new)):
        SignedEntry.objects.create(study=study, token_sha256=str(number), browser="b", first_seen_at=at)
        WebhookEvent.objects.create(event_id=str(number), event_type="t", sent_at=at, received_at=at)
    assert len(purge(now=NOW)) == 2
    assert (SignedEntry.objects.get().first_seen_at, WebhookEvent.objects.get().received_at) == (new, new)


def test_the_command_deletes_only_when_told_and_names_what_stays():
    make_answered(n_people=2, slug="silent")
    make_answered(n_people=2, slug="open", close=False, data_protection={"keep_ids_days": 9})
    said = run("--ids-of", "silent")
    assert "to delete  silent: ids of the platform (asked for by hand)" in said and "add --yes" in said
    assert "kept  open: ids of the platform, until 9 days after it is closed" in said
    assert PlatformIdentity.objects.filter(participant__study__slug="silent").exists()
    with pytest.raises(CommandError, match="not closed"):
        run("--ids-of", "open", "--yes")
    said = run("--ids-of", "silent", "--yes")
    assert "deleted  silent" in said and "kept  silent" not in said
    assert "nothing whose time is over" in run("--yes")
