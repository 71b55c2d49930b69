from chaos.bots import read_place, take_note
from chaos.ledger import Ledger


def test_only_the_first_answer_to_a_trial_counts_and_is_said_again():
    ledger = Ledger()
    ledger.send("1", "a", 2)
    ledger.send("1", "a", 5)
    ledger.send("1", "b", 4)
    assert (ledger.choose("a", 3), ledger.choose("c", 3)) == (2, 3)
    account = ledger.close()
    assert account.sent == {"a": 2, "b": 4}
    assert account.order == {"1": ("a", "b")}
    assert account.acknowledged == frozenset()


def test_a_trial_that_was_acknowledged_must_not_be_asked_again():
    ledger = Ledger()
    ledger.show("1", "a")
    ledger.acknowledge("a")
    assert ledger.close().asked_again == ()
    ledger.show("1", "a")
    assert ledger.close().asked_again == ("1 was asked a again",)


def test_a_redirect_from_a_trial_to_the_next_page_acknowledges_it_and_no_other_does():
    ledger = Ledger()
    for led_to in ("/s/study/item/a/", "/s/study/", "/s/study/continue/"):
        take_note(ledger, "1", asked="/s/study/item/a/", led_to=led_to)
    assert ledger.count_acknowledged() == 0
    take_note(ledger, "1", asked="/s/study/item/a/", led_to="http://127.0.0.1:1/s/study/item/b/")
    take_note(ledger, "1", asked="/s/study/item/b/", led_to="/s/study/questions/")
    take_note(ledger, "2", asked="/s/study/consent/", led_to="/s/study/instructions/")
    account = ledger.close()
    assert (account.acknowledged, account.agreed) == ({"a", "b"}, {"2"})
    assert read_place("/s/study/") == ("", "")
