"""The door: who gets in, what is stored of them, and that each gets in once."""

import pytest
from django.test import Client

from studyapp.actions.launch import close_study
from studyapp.models import EntryTally, Participant, PlatformIdentity, Trial
from studyapp.passes import sign_pass
from studyapp.web.rate_limits import rate_limits
from tests.studyapp.participant_site.visitors import PROLIFIC_ID, Visitor
from tests.studyapp.study_rows import NOW, make_draft, make_launched

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    return make_launched()


@pytest.fixture
def prolific():
    return make_launched(recruitment={"platform": "prolific", "completion_code": "C1A2B3"})


def test_looking_at_the_link_stores_nothing(study):
    client = Client()
    for _ in range(2):
        assert client.head(f"/s/{study.slug}/").status_code == 200
        assert b"Consent." in client.get(f"/s/{study.slug}/").content
    assert Participant.objects.count() == 0
    assert not client.cookies.get(f"byline-{study.slug}")


def test_agreeing_makes_a_participant_with_every_trial(study):
    visitor = Visitor(study)
    page = visitor.agree()
    assert page.step == "instructions"
    assert visitor.participant.trials.count() == 4
    assert visitor.participant.started_at is None


def test_two_clicks_on_agree_are_one_participant(study):
    visitor = Visitor(study)
    consent = visitor.page
    visitor.agree()
    other_tab = Client()  # the second click left before the cookie came
    other_tab.post(consent.action, {**consent.fields, "agree": "yes"})
    assert Participant.objects.count() == 1


def test_declining_stores_nothing_and_gives_no_code(prolific):
    visitor = Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID)
    page = visitor.send(agree="no")
    assert "nothing was stored" in page.text
    assert "C1A2B3" not in page.text
    assert (Participant.objects.count(), PlatformIdentity.objects.count()) == (0, 0)


def test_an_open_link_tells_browsers_apart_and_knows_one_again(study):
    first, second = Visitor(study), Visitor(study)
    first.start()
    second.agree()
    assert Participant.objects.count() == 2
    assert first.open(first.entry).step == "item"
    assert Participant.objects.count() == 2


def test_a_panels_id_takes_part_once_on_any_device(prolific):
    laptop = Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID, SESSION_ID="a" * 24)
    item = laptop.start()
    telephone = Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID, SESSION_ID="b" * 24)
    assert telephone.page.url == item.url
    assert Participant.objects.count() == 1
    assert PlatformIdentity.objects.get().session_id == "b" * 24  # the newest, which payment asks for


def test_the_id_is_kept_apart_from_the_participant(prolific):
    Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID).agree()
    row = Participant.objects.values().get()
    assert PROLIFIC_ID not in str(row)
    assert PlatformIdentity.objects.get().external_id == PROLIFIC_ID


@pytest.mark.parametrize("parameters", [{}, {"PROLIFIC_PID": ""}, {"PROLIFIC_PID": "nonsense"}])
def test_a_link_without_an_id_says_what_to_do(prolific, parameters):
    answer = Client().get(f"/s/{prolific.slug}/", parameters)
    assert answer.status_code == 400
    assert "open the study from its page on Prolific again" in answer.content.decode()


def test_a_researchers_preview_stores_nothing(prolific):
    visitor = Visitor(prolific, PROLIFIC_PID="{{%PROLIFIC_PID%}}")
    assert "This is a preview" in visitor.agree().text
    assert Participant.objects.count() == 0


def test_a_changed_or_missing_token_leads_back_to_the_entry(study):
    for arrival in ("", "nonsense"):
        page = Visitor(study).send(agree="yes", arrival=arrival)
        assert "arrival" in page.fields
    assert Participant.objects.count() == 0


def test_a_forged_pass_makes_nobody_a_simulated_participant(study):
    answer = Client().get(f"/s/{study.slug}/", {"simulated": "bot-1"})
    assert answer.status_code == 400
    assert Participant.objects.count() == 0


def test_a_full_study_says_so_and_stores_nothing():
    study = make_launched(targets={"participants_per_cell": 1})
    for _ in range(6):
        Visitor(study).agree()
    assert "all the participants it needs" in Visitor(study).agree().text
    assert Participant.objects.count() == 6


