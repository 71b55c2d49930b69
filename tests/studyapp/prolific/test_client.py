"""The client against the stand-in over real HTTP: what it sends, and what it makes of every fault."""

import pytest

from studyapp.prolific.client import ProlificClient
from studyapp.prolific.transport import (
    Account,
    BadTokenError,
    NotFoundError,
    NothingDoneError,
    OutcomeUnknownError,
    RefusedError,
)
from tests.prolific_fake.server import TOKEN

STUDY = {
    "name": "n", "internal_name": "byline-pilot", "description": "d", "external_study_url": "https://x.example/",
    "prolific_id_option": "url_parameters", "completion_codes": [{"code": "C1", "code_type": "COMPLETED"}],
    "total_available_places": 5, "estimated_completion_time": 30, "maximum_allowed_time": 73, "reward": 450,
}  # fmt: skip


@pytest.fixture
def waits():
    return []


@pytest.fixture
def client(fake, waits):
    with ProlificClient(Account(url=fake.url, token=TOKEN, timeout=30.0), pause=waits.append) as client:
        yield client


@pytest.fixture
def study_id(fake):
    return fake.prolific.create_study(dict(STUDY))["id"]


def people(fake, study_id, n):
    return [fake.prolific.arrive(study_id, f"{number:024x}") for number in range(n)]


def test_every_page_of_the_submissions_is_read_with_the_token_on_each(fake, client, study_id):
    ids = people(fake, study_id, 45)
    fake.most_a_page = 20
    assert [row.submission_id for row in client.list_submissions(study_id)] == ids
    assert fake.count("GET", "submissions/") == 3
    assert set(fake.tokens) == {f"Token {TOKEN}"}


def test_a_list_whose_end_is_a_404_ends(fake, client, study_id):
    ids = people(fake, study_id, 20)
    fake.most_a_page, fake.names_no_end = 20, True
    assert [row.submission_id for row in client.list_submissions(study_id)] == ids


def test_submissions_of_an_unknown_study_are_not_an_empty_list(client):
    with pytest.raises(NotFoundError):
        list(client.list_submissions("f" * 24))


def test_a_bad_token_says_what_to_set(fake):
    with ProlificClient(Account(url=fake.url, token="wrong")) as client, pytest.raises(BadTokenError) as caught:
        client.get_study("f" * 24)
    assert "BYLINE_PROLIFIC_TOKEN" in str(caught.value) and "wrong" not in str(caught.value)


def test_the_token_is_in_no_repr_and_goes_out_on_no_plain_http(fake, client):
    assert TOKEN not in repr(Account(url=fake.url, token=TOKEN))
    assert TOKEN not in repr(vars(client)) and TOKEN not in repr(vars(vars(client)["_transport"]))
    with pytest.raises(ValueError, match="https://"):
        Account(url="http://api.example.org/", token=TOKEN)
    with pytest.raises(BadTokenError, match="There is no token"):
        Account(url=fake.url, token="")


def test_a_redirect_is_not_followed(fake, client, study_id):
    fake.fail("GET", "studies/", status=302, headers={"Location": "https://elsewhere.example/"})
    with pytest.raises(RefusedError, match="The token was not sent on"):
        client.get_study(study_id)
    assert len(fake.asked) == 1


def test_busy_is_waited_for_as_long_as_prolific_asks(fake, client, study_id, waits):
    fake.fail("GET", "studies/", status=429, headers={"Retry-After": "7"})
    assert client.get_study(study_id).status == "UNPUBLISHED"
    assert waits == [7]


def test_busy_for_too_long_is_told_and_nothing_was_done(fake, client, study_id, waits):
    fake.fail("POST", "studies/", status=429, headers={"Retry-After": "600"})
    with pytest.raises(NothingDoneError, match="in 600 seconds"):
        client.transition_study(study_id, "PUBLISH")
    assert waits == []
    assert fake.prolific.studies[study_id]["status"] == "UNPUBLISHED"


def test_a_fault_of_prolifics_is_waited_out_when_reading(fake, client, study_id, waits):
    fake.fail("GET", "studies/", status=503, times=2)
    fake.fail("GET", "studies/", cut=True)
    assert client.get_study(study_id).study_id == study_id
    assert waits == [0.5, 1, 2]


def test_reading_gives_up_in_the_end(fake, client, study_id, waits):
    fake.fail("GET", "studies/", status=503, times=9)
    with pytest.raises(OutcomeUnknownError, match="fault of its own"):
        client.get_study(study_id)
    assert fake.count("GET", "studies/.*") == 4


