"""A crowd of simulated participants: sent once, gone on with, and let through where the site is behind https."""

import pytest

from studyapp.domain.rehearsal_cast import Cast
from studyapp.models import Participant, Response
from studyapp.simulated.crowd import Crowd, find_unfinished, list_numbers, send_crowd
from tests.studyapp.study_rows import make_launched

pytestmark = pytest.mark.django_db(transaction=True)
STEADY = Cast(awkward=0, double_clicker=0, straight_liner=0, dropout=0, looker=0)


def make_crowd(live_server, cast=STEADY):
    return Crowd(study=make_launched(), url=live_server.url, seed=1, cast=cast, workers=2)


def test_everybody_comes_once_and_the_cut_off_are_known(live_server):
    crowd = make_crowd(live_server)
    outcome = send_crowd(crowd, [1, 2, 3], n_items=4)
    assert (outcome.sent, outcome.answers, len(outcome.page_seconds)) == (3, 12, 3 * (1 + 1 + 1 + 4 + 1))
    assert sorted(list_numbers(crowd.study)) == [1, 2, 3]
    assert list(find_unfinished(crowd, range(1, 5), n_items=4)) == [4]
    Response.objects.filter(trial__participant__identity__external_id="2", trial__position=4).delete()
    Participant.objects.filter(identity__external_id="2").update(status="enrolled", completed_at=None)
    assert list(find_unfinished(crowd, range(1, 4), n_items=4)) == [2]
    assert send_crowd(crowd, [2], n_items=4).answers == 1


def test_who_dropped_out_is_not_sent_again(live_server):
    crowd = make_crowd(live_server, Cast(awkward=0, double_clicker=0, straight_liner=0, dropout=0.8, looker=0))
    send_crowd(crowd, [1, 2, 3], n_items=4)
    assert Participant.objects.filter(status="enrolled").exists()
    assert list(find_unfinished(crowd, [1, 2, 3], n_items=4)) == []


def test_a_site_behind_https_lets_them_through_on_this_machine(live_server, settings):
    """Its cookies are marked secure, and it trusts its proxy's word that a request came by https."""
    settings.HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert send_crowd(make_crowd(live_server), [1], n_items=4).answers == 4
