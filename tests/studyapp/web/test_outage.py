"""The database goes away: everybody is told to try again, and a rater's answer is still on the page."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.test import Client

from studyapp.domain.api_tokens import make_token_text
from studyapp.models import Response
from tests.studyapp.participant_site.visitors import Visitor
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
GONE = "server closed the connection unexpectedly"


def be_away(message=GONE):
    def refuse(*_):
        raise OperationalError(message)

    return connection.execute_wrapper(refuse)


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def test_an_answer_that_met_no_database_is_sent_again_from_the_page_and_counts_once(client):
    visitor = Visitor(make_launched(), client=client)
    visitor.start()
    place = visitor.page.url
    with be_away():
        answer = client.post(place, {**visitor.page.fields, "judgment": "4", "comment": 'He said "no" & left'})
        again = client.post(place, {"judgment": "4"}, HTTP_ACCEPT="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert again.status_code == 503  # sending.js keeps the answer, and sends it again
    content = answer.content.decode()
    assert f'<form method="post" action="{place}">' in content
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', content))
    assert fields["judgment"] == "4"
    assert fields["comment"] == "He said &quot;no&quot; &amp; left"
    assert not Response.objects.exists()
    for _ in range(2):
        client.post(place, {"judgment": fields["judgment"]})
    assert Response.objects.get().judgment == 4


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/s/pilot/", "Unsere Datenbank ist nicht erreichbar"),
        ("/staff/studies/", "Our database cannot be reached"),
        ("/api/studies/", "Try again"),
    ],
)
def test_every_part_of_the_site_says_to_try_again_and_each_in_its_language(client, path, words):
    client.force_login(get_user_model().objects.create_user("staff", is_staff=True))
    token = make_token_text(bytes(36)).text
    with be_away():
        answer = client.get(path, headers={"Accept-Language": "de", "Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert words in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_a_password_is_never_shown_again(client):
    with be_away():
        answer = client.post("/staff/login/", {"username": "admin", "password": "secret-word"})
    assert answer.status_code == 503
    assert "secret-word" not in answer.content.decode()


def test_what_no_waiting_mends_stays_a_fault_of_ours(client):
    with be_away("no such table: studyapp_study"):
        assert client.get("/s/pilot/").status_code == 500
