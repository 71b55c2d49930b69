from dataclasses import replace
from datetime import timedelta

import pytest

from studyapp.actions import generation
from studyapp.actions.generation import GenerationRefusedError
from studyapp.actions.study import load_study
from studyapp.models import Candidate, GenerationJob
from tests.studyapp.study_rows import (
    NOW,
    finish_jobs,
    make_articles,
    make_design,
    make_draft,
    make_launched,
    write_candidate,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=5)


def write_all(order):
    return [write_candidate(seed, words=60) for seed in order.seeds]


def test_every_article_of_every_arm_is_one_job_however_often_it_is_queued():
    study = make_draft(n_items=4)
    first = generation.queue_jobs(study)
    assert len(first) == 4 * 3
    assert generation.queue_jobs(study) == first


def test_an_order_says_all_that_a_worker_needs_and_the_control_is_told_nothing():
    study = make_draft(n_items=2)
    orders = [generation.claim_jobs(job_id, now=NOW)[0] for job_id in generation.queue_jobs(study)]
    by_arm = {order.generator: order for order in orders}
    small, control = by_arm["checkpoint:small"], by_arm["checkpoint:control"]
    assert [article.title for article in small.context] == ["Title of pilot-story 1"]
    assert control.context == () and not control.conditioned
    assert control.sampling == {"temperature": 1.4}
    assert len(small.seeds) == 2
    assert not set(small.seeds) & set(control.seeds)


def test_an_arms_context_is_chosen_for_it_and_kept_with_the_text():
    arms = [
        {"name": "zero", "generator": "checkpoint:small", "shots": 0, "instruction": "Write an article."},
        {"name": "two", "generator": "checkpoint:small", "shots": 2, "context_choice": "random"},
    ]
    refs = make_articles(8)
    study = load_study(make_design(refs, n_context=5, arms=arms))[0]
    job_ids = generation.queue_jobs(study)
    orders = {}
    for job in GenerationJob.objects.filter(pk__in=job_ids).select_related("arm", "item__article"):
        orders[job.arm.name, job.item.article.ref] = generation.claim_jobs(job.pk, now=NOW)[0]
    zero = [order for (arm, _), order in orders.items() if arm == "zero"]
    two = [order for (arm, _), order in orders.items() if arm == "two"]
    assert all(order.context == () and order.instruction == "Write an article." for order in zero)
    assert all(len(order.context) == 2 and order.instruction == "" for order in two)
    chosen = {tuple(article.ref for article in order.context) for order in two}
    assert len(chosen) > 1, "drawn for each item"
    assert all(set(order) <= set(refs[:5]) and list(order) == sorted(order) for order in chosen)
    written = [replace(text, context=("story-1", "story-2")) for text in write_all(two[0])]
    generation.store_candidates(two[0], written, now=LATER)
    assert Candidate.objects.first().context == ["story-1", "story-2"]


def test_an_arm_that_wants_more_context_than_there_is_is_refused():
    study = make_draft(arms=[{"name": "two", "generator": "checkpoint:small", "shots": 2}])
    with pytest.raises(GenerationRefusedError, match=r"the study has \(1\): two \(2\)"):
        generation.queue_jobs(study)


def test_seeds_hang_on_names_not_on_rows():
    seeds = []
    for _ in range(2):
        study = make_draft(n_items=2)
        seeds.append([generation.claim_jobs(job, now=NOW)[0].seeds for job in generation.queue_jobs(study)])
        study.delete()
    assert seeds[0] == seeds[1]


def test_a_job_is_claimed_once():
    job_id = generation.queue_jobs(make_draft())[0]
    assert generation.claim_jobs(job_id, now=NOW)
    assert generation.claim_jobs(job_id, now=NOW) == []
    assert generation.claim_jobs(10**9, now=NOW) == []


def test_candidates_are_stored_with_seed_and_words_and_the_job_is_done():
    job_id = generation.queue_jobs(make_draft())[0]
    order = generation.claim_jobs(job_id, now=NOW)[0]
    written = [write_candidate(seed, words=5, text="“One”  two\n\n\nthree") for seed in order.seeds]
    assert generation.store_candidates(order, written, now=LATER)
    job = GenerationJob.objects.get(pk=job_id)
    assert (job.state, job.seconds) == ("done", 300.0)
    assert [(c.index, c.seed, c.text, c.words) for c in job.candidates.all()] == [
        (index, seed, "“One”  two\n\n\nthree", 3) for index, seed in enumerate(order.seeds)
    ]