def test_who_took_part_in_an_excluded_study_is_told_before_and_after_the_consent_page(prolific):
    recruitment = {"platform": "prolific", "completion_code": "C1A2B3", "excludes": [prolific.slug]}
    other = make_launched(slug="other", recruitment=recruitment)
    waiting = Visitor(other, PROLIFIC_PID=PROLIFIC_ID)  # has the consent page open
    Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID).agree()
    for page in (waiting.agree(), Visitor(other, PROLIFIC_PID=PROLIFIC_ID).page):
        assert "You took part before" in page.text
        assert "Nothing was stored" in page.text
        assert "arrival" not in page.fields
    assert Participant.objects.count() == PlatformIdentity.objects.count() == 1


def test_a_closed_study_takes_nobody_new_and_lets_the_others_finish(study):
    inside = Visitor(study)
    inside.start()
    close_study(study, now=NOW)
    assert "This study is over" in Visitor(study).page.text
    assert inside.finish().step == "debriefing"
    assert inside.participant.status == "completed"


def test_a_draft_is_nobodys_business():
    study = make_draft()
    for path in ("", "continue/", "instructions/", "questions/", "debriefing/", "withdraw/", "item/abc/"):
        assert Client().get(f"/s/{study.slug}/{path}").status_code == 404
    assert Trial.objects.count() == 0


def test_without_cookies_the_page_says_so(study):
    client = Client(enforce_csrf_checks=True)
    answer = client.post(f"/s/{study.slug}/consent/", {"agree": "yes"})
    assert answer.status_code == 403
    assert "cookie" in answer.content.decode().lower()


def tallies():
    return dict(EntryTally.objects.filter(simulated=False).values_list("outcome", "n"))


def test_arrivals_are_counted_as_numbers_by_what_became_of_them(prolific):
    client = Client()
    client.head(f"/s/{prolific.slug}/?PROLIFIC_PID={PROLIFIC_ID}")
    client.get(f"/s/{prolific.slug}/?PROLIFIC_PID={PROLIFIC_ID}", headers={"sec-purpose": "prefetch;prerender"})
    assert tallies() == {}
    client.get(f"/s/{prolific.slug}/")
    client.get(f"/s/{prolific.slug}/?PROLIFIC_PID={{{{%PROLIFIC_PID%}}}}")
    Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID).send(agree="no")
    assert tallies() == {"bad_link": 1, "preview": 1, "opened": 1, "declined": 1}
    visitor = Visitor(prolific, PROLIFIC_PID=PROLIFIC_ID)
    consent = visitor.page
    visitor.agree()
    Client().post(consent.action, {**consent.fields, "agree": "yes"})  # the second click
    visitor.open(visitor.entry, PROLIFIC_PID=PROLIFIC_ID)  # they come back to their own place
    assert tallies() == {"bad_link": 1, "preview": 1, "opened": 2, "declined": 1, "enrolled": 1}
    assert PROLIFIC_ID not in str(list(EntryTally.objects.values()))


def test_who_finds_no_place_is_counted():
    study = make_launched(n_items=2, targets={"participants_per_cell": 1})
    for _ in range(7):
        Visitor(study).agree()
    assert tallies() == {"opened": 7, "enrolled": 6, "full": 1}


@pytest.fixture
def three_may_enter(settings):
    settings.ENTRY_LIMIT = "3 per minute"
    rate_limits.reset()
    yield
    rate_limits.reset()


def test_a_network_that_sends_very_many_waits_and_whoever_has_begun_goes_on(study, three_may_enter):
    begun = Visitor(study)
    begun.start()
    consent = Visitor(study)
    Visitor(study)
    answer = Client().get(f"/s/{study.slug}/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "600")
    assert "Please wait a little" in answer.text
    again = Client().post(consent.page.action, {**consent.page.fields, "read_in": "en"})
    assert again.status_code == 429  # each consent page carries an arrival, so no more of them are signed
    assert consent.agree().step == "instructions"
    assert begun.send(judgment=2).step == "item"
    assert Client().get(f"/s/{study.slug}/", REMOTE_ADDR="198.51.100.9").status_code == 200


def test_a_link_with_a_proof_is_never_counted_and_a_wrong_one_is(study, three_may_enter):
    for number in range(5):
        signed = sign_pass(study, platform="simulated", name=str(number))
        assert Client().get(f"/s/{study.slug}/", {"simulated": signed}).status_code == 200
    answers = [Client().get(f"/s/{study.slug}/", {"simulated": "guessed"}).status_code for _ in range(4)]
    assert answers == [400, 400, 400, 429]


def test_behind_a_proxy_that_nobody_told_of_nobody_is_counted(study, three_may_enter, settings):
    for _ in range(5):
        assert Client().get(f"/s/{study.slug}/", headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 200
