"""Signed links at the door: Prolific's tokens with keys from a real server, a panel's HMAC, and passes of our own."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from studyapp.models import Participant, PlatformIdentity, SignedEntry
from studyapp.participant_site import arrivals
from studyapp.passes import make_personal_link
from studyapp.recruitment.query_signature import sign_query
from tests.studyapp.prolific_links import PID, QUERY, SUBMISSION, KeyServer, sign
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db
CODE = "C1ABCDEF"


@pytest.fixture(autouse=True)
def prolific(settings):
    with KeyServer("first") as server:
        settings.PROLIFIC_JWKS_URL = server.url
        settings.SITE_URL = "https://study.example.org"
        yield server


@pytest.fixture
def study():
    return make_launched(
        recruitment={
            "platform": "prolific", "completion_code": CODE, "secure_link": True, "outcomes": {"no_consent": "C2NOPE"},
        }
    )  # fmt: skip


@pytest.fixture
def later(monkeypatch):
    """Moves the door's clock on."""

    def move(**delta):
        moment = timezone.now() + timedelta(**delta)
        monkeypatch.setattr(arrivals.timezone, "now", lambda: moment)

    return move


def make_query(**changed):
    query = {**QUERY, **changed}
    return {**query, "prolific_token": sign(query, now=timezone.now(), host="study.example.org")}


def land(client, study, query):
    return client.get(f"/s/{study.slug}/", query)


def agree(client, study, page, answer="yes"):
    token = page.content.decode().partition('name="arrival" value="')[2].partition('"')[0]
    return client.post(f"/s/{study.slug}/consent/", {"arrival": token, "agree": answer})


def enter(client, study, query):
    return agree(client, study, land(client, study, query))


def test_a_signed_link_lets_its_person_in_and_looking_at_it_stores_nothing(study):
    client, query = Client(), make_query()
    page = land(client, study, query)
    assert page.status_code == 200
    assert (Participant.objects.count(), SignedEntry.objects.count()) == (0, 0)
    assert agree(client, study, page).url == f"/s/{study.slug}/instructions/"
    identity = PlatformIdentity.objects.get()
    assert (identity.external_id, identity.session_id) == (PID, SUBMISSION)
    assert PID not in str(SignedEntry.objects.values()) and SUBMISSION not in str(SignedEntry.objects.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda query: {name: value for name, value in query.items() if name != "prolific_token"},
        lambda query: {**query, "prolific_token": "nonsense"},
        lambda query: {**query, "PROLIFIC_PID": "0" * 24},  # somebody else's id with one's own token
        lambda query: {**query, "SESSION_ID": "0" * 24},
        lambda query: {**query, "extra": "1"},
        lambda query: {**QUERY, "prolific_token": sign(now=timezone.now(), host="elsewhere.example.org")},
        lambda query: {**QUERY, "prolific_token": sign(now=timezone.now(), host="study.example.org", key="stranger")},
    ],
)
def test_without_its_token_a_link_opens_nothing_and_says_what_to_do(study, change):
    answer = land(Client(), study, change(make_query()))
    assert answer.status_code == 403
    assert "open the study from its page on Prolific again" in answer.content.decode()
    assert b'name="arrival"' not in answer.content


def test_a_reload_after_two_minutes_works_in_the_same_browser_and_in_no_other(study, later):
    client, query = Client(), make_query()
    land(client, study, query)
    later(minutes=10)
    page = land(client, study, query)
    assert page.status_code == 200
    late = land(Client(), study, query)
    assert (late.status_code, "good for two minutes" in late.content.decode()) == (403, True)
    assert agree(client, study, page).status_code == 302
    for _ in range(2):  # at work: the link leads to one's place
        assert land(client, study, query).url == f"/s/{study.slug}/instructions/"


def test_a_browser_that_showed_a_token_is_not_believed_with_another_query(study, later):
    client, query = Client(), make_query()
    land(client, study, query)
    later(minutes=10)
    assert land(client, study, {**query, "PROLIFIC_PID": "0" * 24}).status_code == 403


def test_the_same_token_from_another_browser_is_refused(study):
    mine, query = Client(), make_query()
    enter(mine, study, query)
    thief = Client()
    answer = land(thief, study, query)
    assert (answer.status_code, "was used before" in answer.content.decode()) == (403, True)
    assert f"byline-{study.slug}" not in thief.cookies
    assert land(mine, study, query).status_code == 302


def test_of_two_browsers_that_look_with_one_token_the_first_to_agree_is_in(study):
    first, second, query = Client(), Client(), make_query()
    pages = [land(client, study, query) for client in (first, second)]
    assert agree(first, study, pages[0]).status_code == 302
    refused = agree(second, study, pages[1])
    assert (refused.status_code, "was used before" in refused.content.decode()) == (403, True)
    assert f"byline-{study.slug}" not in second.cookies
    assert Participant.objects.count() == 1


def test_a_double_click_on_agree_is_no_replay(study):
    client = Client()
    page = land(client, study, make_query())
    assert [agree(client, study, page).status_code for _ in range(2)] == [302, 302]
    assert Participant.objects.count() == 1


