"""The API as a program sees it: by token alone, in JSON, blind in its counts, and never more than was asked for."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from studyapp.actions.api_tokens import TokenWish, make_token
from studyapp.actions.launch import close_study
from studyapp.actions.roles import give_role
from studyapp.api import access
from studyapp.domain.roles import Role
from studyapp.models import AuditEntry, Export, Response, Study
from studyapp.web.rate_limits import rate_limits
from tests.studyapp.bundle_rows import make_answered
from tests.studyapp.study_rows import enrol, make_draft, make_launched

pytestmark = pytest.mark.django_db
STUDIES = "/api/studies/"
PROGRESS = "/api/studies/pilot/progress.json"
BUNDLE = "/api/studies/pilot/bundle.zip"


@pytest.fixture(autouse=True)
def fresh(settings, tmp_path):
    settings.EXPORTS_DIR = tmp_path / "exports"
    rate_limits.reset()


@pytest.fixture
def anna():
    return User.objects.create_superuser("anna")  # whose rights reach every study; others' are tested below


@pytest.fixture
def token(anna):
    return make_token(anna, TokenWish("all", may_export=True), now=timezone.now())[1]


@pytest.fixture
def ask(token):
    """What a program with the token is answered; it has no cookie, and the site's forgery checks are on."""
    client = Client(enforce_csrf_checks=True)

    def get(address, *, method="get", bearer=token, **parameters):
        header = {"authorization": f"Bearer {bearer}"} if bearer is not None else {}
        return getattr(client, method)(address, parameters, headers=header)

    return get


def open_bundle(answer):
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_studies_are_listed_with_where_the_rest_is(ask):
    make_draft(slug="early")
    make_launched(slug="pilot")
    answer = ask(STUDIES)
    assert answer["Content-Type"] == "application/json"
    studies = {study["study"]: study for study in answer.json()["studies"]}
    assert {slug: study["state"] for slug, study in studies.items()} == {"early": "draft", "pilot": "launched"}
    assert ask(studies["pilot"]["progress"]).json()["title"] == "Who wrote this?"


def test_progress_counts_and_tells_nothing_of_what_was_answered(ask):
    study = make_answered(close=False)
    told = ask(PROGRESS).json()
    assert told["participants"] == {
        "enrolled": 1, "completed": 10, "screened_out": 0, "dropped_out": 0, "withdrawn": 1,
    }  # fmt: skip
    assert told["answers"] == Response.objects.count()
    assert sum(cell["occupied"] for cell in told["cells"]) == 11
    assert {cell["target"] for cell in told["cells"]} == {3}
    Response.objects.update(judgment=1)  # had everybody answered otherwise, the answer would be the same
    study.participants.update(looked_up=True, excluded=True, exclusion_reasons=["looked_up"])
    again = ask(PROGRESS).json()
    assert {**again, "as_of": None} == {**told, "as_of": None}


def test_the_bundle_comes_as_a_file_and_is_made_once(ask, anna):
    make_answered()
    answer = ask(BUNDLE)
    assert answer["Content-Type"] == "application/zip"
    assert int(answer["Content-Length"]) == Export.objects.get().size_bytes
    assert "trials.csv" in open_bundle(answer).namelist()
    assert ask(BUNDLE)["X-Content-SHA256"] == Export.objects.get().sha256
    acts = list(AuditEntry.objects.filter(by=anna).order_by("id").values_list("act", flat=True))
    assert acts == ["exported", "fetched_bundle", "fetched_bundle"]


def test_the_public_bundle_is_the_public_one(ask):
    make_answered()
    with open_bundle(ask(BUNDLE, public=1, k=3)) as archive:
        manifest, privacy = (json.loads(archive.read(name)) for name in ("manifest.json", "privacy.json"))
        assert "enrolments.csv" not in archive.namelist()
    assert manifest["public"] is True
    assert privacy["rules"] == {"k": 3, "with_comments": False}
    refused = ask(BUNDLE, public=1, k=999)
    assert refused.status_code == 409
    assert "k = 999 cannot be reached" in refused.json()["error"]
    assert "smaller k" in refused.json()["do"]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"publc": 1}, "There is no parameter 'publc'."),
        ({"public": "yes"}, "public is 'yes'."),
        ({"public": ["1", "0"]}, "public stands there 2 times."),
        ({"k": 5}, "k means something in a public bundle only."),
        ({"public": 1, "k": "many"}, "k is 'many'."),
        ({"public": 1, "k": "1"}, "k is '1'."),
        ({"public": 1, "k": "²"}, "k is '²'."),
    ],
)
def test_what_is_asked_wrongly_gets_no_bundle(ask, parameters, said):
    make_launched()
    answer = ask(BUNDLE, **parameters)
    assert (answer.status_code, answer.json()["error"]) == (400, said)
    assert answer.json()["do"]
    assert not Export.objects.exists()


