"""Changes after launch and the log, as staff see them."""

import random

import pytest
from django.urls import reverse

from studyapp.actions import participation
from studyapp.actions.audit import record
from studyapp.actions.blindness import are_results_open
from studyapp.models import AuditEntry, Study
from studyapp.recruitment import Arrival
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db
CHANGES, LOG = "/staff/studies/pilot/changes/", "/staff/studies/pilot/log/"


def read_form(client):
    """What a browser would send back without touching anything, line ends as browsers write them."""
    context = client.get(CHANGES).context
    form = context["form"]
    return {
        "seen": context["seen"],
        **{
            name: value.replace("\n", "\r\n")
            if isinstance(value := form.get_initial_for_field(field, name), str)
            else ("" if value is None else value)
            for name, field in form.fields.items()
            if name != "reason"
        },
    }


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"


def test_a_change_needs_a_reason_and_is_listed_with_it(admin_client):
    make_launched(slug="pilot", texts={"consent": "\nFirst line.\n\nSecond line.\n"})
    fields = read_form(admin_client)
    fields["recruitment.reward"] = "USD 9"
    assert "This field is required" in admin_client.post(CHANGES, fields).content.decode()
    assert admin_client.post(CHANGES, {**fields, "reason": "it takes longer"}).status_code == 302
    study = Study.objects.get()
    assert (study.reward, study.consent_text) == ("USD 9", "\nFirst line.\n\nSecond line.\n")
    (change,) = AuditEntry.objects.get(act="deviation").detail["changes"]
    assert change == {"key": "recruitment.reward", "before": "", "after": "USD 9"}
    shown = admin_client.get(CHANGES).content.decode()
    assert "it takes longer" in shown and "USD 9" in shown
    log = admin_client.get(LOG).content.decode()
    assert "recruitment.reward: &#x27;&#x27; → &#x27;USD 9&#x27;" in log and "“it takes longer”" in log


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"targets.participants_per_cell": 1}, "can only go up from 3"),
        ({"texts.consent": ""}, "This field is required"),
        ({"debriefing.withdrawal_days": 7}, "can only go up from 30: participants were promised"),
        ({}, "Nothing would change"),
        ({"seen": "older"}, "Somebody has changed the study since"),
    ],
)
def test_what_cannot_change_is_told_beside_its_field_and_changes_nothing(admin_client, change, fault):
    make_launched(slug="pilot", debriefing={"withdrawal_days": 30})
    before = Study.objects.values().get()
    answer = admin_client.post(CHANGES, {**read_form(admin_client), **change, "reason": "to see"})
    assert fault in answer.content.decode()
    assert Study.objects.values().get() == before


def test_a_draft_has_nothing_to_deviate_from(admin_client):
    make_draft(slug="pilot")
    admin_client.post(CHANGES, {"recruitment.reward": "USD 9", "reason": "to see"})
    assert Study.objects.get().reward == ""
    assert "Nothing is frozen yet" in admin_client.get(CHANGES).content.decode()


def test_the_log_is_paged_newest_first_with_reasons(admin_client):
    study = make_launched(slug="pilot")
    other = make_draft(slug="other")
    record(other, "closed", reason="of another study")
    for number in range(60):
        record(study, "rejected_candidate", reason=f"reason {number:02}", item=f"story-{number}")
    first = admin_client.get(LOG).content.decode()
    assert first.index("reason 59") < first.index("reason 20") and "reason 09" not in first
    second = admin_client.get(LOG, {"page": 2}).content.decode()
    assert "reason 09" in second and "launched" in second and "warn: Items: 4 items" in second
    assert "of another study" not in first + second


def test_results_are_unblinded_on_the_export_page_with_a_reason(admin_client):
    study = make_launched(slug="pilot")
    arrival = Arrival(external_id="person-1")
    participation.enrol(study, platform="prolific", arrival=arrival, rng=random.Random(1), now=NOW)
    address = reverse("staff:study_export", args=["pilot"])
    assert "The results are blind" in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "export"})
    admin_client.post(address, {"do": "unblind", "reason": " "})
    assert not study.exports.exists() and not are_results_open(study)
    admin_client.post(address, {"do": "unblind", "reason": "a harm was reported"})
    admin_client.post(address, {"do": "export"})
    assert study.exports.count() == 1
    assert "a harm was reported" in admin_client.get(CHANGES).content.decode()
    AuditEntry.objects.filter(act="unblinded").delete()  # as if the bundle had been made by some other way
    bundle = reverse("staff:export_bundle", args=["pilot", study.exports.get().pk])
    report = reverse("staff:export_report", args=["pilot", study.exports.get().pk, "report.html"])
    study.exports.update(report_state="done")
    assert [admin_client.get(page).url for page in (bundle, report)] == [address, address]
    answer = admin_client.post(address, {"do": "report", "export": study.exports.get().pk}, follow=True)
    assert "unblind it with a reason" in answer.content.decode()
