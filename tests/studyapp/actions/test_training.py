import json
from datetime import timedelta

import pytest
from django.db import IntegrityError

from studyapp.actions import training
from studyapp.actions.training import TrainedModel, TrainingNews
from studyapp.domain.training import MAX_ATTEMPTS
from studyapp.models import TrainingJob
from tests.studyapp.ladder_rows import make_small_ladder, make_small_tuning
from tests.studyapp.study_rows import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)
TRAINED = TrainedModel(n_params=900, steps=12, tokens=3072, train_loss=4.5, held_out_loss=4.75)
NEWS = TrainingNews(
    step=5, n_steps=12, tokens=1280, budget=3000, train_loss=5.0, held_out_loss=None,
    tokens_per_second=900.0, seconds_left=2.0, flop_use=None, curve={"train": [[1280, 5.0]], "held_out": []},
)  # fmt: skip


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MODELS_DIR, settings.CORPORA_DIR = tmp_path / "models", tmp_path / "corpora"
    settings.TRAINING_DIR = tmp_path / "training"


@pytest.fixture
def ladder():
    return make_small_ladder(names=("a", "b", "c"))


def claim_next(ladder, *, now=NOW):
    [job_id] = training.list_next_jobs([ladder.pk])
    return training.claim_job(job_id, now=now)


def states(ladder):
    return list(ladder.jobs.order_by("position").values_list("state", flat=True))


def test_a_ladders_jobs_are_claimed_one_at_a_time_in_order(ladder):
    first, second, _ = ladder.jobs.order_by("position")
    assert training.claim_job(second.pk, now=NOW) is None  # not its turn
    order = training.claim_job(first.pk, now=NOW)
    assert (order.rung, order.out, order.exclude) == ("a", ladder.folder, ())
    assert [path.name for path in order.corpus] == ["news.jsonl"]
    assert training.claim_job(first.pk, now=NOW) is None
    assert training.claim_job(second.pk, now=NOW) is None
    assert training.list_next_jobs() == []
    assert training.finish_job(order, TRAINED, now=LATER)
    assert training.find_next_job(first.pk) == second.pk
    assert training.claim_job(second.pk, now=LATER).rung == "b"
    assert training.claim_job(10**9, now=NOW) is None


def test_the_database_itself_refuses_two_running_jobs_of_a_ladder(ladder):
    claim_next(ladder)
    with pytest.raises(IntegrityError):
        ladder.jobs.filter(name="c").update(state="running")


def test_two_ladders_do_not_wait_for_each_other(ladder):
    claim_next(ladder)
    other = make_small_ladder("other")
    assert training.list_next_jobs() == [other.jobs.get(name="small").pk]
    assert claim_next(other) is not None


def test_news_are_on_the_row_and_the_card_has_the_last_word(ladder):
    order = claim_next(ladder)
    assert training.record_heartbeat(order, NEWS, now=LATER)
    job = TrainingJob.objects.get(pk=order.job_id)
    assert (job.step, job.tokens, job.train_loss, job.tokens_per_second) == (5, 1280, 5.0, 900.0)
    assert (job.heartbeat_at, job.curve) == (LATER, NEWS.curve)
    assert training.record_heartbeat(order, None, now=LATER)  # packing: no news, and none lost
    assert training.finish_job(order, TRAINED, now=LATER)
    job.refresh_from_db()
    assert (job.state, job.n_params, job.held_out_loss, job.share) == ("done", 900, 4.75, 1.0)
    assert job.curve == NEWS.curve
    assert not training.finish_job(order, TRAINED, now=LATER)  # delivered twice


def test_a_dead_workers_job_is_taken_up_with_its_curve_and_the_dead_one_writes_nothing(ladder):
    dead = claim_next(ladder)
    training.record_heartbeat(dead, NEWS, now=NOW)
    training.release_silent_jobs(silent_since=NOW, now=NOW)  # alive
    assert states(ladder) == ["running", "queued", "queued"]
    training.release_silent_jobs(silent_since=LATER, now=LATER)
    heir = claim_next(ladder, now=LATER)
    assert (heir.job_id, heir.curve) == (dead.job_id, NEWS.curve)
    assert not training.record_heartbeat(dead, NEWS, now=LATER)
    assert not training.finish_job(dead, TRAINED, now=LATER)
    training.fail_job(dead, error="too late", now=LATER)
    training.release_job(dead)
    assert states(ladder) == ["running", "queued", "queued"]
    assert training.finish_job(heir, TRAINED, now=LATER)


def test_a_job_that_kills_every_worker_is_given_up_and_the_next_has_its_turn(ladder):
    for _ in range(MAX_ATTEMPTS):
        claim_next(ladder)
        training.release_silent_jobs(silent_since=LATER, now=LATER)
    job = ladder.jobs.get(name="a")
    assert (job.state, states(ladder)[1:]) == ("failed", ["queued", "queued"])
    assert "lost 5 times" in job.error
    assert claim_next(ladder).rung == "b"


def test_attempts_of_a_fine_tuning_count_however_long_they_lasted():
    tuning = make_small_tuning()
    for _ in range(MAX_ATTEMPTS):
        training.record_heartbeat(claim_next(tuning), None, now=NOW + timedelta(hours=1))
        training.release_silent_jobs(silent_since=NOW + timedelta(hours=2), now=NOW + timedelta(hours=2))
    assert states(tuning) == ["failed"]


def test_an_attempt_that_lasted_does_not_count_against_the_next(ladder):
    for number in range(2 * MAX_ATTEMPTS):
        begun = NOW + timedelta(hours=number)
        order = claim_next(ladder, now=begun)
        training.record_heartbeat(order, None, now=begun + timedelta(minutes=30))
        training.release_silent_jobs(silent_since=begun + timedelta(minutes=40), now=begun + timedelta(minutes=40))
    assert states(ladder)[0] == "queued"


def test_a_job_that_could_not_be_begun_goes_back_without_counting(ladder):
    training.release_job(claim_next(ladder))
    job = ladder.jobs.get(name="a")
    assert (job.state, job.attempts) == ("queued", 0)


def test_a_failure_is_named_and_does_not_hold_up_the_others(ladder):
    order = claim_next(ladder)
    training.fail_job(order, error="out of memory", now=LATER)
    assert claim_next(ladder, now=LATER).rung == "b"
    assert ladder.jobs.get(name="a").error == "out of memory"


def test_stop_takes_the_claim_and_going_on_queues_what_is_not_done(ladder):
    training.finish_job(claim_next(ladder), TRAINED, now=NOW)
    order = claim_next(ladder)
    training.record_heartbeat(order, NEWS, now=NOW)
    assert training.stop_ladder(ladder) == 2
    assert states(ladder) == ["done", "stopped", "stopped"]
    assert training.list_next_jobs() == []
    assert not training.record_heartbeat(order, NEWS, now=LATER)
    assert training.resume_ladder(ladder) == 2
    again = claim_next(ladder, now=LATER)
    assert (again.rung, again.curve) == ("b", NEWS.curve)
    assert json.dumps(again.curve)
