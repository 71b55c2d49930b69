"""Bonuses: nobody is paid twice, whatever becomes of an answer."""

import threading

import pytest
from django.db import connection
from django.utils import timezone

from studyapp.actions.prolific_bonuses import BonusRefusedError, find_payments
from studyapp.models import ProlificBonus, ProlificBonusBatch
from studyapp.prolific import bonuses, submissions
from studyapp.prolific.desk import open_client
from studyapp.prolific.transport import NothingDoneError, OutcomeUnknownError, RefusedError
from tests.studyapp.prolific_rows import CODE, link_up, make_pid, make_prolific_study, take_part

pytestmark = pytest.mark.django_db


def make_approved(fake, n=3):
    link = link_up(make_prolific_study())
    for number in range(1, n + 1):
        submission_id = fake.prolific.arrive(link.remote_id, make_pid(number))
        take_part(link.study, number, submission_id=submission_id, answers=None)
        fake.prolific.hand_in(submission_id, code=CODE)
        fake.prolific.submissions[submission_id]["status"] = "APPROVED"
    sync(link)
    return link


@pytest.fixture
def link(fake):
    return make_approved(fake)


def sync(link):
    with open_client() as client:
        submissions.sync_study(client, link)


def prepare(link, *, purpose="top-up", amount=150):
    pks = list(link.submissions.values_list("pk", flat=True))
    with open_client() as client:
        return bonuses.prepare(client, link, pks, purpose=purpose, amount=amount, now=timezone.now())


def pay(batch):
    with open_client() as client:
        return bonuses.pay(client, batch, now=timezone.now())


def look_again(batch):
    with open_client() as client:
        return bonuses.look_again(client, batch, now=timezone.now()).state


def paid(fake):
    return [submission["bonus_payments"] for submission in fake.prolific.submissions.values()]


def test_bonuses_are_set_up_looked_at_paid_and_seen(fake, link):
    batch = prepare(link)
    assert (batch.state, batch.people, batch.charged) == ("set_up", 3, round(450 + 150 * 1.2))
    assert paid(fake) == [[], [], []]
    assert pay(batch)
    assert paid(fake) == [[150]] * 3
    sync(link)
    batch.refresh_from_db()
    assert batch.state == "paid"


def test_a_second_click_pays_nobody_twice(fake, link):
    batch = prepare(link)
    assert pay(batch)
    assert not pay(batch)
    with pytest.raises(BonusRefusedError, match="Nobody of them is left"):
        prepare(link)
    assert paid(fake) == [[150]] * 3
    assert fake.count("POST", "bulk-bonus-payments/.*") == 1


@pytest.mark.parametrize(
    ("fault", "has_effect"),
    [
        ({"cut": True}, True),
        ({"cut": True}, False),
        ({"status": 503}, True),
        ({"status": 503}, False),
        ({"delay": 5}, True),
    ],
)
def test_an_unanswered_payment_is_never_repeated_and_settled_by_reading(fake, link, settings, fault, has_effect):
    batch = prepare(link)
    fake.fail("POST", "bulk-bonus-payments/", has_effect=has_effect, **fault)
    settings.PROLIFIC_TIMEOUT = 1.5 if "delay" in fault else 30.0
    with pytest.raises(OutcomeUnknownError, match="not asked for again"):
        pay(batch)
    settings.PROLIFIC_TIMEOUT = 30.0
    batch.refresh_from_db()
    assert batch.state == "unknown"
    assert not pay(batch)
    with pytest.raises(BonusRefusedError):
        prepare(link)  # its people stay reserved
    assert look_again(batch) == ("paid" if has_effect else "unknown")
    assert fake.count("POST", "bulk-bonus-payments/.*") == 1
    assert paid(fake) == ([[150]] * 3 if has_effect else [[]] * 3)


def test_what_staff_know_to_be_unpaid_is_freed_with_their_reason_and_paid_once(fake, link):
    batch = prepare(link)
    fake.fail("POST", "bulk-bonus-payments/", cut=True)
    with pytest.raises(OutcomeUnknownError):
        pay(batch)
    batch.refresh_from_db()
    with pytest.raises(BonusRefusedError, match="how you know"):
        bonuses.give_up(batch, reason="")
    assert bonuses.give_up(batch, reason="The balance has not moved since yesterday.")
    assert "balance" in link.study.audit_entries.get(act="released_bonuses").reason
    assert pay(prepare(link))
    assert paid(fake) == [[150]] * 3


