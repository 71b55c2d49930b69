"""Simulated participants, on the pages of a live server."""

import random

import httpx
import pytest
from django.core.signing import TimestampSigner
from django.utils import timezone

from studyapp.domain.judgment import Judgment
from studyapp.domain.rehearsal_cast import Character, Kind
from studyapp.domain.simulated_reading import CLOCK_HEADER
from studyapp.models import Participant, Response, Study, Trial
from studyapp.simulated.simulation import SimulatedParticipant, SimulationError, TrialTruth, read_page
from tests.studyapp.study_rows import make_launched, make_staged

pytestmark = pytest.mark.django_db(transaction=True)


class KnownTruth:
    """A perfect reader's knowledge, and who was asked about."""

    solution = ""

    def find_trial(self, code):
        trial = Response.trial.field.related_model.objects.get(code=code)
        words = sum(text.words for text in trial.texts)
        return TrialTruth(source=trial.stimulus.source, accuracy=0.999999, first=trial.first, words=words)

    def find_attention_answer(self, number):
        return Study.objects.get().attention_questions[number - 1].right

    def find_right_choices(self):
        return [question.right for question in Study.objects.get().comprehension_questions]


@pytest.fixture
def study():
    return make_launched()


@pytest.fixture
def client(live_server):
    with httpx.Client(base_url=live_server.url, follow_redirects=True, timeout=60) as client:
        yield client


def send(client, study, *, number=1, seed=1, truth=None, **character):
    signed = TimestampSigner(salt=f"simulated:{study.slug}").sign(str(number))
    entry = f"{client.base_url}/s/{study.slug}/?simulated={signed}"
    participant = SimulatedParticipant(
        client, entry=entry, truth=truth or KnownTruth(), rng=random.Random(seed), character=Character(**character)
    )
    participant.take_part()
    return participant