def test_a_dead_workers_job_is_taken_up_again_with_the_same_seeds_and_the_dead_one_writes_nothing():
    job_id = generation.queue_jobs(make_draft())[0]
    dead = generation.claim_jobs(job_id, now=NOW)[0]
    assert generation.release_silent_jobs(silent_since=NOW, now=NOW) == []  # still alive
    assert generation.release_silent_jobs(silent_since=LATER, now=LATER) == [job_id]
    heir = generation.claim_jobs(job_id, now=LATER)[0]
    assert heir.seeds == dead.seeds
    assert not generation.record_heartbeats([dead], now=LATER)
    assert not generation.store_candidates(dead, write_all(dead), now=LATER)
    assert generation.record_heartbeats([heir], now=LATER)
    assert generation.store_candidates(heir, write_all(heir), now=LATER)
    assert not generation.store_candidates(heir, write_all(heir), now=LATER)  # delivered twice
    assert Candidate.objects.filter(job_id=job_id).count() == 2


def test_a_job_whose_last_sign_lies_in_the_future_is_taken_up_again_once_the_clock_is_set_right():
    job_id = generation.queue_jobs(make_draft())[0]
    generation.claim_jobs(job_id, now=NOW + timedelta(hours=2))
    a_minute_ago = NOW - timedelta(minutes=1)
    assert generation.release_silent_jobs(silent_since=a_minute_ago, now=NOW) == [job_id]


def test_a_heartbeat_keeps_a_job():
    job_id = generation.queue_jobs(make_draft())[0]
    order = generation.claim_jobs(job_id, now=NOW)[0]
    assert generation.record_heartbeats([order], now=LATER)
    assert generation.release_silent_jobs(silent_since=LATER, now=LATER) == []


def test_a_job_that_kills_every_worker_is_given_up_with_its_reason():
    job_id = generation.queue_jobs(make_draft())[0]
    for _ in range(generation.MAX_ATTEMPTS):
        generation.claim_jobs(job_id, now=NOW)[0]
        generation.release_silent_jobs(silent_since=LATER, now=LATER)
    job = GenerationJob.objects.get(pk=job_id)
    assert job.state == "failed"
    assert "lost 5 times" in job.error


def test_a_failed_job_keeps_its_reason_until_it_is_queued_again():
    study = make_draft()
    job_id = generation.queue_jobs(study)[0]
    generation.fail_job(generation.claim_jobs(job_id, now=NOW)[0], error="no checkpoint", now=NOW)
    assert GenerationJob.objects.get(pk=job_id).error == "no checkpoint"
    assert job_id in generation.queue_jobs(study)


def test_more_candidates_go_on_where_the_last_ended():
    study = make_draft()
    finish_jobs(study)
    job = GenerationJob.objects.first()
    known = list(job.candidates.values_list("seed", flat=True))
    generation.queue_more_candidates(job, n_more=3)
    order = generation.claim_jobs(job.pk, now=NOW)[0]
    assert (order.first_index, len(order.seeds)) == (2, 3)
    assert not set(order.seeds) & set(known)
    assert generation.store_candidates(order, write_all(order), now=NOW)
    assert list(job.candidates.values_list("index", flat=True)) == [0, 1, 2, 3, 4]


def test_nothing_is_queued_for_a_study_that_is_launched_or_says_no_generator():
    with pytest.raises(GenerationRefusedError, match="frozen"):
        generation.queue_jobs(make_launched())
    study = make_draft(slug="other")
    study.arms.filter(name="small").update(generator="")
    with pytest.raises(GenerationRefusedError, match="small"):
        generation.queue_jobs(study)


def test_jobs_of_an_arm_are_taken_up_together():
    study = make_draft(n_items=3)
    ids = generation.queue_jobs(study)
    by_arm = {}
    for job in GenerationJob.objects.filter(pk__in=ids):
        by_arm.setdefault(job.arm_id, []).append(job.pk)
    first, *others = by_arm.values()
    orders = generation.claim_jobs(first[1], now=NOW, most=2)
    assert [order.job_id for order in orders] == [first[1], first[0]]
    assert len({order.claim for order in orders}) == 2
    (last,) = generation.claim_jobs(first[2], now=NOW, most=16)
    assert last.job_id == first[2], "those of another arm wait for their own model"
    assert generation.record_heartbeats([*orders, last], now=LATER) == 3
    generation.release_silent_jobs(silent_since=LATER + timedelta(seconds=1), now=LATER + timedelta(seconds=1))
    assert [order.job_id for order in generation.claim_jobs(first[0], now=LATER, most=16)] == [first[0]], (
        "a job that has cost a worker is taken up alone"
    )
    assert [order.job_id for order in generation.claim_jobs(others[0][0], now=LATER, most=16)] == sorted(others[0])


def test_articles_of_a_server_are_taken_up_one_by_one():
    study = make_draft(arms=[{"name": "served", "generator": "openai:large"}], n_items=3)
    job_id = generation.queue_jobs(study)[0]
    assert len(generation.claim_jobs(job_id, now=NOW, most=16)) == 1