def test_a_draft_is_not_made_twice_when_no_answer_comes(fake, client):
    fake.fail("POST", "studies/", cut=True, has_effect=True)
    with pytest.raises(OutcomeUnknownError):
        client.create_draft(STUDY)
    assert fake.count("POST", "studies/") == 1
    assert [study.internal_name for study in client.find_studies(internal_name="byline-pilot")] == ["byline-pilot"]


def test_an_answer_that_comes_too_late_is_an_unknown_outcome(fake):
    fake.fail("POST", "studies/", delay=5)
    account = Account(url=fake.url, token=TOKEN, timeout=1.0)
    with ProlificClient(account) as client, pytest.raises(OutcomeUnknownError, match="ReadTimeout"):
        client.create_draft(STUDY)


def test_a_refusal_says_what_prolific_says(client):
    with pytest.raises(RefusedError, match=r"maximum_allowed_time: The maximum time allowed is too short"):
        client.create_draft({**STUDY, "maximum_allowed_time": 40})


def test_nobody_there_is_nothing_done(waits):
    account = Account(url="http://127.0.0.1:9/api/v1/", token=TOKEN, attempts=3)
    with ProlificClient(account, pause=waits.append) as client, pytest.raises(NothingDoneError, match="be reached"):
        client.approve_all(["a", "b"])
    assert len(waits) == 2


def test_what_is_no_answer_of_the_api_says_so(fake, client, study_id):
    fake.prolific.studies[study_id] = ["no", "object"]
    with pytest.raises(OutcomeUnknownError, match="check BYLINE_PROLIFIC_URL"):
        client.get_study(study_id)


def test_one_approval_is_repeated_since_prolific_ignores_the_second(fake, client, study_id):
    (submission,) = people(fake, study_id, 1)
    fake.prolific.hand_in(submission, code="C1")
    fake.fail("POST", f"submissions/{submission}/transition/", cut=True, has_effect=True)
    assert client.transition_submission(submission, "APPROVE").status == "APPROVED"
    assert fake.count("POST", f"submissions/{submission}/transition/") == 2


def test_approving_before_it_is_handed_in_is_refused_in_words(fake, client, study_id):
    (submission,) = people(fake, study_id, 1)
    with pytest.raises(RefusedError, match="it is ACTIVE"):
        client.transition_submission(submission, "APPROVE")


@pytest.mark.parametrize("action", ["REJECT", "UNREJECT", "COMPLETE"])
def test_there_is_no_way_to_reject(client, action):
    with pytest.raises(ValueError, match="Byline asks only for"):
        client.transition_submission("a", action)


def test_bonuses_are_set_up_in_currency_units_and_paid_in_a_single_attempt(fake, client, study_id):
    first, second = people(fake, study_id, 2)
    batch = client.set_up_bonuses(study_id, {first: 150, second: 5})
    assert fake.asked[-1][2]["csv_bonuses"] == f"{first},1.50\n{second},0.05\n"
    assert batch.charged == round(155 + 155 / 3 * 1.2)
    fake.fail("POST", "bulk-bonus-payments/", status=503)
    with pytest.raises(OutcomeUnknownError):
        client.pay_bonuses(batch.batch_id)
    assert fake.count("POST", f"bulk-bonus-payments/{batch.batch_id}/pay/") == 1
    client.pay_bonuses(batch.batch_id)
    assert fake.prolific.submissions[first]["bonus_payments"] == [150]


def test_a_bonus_for_a_stranger_is_refused_with_their_id(fake, client, study_id):
    with pytest.raises(RefusedError, match="have not taken part in the study: ffff"):
        client.set_up_bonuses(study_id, {"f" * 24: 150})


def test_costs_are_summed_over_rewards_and_bonuses(fake, client, study_id):
    (submission,) = people(fake, study_id, 1)
    fake.prolific.submissions[submission].update(status="APPROVED", bonus_payments=[50])
    assert client.get_cost(study_id) == round(500 + 500 / 3 * 1.2)


def test_a_subscription_is_confirmed_with_the_secret_of_its_answer(fake, client):
    assert client.create_secret("w" * 24) == fake.prolific.secret
    made = client.subscribe(
        workspace_id="w" * 24, event_type="submission.status.change", target_url="https://x.example/hooks/prolific/"
    )
    assert fake.prolific.subscriptions[made]["is_enabled"]
    assert client.list_subscriptions()[0]["id"] == made
    assert "submission.status.change" in client.list_event_types()
    with pytest.raises(RefusedError, match="public https address"):
        client.subscribe(workspace_id="w" * 24, event_type="study.status.change", target_url="http://x.example/")
