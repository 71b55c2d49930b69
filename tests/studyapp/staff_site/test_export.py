"""The export page, the reading of free text, and the page of API tokens."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from studyapp.actions.api_tokens import TokenWish, find_token, make_token
from studyapp.actions.export import export_study
from studyapp.models import ApiToken, Export, Response, Trial
from tests.studyapp.bundle_rows import make_answered
from tests.studyapp.study_rows import NOW

pytestmark = pytest.mark.django_db
EXPORT = "/staff/studies/pilot/export/"


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.EXPORTS_DIR, settings.REPORTS_DIR = tmp_path / "exports", tmp_path / "reports"


def test_each_kind_of_bundle_is_made_and_listed_with_what_was_done(admin_client):
    make_answered()
    admin_client.post(EXPORT, {"do": "export", "kind": "full"})
    admin_client.post(EXPORT, {"do": "export", "kind": "public", "k": "3"})
    admin_client.post(EXPORT, {"do": "export", "kind": "public", "with_comments": "on", "for_spreadsheets": "on"})
    kinds = list(Export.objects.order_by("id").values_list("is_public", "for_spreadsheets"))
    assert kinds == [(False, False), (True, False), (True, True)]
    rules = [export.privacy.get("rules") for export in Export.objects.order_by("id")]
    assert rules == [None, {"k": 3, "with_comments": False}, {"k": 5, "with_comments": True}]
    shown = admin_client.get(EXPORT).content.decode()
    assert "k = " in shown and "with emptied cells" in shown and "for spreadsheets" in shown and "KB" in shown
    assert reverse("staff:api_tokens") in shown


@pytest.mark.parametrize(
    ("k", "said"), [("999", "k = 999 cannot be reached"), ("1", "from 2 to 1000"), ("five", "a whole number")]
)
def test_a_public_version_that_cannot_be_is_refused_in_words(admin_client, k, said):
    make_answered()
    shown = admin_client.post(EXPORT, {"do": "export", "kind": "public", "k": k}, follow=True).content.decode()
    assert said in shown
    assert not Export.objects.exists()


def test_answers_that_came_since_are_counted(admin_client, settings):
    study = make_answered(close=False)
    made = export_study(study, folder=settings.EXPORTS_DIR, now=NOW + timedelta(hours=3))
    assert made.count_answered_since() == 0
    trial = Trial.objects.filter(response=None).first()
    Response.objects.create(trial=trial, judgment=2, answered_at=NOW + timedelta(hours=4))
    assert "1 answer since" in admin_client.get(EXPORT).content.decode()


def test_a_report_is_there_as_a_page_and_as_a_pdf(admin_client, settings):
    made = export_study(make_answered(), folder=settings.EXPORTS_DIR, now=NOW + timedelta(hours=3))
    Export.objects.update(report_state=Export.ReportState.DONE)
    made.report_dir.mkdir(parents=True)
    pdf = reverse("staff:export_report", args=["pilot", made.pk, "report.pdf"])
    assert pdf not in admin_client.get(EXPORT).content.decode()  # written before there were any
    (made.report_dir / "report.pdf").write_bytes(b"%PDF-1.7")
    assert pdf in admin_client.get(EXPORT).content.decode()
    answer = admin_client.get(pdf)
    assert answer["Content-Type"] == "application/pdf" and b"".join(answer.streaming_content) == b"%PDF-1.7"


def test_free_text_is_shown_to_be_read_what_looks_personal_first(admin_client):
    make_answered()
    first, second = Response.objects.order_by("id")[:2]
    Response.objects.filter(pk=first.pk).update(comment="zz I work at the Gazette, call 0170 1234567 <b>")
    Response.objects.filter(pk=second.pk).update(comment="aa plain")
    shown = admin_client.get(EXPORT + "free-text/").content.decode()
    assert shown.index("zz I work at") < shown.index("aa plain")
    assert "a long number" in shown and "somebody of oneself" in shown
    assert "&lt;b&gt;" in shown and "<b>" not in shown.partition('<div class="staff">')[2]


def test_a_token_is_shown_once(admin_client):
    address = reverse("staff:api_tokens")
    answer = admin_client.post(address, {"do": "make", "label": "nightly", "days": "30", "may_export": "on"})
    token = ApiToken.objects.get()
    text = next(part for part in answer.content.decode().split() if part.startswith('class="staff-link">byline_'))
    text = text.partition(">")[2].partition("<")[0]
    assert find_token(text, now=timezone.now()) == token
    assert "no-store" in answer["Cache-Control"]
    assert (token.may_export, token.owner.username) == (True, "admin")
    again = admin_client.get(address).content.decode()
    assert text not in again
    assert token.prefix in again and "nightly" in again
    assert "Ensure this value" in admin_client.post(address, {"do": "make", "label": "x", "days": 999}).content.decode()


def test_everybody_sees_their_own_tokens_and_an_administrator_all(admin_client, client):
    anna, berta = (User.objects.create_user(name, is_staff=True) for name in ("anna", "berta"))
    own, _ = make_token(anna, TokenWish("of anna"), now=timezone.now())
    other, text = make_token(berta, TokenWish("of berta"), now=timezone.now())
    address = reverse("staff:api_tokens")
    client.force_login(anna)
    shown = client.get(address).content.decode()
    assert "of anna" in shown and "of berta" not in shown
    assert client.post(address, {"do": "revoke", "token": other.pk}).status_code == 404
    assert find_token(text, now=timezone.now()) == other
    assert "of berta" in admin_client.get(address).content.decode()
    admin_client.post(address, {"do": "revoke", "token": other.pk})
    assert find_token(text, now=timezone.now()) is None
    client.post(address, {"do": "revoke", "token": own.pk})
    assert "revoked" in client.get(address).content.decode()