def test_a_new_token_leads_to_ones_place_on_another_device_and_is_then_used_up(study):
    enter(Client(), study, make_query())
    telephone, query = Client(), make_query(SESSION_ID="b" * 24)
    assert land(telephone, study, query).url == f"/s/{study.slug}/instructions/"
    assert PlatformIdentity.objects.get().session_id == "b" * 24
    assert land(Client(), study, query).status_code == 403
    assert land(telephone, study, query).status_code == 302
    assert Participant.objects.count() == 1


def test_a_head_request_neither_uses_a_token_nor_lets_anybody_in(study):
    enter(Client(), study, make_query())
    scanner, query = Client(), make_query(SESSION_ID="b" * 24)
    for path in ("", "code/"):
        assert scanner.head(f"/s/{study.slug}/{path}", query).status_code == 200
    assert not scanner.cookies
    assert land(Client(), study, query).status_code == 302


def test_who_declines_is_told_prolifics_code_and_nothing_at_all_is_stored(study):
    client = Client()
    page = agree(client, study, land(client, study, make_query()), answer="no").content.decode()
    assert "https://app.prolific.com/submissions/complete?cc=C2NOPE" in page
    assert CODE not in page
    counts = [model.objects.count() for model in (Participant, PlatformIdentity, SignedEntry)]
    assert counts == [0, 0, 0]


def test_a_preview_needs_no_token(study):
    query = {name: "{{%" + name + "%}}" for name in QUERY}
    page = land(Client(), study, query)
    assert "This is a preview" in page.content.decode()


def test_an_arrival_that_another_study_signed_opens_nothing(study):
    open_study = make_launched(slug="other", recruitment={"platform": "prolific", "completion_code": CODE})
    client = Client()
    page = land(client, open_study, QUERY)
    assert agree(client, study, page).url == f"/s/{study.slug}/"
    assert Participant.objects.count() == 0


def test_while_the_keys_cannot_be_had_the_visitor_is_told_to_try_again_and_the_log_says_why(study, prolific, caplog):
    prolific.answer = (503, b"down")
    client = Client()
    answer = land(client, study, make_query())
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "it is not your fault. Please wait a minute" in " ".join(answer.content.decode().split())
    assert "503" in caplog.text and PID not in caplog.text
    assert Participant.objects.count() == 0


def test_old_rows_of_used_tokens_are_removed(study):
    enter(Client(), study, make_query())
    SignedEntry.objects.update(first_seen_at=timezone.now() - timedelta(days=2))
    enter(Client(), study, make_query(PROLIFIC_PID="a" * 24, SESSION_ID="a" * 24))
    assert SignedEntry.objects.count() == 1


def test_a_study_without_secure_link_asks_for_no_token(prolific):
    study = make_launched(recruitment={"platform": "prolific", "completion_code": CODE})
    assert land(Client(), study, QUERY).status_code == 200
    assert prolific.asked == 0


# --- a panel's signature -------------------------------------------------------------------------------------------
SECRET = "known to both"


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setenv("BYLINE_PANEL_SECRET", SECRET)
    return make_launched(
        recruitment={
            "platform": "panel", "completion_code": "DONE77",
            "settings": {"id_param": "RID", "capture": ["wave"], "signature_param": "h",
                         "secret": "BYLINE_PANEL_SECRET"},
        }
    )  # fmt: skip


def sign_panel(**query):
    return {**query, "h": sign_query(query.items(), secret=SECRET, signature_param="h")}


def test_a_panels_signed_link_is_believed_and_a_changed_one_is_not(panel):
    query = sign_panel(RID="r-1", wave="2")
    assert enter(Client(), panel, query).status_code == 302
    assert PlatformIdentity.objects.get().captured == {"wave": "2"}
    for changed in ({**query, "RID": "r-2"}, {**query, "wave": "3"}, {"RID": "r-1", "wave": "2"}):
        answer = land(Client(), panel, changed)
        assert (answer.status_code, "could not be verified" in answer.content.decode()) == (403, True)


def test_a_panel_whose_secret_is_gone_lets_nobody_in_and_says_so_in_the_log(panel, monkeypatch, caplog):
    monkeypatch.delenv("BYLINE_PANEL_SECRET")
    answer = land(Client(), panel, sign_panel(RID="r-1"))
    assert answer.status_code == 503
    assert "BYLINE_PANEL_SECRET is not set" in caplog.text


# --- personal links ------------------------------------------------------------------------------------------------
def read_query(link):
    return dict(parse_qsl(urlsplit(link).query))


def test_a_personal_link_takes_part_once_and_leads_back_to_its_place():
    study = make_launched(recruitment={"platform": "personal"})
    mine, other = (read_query(make_personal_link(study, name=name)) for name in ("aa", "bb"))
    enter(Client(), study, mine)
    assert land(Client(), study, mine).url == f"/s/{study.slug}/instructions/"
    enter(Client(), study, other)
    assert Participant.objects.count() == 2


@pytest.mark.parametrize("link", ["aa", "aa:1:x", ""])
def test_a_personal_link_that_we_did_not_make_opens_nothing(link):
    study = make_launched(recruitment={"platform": "personal"})
    assert land(Client(), study, {"link": link}).status_code == 400
    elsewhere = make_launched(slug="other", recruitment={"platform": "personal"})
    foreign = read_query(make_personal_link(elsewhere, name="aa"))
    assert land(Client(), study, foreign).status_code == 400