def test_payments_that_show_later_are_waited_for(fake, link):
    fake.prolific.pays_later = True
    batch = prepare(link)
    pay(batch)
    assert look_again(batch) == "accepted"
    fake.prolific.settle()
    assert look_again(batch) == "paid"


def test_a_busy_prolific_leaves_the_batch_to_be_paid_later(fake, link):
    batch = prepare(link)
    fake.fail("POST", "bulk-bonus-payments/", status=429)
    with pytest.raises(NothingDoneError):
        pay(batch)
    batch.refresh_from_db()
    assert (batch.state, "Nobody was paid" in batch.message) == ("set_up", True)
    assert pay(batch)
    assert paid(fake) == [[150]] * 3


def test_a_refused_payment_frees_its_people(fake, link):
    batch = prepare(link)
    fake.fail("POST", "bulk-bonus-payments/", status=400)
    with pytest.raises(RefusedError, match="Nobody was paid"):
        pay(batch)
    batch.refresh_from_db()
    assert batch.state == "refused"
    assert pay(prepare(link))
    assert paid(fake) == [[150]] * 3


@pytest.mark.parametrize("fault", [{"cut": True, "has_effect": True}, {"status": 400}, {"status": 500}])
def test_a_set_up_that_fails_pays_nobody_and_may_be_tried_again(fake, link, fault):
    fake.fail("POST", "submissions/bonus-payments/", **fault)
    with pytest.raises((OutcomeUnknownError, RefusedError)):
        prepare(link)
    assert not ProlificBonus.objects.exists()
    assert pay(prepare(link))
    assert paid(fake) == [[150]] * 3


def test_one_purpose_once_but_two_purposes_of_one_amount_both(fake, link):
    assert pay(prepare(link))
    assert pay(prepare(link, purpose="partial pay"))
    sync(link)
    assert paid(fake) == [[150, 150]] * 3
    assert set(ProlificBonusBatch.objects.values_list("state", flat=True)) == {"paid"}


def test_an_earlier_payment_of_the_same_amount_is_not_taken_for_an_unknown_one(fake, link):
    first = prepare(link, purpose="first")
    fake.prolific.pays_later = True
    pay(first)
    second = prepare(link, purpose="second")
    fake.fail("POST", f"bulk-bonus-payments/{second.remote_id}/pay/", cut=True)
    with pytest.raises(OutcomeUnknownError):
        pay(second)
    fake.prolific.settle()  # the first shows only now, after the second was reserved
    sync(link)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == ("paid", "unknown")


def test_a_worker_that_died_while_asking_leaves_an_unknown_outcome(fake, link):
    batch = prepare(link)
    ProlificBonusBatch.objects.filter(pk=batch.pk).update(
        state="paying", asked_to_pay_at=timezone.now() - timezone.timedelta(minutes=5)
    )
    find_payments(link, now=timezone.now())
    batch.refresh_from_db()
    assert batch.state == "unknown" and not pay(batch)


@pytest.mark.parametrize(
    ("purpose", "amount", "why"),
    [(" ", 150, "what the bonus is for"), ("x" * 61, 150, "60 characters"), ("p", 0, "0.01"), ("p", 10_001, "100.00")],
)
def test_a_bonus_that_cannot_be_asks_prolific_for_nothing(fake, link, purpose, amount, why):
    fake.asked.clear()
    with pytest.raises(BonusRefusedError, match=why):
        prepare(link, purpose=purpose, amount=amount)
    assert fake.asked == []


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_pay_once(fake):
    link = make_approved(fake, n=2)
    batch, results = prepare(link), []

    def click():
        try:
            results.append(pay(ProlificBonusBatch.objects.get(pk=batch.pk)))
        finally:
            connection.close()

    clicks = [threading.Thread(target=click) for _ in range(10)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert sorted(results) == [False] * 9 + [True]
    assert paid(fake) == [[150]] * 2