class UnsteadySite(httpx.HTTPTransport):
    """The site, which is away at every third request: before the request has come there, or after."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def handle_request(self, request):
        self.asked += 1
        if self.asked % 6 == 3:
            return httpx.Response(503, headers={"Retry-After": "5"}, text="Try again", request=request)
        answer = super().handle_request(request)
        return httpx.Response(503, text="Try again", request=request) if self.asked % 6 == 0 else answer


def test_what_meets_a_site_that_is_away_is_sent_again_and_stored_once(live_server, study, monkeypatch):
    monkeypatch.setattr("studyapp.simulated.simulation.AWAY_PAUSE_SECONDS", 0.0)
    site = UnsteadySite()
    with httpx.Client(base_url=live_server.url, follow_redirects=True, timeout=60, transport=site) as client:
        assert send(client, study).answers == 4
    assert site.asked > 6
    assert Response.objects.count() == Trial.objects.count() == 4
    assert Participant.objects.get().status == "completed"


@pytest.mark.parametrize("kind", [Kind.STEADY, Kind.AWKWARD, Kind.DOUBLE_CLICKER])
def test_it_completes_and_is_marked_for_ever(client, study, kind):
    assert send(client, study, kind=kind).answers == 4
    person = Participant.objects.get()
    assert (person.simulated, person.status, person.looked_up) == (True, "completed", False)
    assert Response.objects.count() == 4


def test_a_perfect_reader_is_right(client, study):
    send(client, study)
    for response in Response.objects.select_related("trial__stimulus"):
        assert (response.judgment > 3) == (response.trial.stimulus.arm_id is not None)


def test_the_same_number_comes_once_and_is_not_asked_again(client, study):
    send(client, study)
    assert send(client, study, seed=2).answers == 0
    assert Participant.objects.count() == 1


def test_who_was_cut_off_goes_on(client, study):
    page = read_page(client.get(f"/s/{study.slug}/?simulated={TimestampSigner(salt='simulated:pilot').sign('1')}"))
    assert "arrival" in page.fields
    half_way = SimulatedParticipant(client, entry=page.url, truth=KnownTruth(), rng=random.Random(1))
    first = half_way._post(half_way._post(page, agree="yes"))
    half_way._answer(first)
    assert Response.objects.count() == 1
    assert send(client, study).answers == 3


@pytest.mark.parametrize("awkward", [False, True])
def test_it_waits_for_the_parts_of_a_text_as_long_as_the_server_wants(client, awkward):
    study = make_staged(seconds=30)
    participant = send(client, study, kind=Kind.AWKWARD if awkward else Kind.STEADY)
    assert participant.answers == 4
    for trial in Trial.objects.all():
        first, second, third = trial.shown_times
        assert (second - first).total_seconds() >= 30
        assert (third - second).total_seconds() >= 30
        assert trial.response.answered_at >= third
        assert trial.response.page_seconds >= 60


@pytest.mark.parametrize(("awkward", "tries"), [(False, 1), (True, 2)])
def test_it_answers_the_questions_about_the_instructions(client, awkward, tries):
    questions = [{"question": "One?", "choices": ["a", "b"], "answer": "b"},
                 {"question": "Two?", "choices": ["a", "b", "c"], "answer": "a"}]  # fmt: skip
    send(client, make_launched(comprehension=questions), kind=Kind.AWKWARD if awkward else Kind.STEADY)
    person = Participant.objects.get()
    assert (person.comprehension_passed, person.comprehension_tries) == (True, tries)


CHECKS = [{"standard": "choose-machine", "after": 1}, {"standard": "nonsense", "after": 4}]


@pytest.mark.parametrize(
    ("character", "failed"),
    [
        ({"kind": Kind.AWKWARD}, 0),
        ({"kind": Kind.STRAIGHT_LINER, "line": Judgment.VERY_LIKELY_HUMAN}, 2),
        ({"kind": Kind.STRAIGHT_LINER, "line": Judgment.VERY_LIKELY_MACHINE}, 0),  # its one answer happens to be right
    ],
)
def test_only_who_gives_one_answer_to_everything_fails_attention_checks(client, character, failed):
    seconds = 0 if "line" in character else 40  # which the server's clock is ahead, and nobody waits
    rules = {"exclusion_rules": ["attention", "same_answer"], "min_reading_seconds": seconds}
    study = make_launched(attention=CHECKS, checks=rules)
    assert send(client, study, **character).answers == 4
    person = Participant.objects.get()
    reasons = (["attention"] if failed else []) + (["same_answer"] if "line" in character else [])
    assert person.exclusion_reasons == reasons
    wrong = [
        given
        for given, asked in zip(person.attention_answers, study.attention_questions, strict=True)
        if given["answer"] != asked.right
    ]
    assert len(wrong) == failed
    for trial in Trial.objects.select_related("response"):
        assert (trial.response.answered_at - trial.shown_at).total_seconds() >= seconds


@pytest.mark.parametrize("awkward", [False, True])
def test_a_perfect_reader_of_pairs_finds_the_machines_text_wherever_it_stands(client, awkward):
    send(client, make_launched(checks={"presentation": "paired"}), kind=Kind.AWKWARD if awkward else Kind.STEADY)
    answered = list(Response.objects.values_list("trial__first", "judgment"))
    assert sorted(first for first, _ in answered) == ["human", "human", "model", "model"]
    assert all(judgment > 3 for _, judgment in answered)


def test_a_page_that_no_participant_should_see_stops_it_with_its_address(client, study):
    with pytest.raises(SimulationError, match=r"404 at .*/s/nothing/"):
        read_page(client.get("/s/nothing/"))


def test_an_answer_that_the_page_does_not_offer_stops_it(client, study):
    participant = SimulatedParticipant(client, entry=str(client.base_url), truth=KnownTruth(), rng=random.Random(1))
    page = read_page(client.get(f"/s/{study.slug}/?simulated={TimestampSigner(salt='simulated:pilot').sign('1')}"))
    page.choices["judgment"] = ["1", "2"]
    with pytest.raises(SimulationError, match="offers no such choice: judgment"):
        participant._post(page, judgment="9")


def test_it_takes_its_time_by_its_own_account_and_its_browser_says_what_it_did(client, study):
    send(client, study, habits=3)
    client.cookies.clear()
    send(client, study, number=2, kind=Kind.STRAIGHT_LINER)
    reader, hurried = Participant.objects.order_by("pk")
    answers = Response.objects.select_related("trial").filter(trial__participant=reader)
    for response in answers:
        assert 60 * 58 / 400 + 3 <= response.seconds <= 60 * 63 / 120 + 15 + 3
        assert response.page_seconds == pytest.approx(response.seconds, abs=3)
        assert 0 < response.active_seconds <= response.page_seconds
        assert response.viewport and response.input_kind
    assert reader.minutes > sum(response.seconds for response in answers) / 60
    assert all(response.seconds < 5 for response in Response.objects.filter(trial__participant=hurried))


def test_no_real_participant_can_move_the_clock(client, study):
    page = client.get(f"/s/{study.slug}/", headers={CLOCK_HEADER: "9000"})
    form = read_page(page).fields
    client.post(f"/s/{study.slug}/consent/", data={**form, "agree": "yes"}, headers={CLOCK_HEADER: "9000"})
    person = Participant.objects.get()
    assert not person.simulated and person.last_seen_at <= timezone.now()
    instructions = read_page(client.get(f"/s/{study.slug}/instructions/"))
    client.post(instructions.url, data=instructions.fields, headers={CLOCK_HEADER: "9000"})
    person.refresh_from_db()
    assert person.started_at <= timezone.now()


def test_a_straight_liner_gives_one_answer_and_a_double_click_stores_one(client, study):
    send(client, study, kind=Kind.STRAIGHT_LINER, line=Judgment.VERY_LIKELY_MACHINE)
    assert list(Response.objects.values_list("judgment", flat=True)) == [5, 5, 5, 5]
    client.cookies.clear()  # another browser
    send(client, study, number=2, kind=Kind.DOUBLE_CLICKER)
    assert Response.objects.count() == 8


def test_who_stops_in_the_middle_stays_there(client, study):
    assert send(client, study, kind=Kind.DROPOUT, stops_after=2).answers == 2
    assert Participant.objects.get().status == "enrolled"
    assert Response.objects.count() == 2


def test_who_looks_things_up_says_so_and_is_excluded(client):
    checks = {
        "internet_check_question": "Who?", "internet_check_solutions": ["Ada"],
        "exclusion_rules": ["internet_check", "looked_up"],
    }  # fmt: skip
    study = make_launched(slug="checked", checks=checks)
    truth = KnownTruth()
    truth.solution = "Ada"
    send(client, study, kind=Kind.LOOKER, truth=truth)
    client.cookies.clear()
    send(client, study, number=2, truth=truth)
    assert [p.exclusion_reasons for p in Participant.objects.all()] == [["internet_check", "looked_up"], []]