def test_a_token_for_counts_fetches_no_bundle(ask, anna):
    make_launched()
    counting = make_token(anna, TokenWish("counts"), now=timezone.now())[1]
    assert ask(PROGRESS, bearer=counting).status_code == 200
    refused = ask(BUNDLE, bearer=counting)
    assert refused.status_code == 403
    assert "fetch no bundle" in refused.json()["error"]
    assert not Export.objects.exists()


@pytest.mark.parametrize("bearer", [None, "", "byline_00000000_" + "a" * 43, "Bearer", "🔑"])
@pytest.mark.parametrize("address", [STUDIES, PROGRESS, BUNDLE])
def test_without_a_right_token_nothing_is_told(ask, address, bearer):
    make_launched()
    answer = ask(address, bearer=bearer)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Byline"'
    assert "/staff/tokens/" in answer.json()["do"]
    assert "pilot" not in answer.content.decode()


def test_a_signed_in_browser_is_nobody_here_and_a_token_opens_no_page(admin_client, token, client):
    make_launched()
    assert admin_client.get(PROGRESS).status_code == 401
    page = client.get("/staff/studies/", headers={"authorization": f"Bearer {token}"})
    assert page.status_code == 302


def test_no_answer_is_cached_or_sets_a_cookie(ask):
    make_launched()
    for answer in (ask(STUDIES), ask(PROGRESS), ask(BUNDLE), ask(STUDIES, bearer="x"), ask("/api/nothing")):
        assert "no-store" in answer["Cache-Control"]
        assert not answer.cookies
    assert "Authorization" in ask(STUDIES)["Vary"]
    assert "Cookie" not in ask(STUDIES)["Vary"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_changes_nothing(ask, method):
    make_launched()
    answer = ask(PROGRESS, method=method)
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"
    assert answer.json() == {"error": "The API only answers questions.", "do": "use GET"}


@pytest.mark.parametrize("address", ["/api/", "/api/nothing", "/api/studies", "/api/studies/pilot/", "/api/../staff"])
def test_an_address_that_there_is_not_is_answered_in_json(ask, address):
    answer = ask(address)
    assert answer.status_code == 404
    assert "GET /api/studies/" in answer.json()["do"]


def test_a_study_that_there_is_not_is_answered_in_json(ask):
    answer = ask("/api/studies/plot/progress.json")
    assert (answer.status_code, answer.json()["error"]) == (404, "There is no study 'plot'.")


def test_too_many_wrong_tokens_are_slowed_down_and_a_right_one_is_served(ask, client):
    wrong = "byline_00000000_" + "a" * 43
    statuses = [ask(STUDIES, bearer=wrong).status_code for _ in range(25)]
    assert statuses == [401] * 20 + [429] * 5
    limited = ask(STUDIES, bearer=wrong)
    assert int(limited["Retry-After"]) == 60
    assert "wait a minute" in limited.json()["do"]
    assert ask(STUDIES).status_code == 200
    elsewhere = client.get(STUDIES, headers={"authorization": f"Bearer {wrong}"}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 401


def test_a_fault_of_ours_is_answered_in_json_and_logged(ask, monkeypatch, caplog):
    make_launched()
    monkeypatch.setattr("studyapp.api.studies.count_cells", lambda study: 1 / 0)
    answer = ask(PROGRESS)
    assert answer.status_code == 500
    assert "log" in answer.json()["do"]
    assert "ZeroDivisionError" in caplog.text


def test_the_documentation_shows_every_address():
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
    for address in access.ADDRESSES:
        assert address.split()[1] in text, address


def test_a_token_reaches_no_further_than_its_owner(ask, anna):
    make_answered()
    anna.is_superuser = False
    anna.save()
    assert ask(STUDIES).json() == {"studies": []}
    assert (ask(PROGRESS).status_code, ask(BUNDLE).status_code) == (404, 404)
    give_role(Study.objects.get(), username="anna", role=Role.VIEWER)
    assert ask(PROGRESS).status_code == 200
    refused = ask(BUNDLE)
    assert (refused.status_code, "researcher" in refused.json()["do"]) == (403, True)
    give_role(Study.objects.get(), username="anna", role=Role.RESEARCHER)
    assert ask(BUNDLE).status_code == 200


def test_a_study_that_runs_gives_no_bundle_until_it_is_closed(ask):
    study = make_launched()
    enrol(study, "person-1")
    refused = ask(BUNDLE)
    assert (refused.status_code, refused.json()["do"]) == (409, "wait until the study is closed")
    close_study(study, now=timezone.now())
    assert ask(BUNDLE).status_code == 200
