"""The doorway of an article: what it leaves alone, and what it names on the row."""

from decimal import Decimal

import pytest
from django.db import OperationalError

from studyapp.actions import generation
from studyapp.actions.generation import queue_jobs
from studyapp.database import outlasting
from studyapp.domain.prices import parse_prices
from studyapp.models import GenerationJob
from studyapp.tasks.generation import generate_article
from tests.generator.foreign_models import make_foreign, put_into_cache
from tests.generator.scripted_server import ScriptedServer
from tests.studyapp.study_rows import finish_jobs, make_draft

pytestmark = pytest.mark.django_db
REMOTE_ARMS = [{"name": "large", "generator": "openai-chat:family/large", "n_params": 10**9}]


def test_a_missing_checkpoint_is_named_on_the_row_with_what_to_do():
    job_id = queue_jobs(make_draft())[0]
    generate_article(job_id)
    job = GenerationJob.objects.get(pk=job_id)
    assert job.state == "failed"
    assert "no checkpoint at 'checkpoint:" in job.error
    assert "train it" in job.error


def test_an_arm_of_a_server_without_one_says_what_to_set():
    job_id = queue_jobs(make_draft(arms=REMOTE_ARMS))[0]
    generate_article(job_id)
    assert "set BYLINE_OPENAI_URL" in GenerationJob.objects.get(pk=job_id).error


@pytest.fixture
def server(settings):
    scripted = ScriptedServer()
    settings.OPENAI_URL, settings.OPENAI_KEY = scripted.url, "secret"
    yield scripted
    scripted.shutdown()
    scripted.server_close()


def write_first_job(**sections):
    job_id = queue_jobs(make_draft(arms=REMOTE_ARMS, **sections))[0]
    generate_article(job_id)
    return GenerationJob.objects.get(pk=job_id)


def test_an_arm_of_a_server_gets_its_texts_over_http(server):
    job = write_first_job()
    assert (job.state, job.error) == ("done", "")
    assert len(set(job.candidates.values_list("seed", flat=True))) == 2
    for candidate in job.candidates.all():
        assert candidate.text.endswith(f"Seed {candidate.seed % 2**31} ends.")
        assert (candidate.prompt_tokens, candidate.n_tokens) == (60, 123)
        assert candidate.model_version == "family/large-2026-01-31"
    assert {body["model"] for body in server.asked} == {"family/large"}
    assert set(server.paths) == {"/v1/chat/completions"}
    assert set(server.keys) == {"Bearer secret"}


def test_texts_outlast_a_database_that_is_away_for_a_moment(server, monkeypatch):
    monkeypatch.setattr(outlasting, "PAUSE_SECONDS", 0.0)
    store, faults = generation.store_candidates, [OperationalError("gone"), OperationalError("starting up")]

    def fail_twice(*arguments, **more):
        if faults:
            raise faults.pop()
        return store(*arguments, **more)

    monkeypatch.setattr(generation, "store_candidates", fail_twice)
    job = write_first_job()
    assert (job.state, job.error, job.candidates.count()) == ("done", "", 2)


def test_a_job_that_cannot_be_stored_for_very_long_is_left_to_the_sweep(server, monkeypatch):
    monkeypatch.setattr(outlasting, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr("studyapp.tasks.generation.outlast", lambda act: outlasting.outlast(act, patience=0.0))
    monkeypatch.setattr(
        generation, "store_candidates", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone"))
    )
    job = write_first_job()
    assert (job.state, job.error) == ("running", "")


def test_what_a_servers_texts_cost_stands_on_the_job(server, settings):
    settings.OPENAI_PRICES, settings.OPENAI_BUDGET = parse_prices("family/large=1000/10000"), Decimal(50)
    job = write_first_job()
    assert (job.prompt_tokens, job.completion_tokens) == (3 * 60, 3 * 123)
    assert job.cost == Decimal("3.87")


def test_a_job_that_its_studys_budget_does_not_hold_fails_and_spends_nothing(server, settings):
    settings.OPENAI_PRICES, settings.OPENAI_BUDGET = parse_prices("*=1000/10000"), Decimal("0.01")
    job = write_first_job()
    assert (job.state, job.cost, server.asked) == ("failed", 0, [])
    assert "BudgetExhaustedError: the budget of this study (0.01) holds 0.0100 yet" in job.error
    assert "raise BYLINE_OPENAI_BUDGET" in job.error


def test_a_budget_without_a_price_is_refused(server, settings):
    settings.OPENAI_BUDGET = Decimal(5)
    job = write_first_job()
    assert "family/large has no price: add family/large=IN/OUT to BYLINE_OPENAI_PRICES" in job.error
    assert server.asked == []


def test_a_cached_model_writes_and_its_commit_is_kept(settings, tmp_path):
    settings.HUGGING_FACE_CACHE = tmp_path / "cache"
    put_into_cache(tmp_path / "cache", "Family/tiny", make_foreign(tmp_path / "made", "pythia"), commit="f" * 40)
    arms = [{"name": name, "generator": f"huggingface:Family/{name}"} for name in ("tiny", "absent")]
    tiny, absent = queue_jobs(make_draft(arms=arms))[:2]
    for job_id in (tiny, absent):
        generate_article(job_id)
    job = GenerationJob.objects.get(pk=tiny)
    assert (job.state, job.error) == ("done", "")
    (version,) = set(job.candidates.values_list("model_version", flat=True))
    assert version.startswith("f" * 40)  # then what computed it
    assert "hf download Family/absent" in GenerationJob.objects.get(pk=absent).error


def test_whatever_else_goes_wrong_is_named_on_the_row_too(monkeypatch):
    def fail(orders, **_):
        raise KeyError("a fault of ours")

    monkeypatch.setattr("studyapp.tasks.generation.write_orders", fail)
    job_id = queue_jobs(make_draft())[0]
    generate_article(job_id)
    job = GenerationJob.objects.get(pk=job_id)
    assert (job.state, job.error) == ("failed", "KeyError: 'a fault of ours'")


def test_a_job_that_is_done_or_gone_is_left_alone():
    study = make_draft(n_items=2)
    finish_jobs(study)
    before = list(GenerationJob.objects.values())
    for job in before:
        generate_article(job["id"])
    generate_article(10**9)
    assert list(GenerationJob.objects.values()) == before
