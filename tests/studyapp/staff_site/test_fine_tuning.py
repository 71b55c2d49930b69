"""The page of a fine-tuning: what it offers, what it makes of it, and how its results are shown."""

import json

import pytest
from django.urls import reverse

from studyapp.actions import training
from studyapp.actions.training import TrainedModel
from studyapp.models import TrainingLadder
from studyapp.tasks.training import train_rung
from tests.studyapp.ladder_rows import make_small_tuning, put_corpus
from tests.studyapp.study_rows import NOW, make_draft

pytestmark = pytest.mark.django_db
PAGE = "/staff/models/fine-tune/"
STATE = {
    "losses": {"held out": 5.25, "other sections": 5.5},
    "memorisation": {
        "probes": 2, "extracted": 0.0, "recalled": 0.125, "recalled_held_out": 0.0625, "longest_run": 9,
        "mean_run": 4.0, "ngram_share": 0.03125,
    },
}  # fmt: skip
COSTS = {"format": 1, "started_from": "dense", "method": "lora", "n_params": 9000, "before": STATE, "after": STATE}


@pytest.fixture(autouse=True)
def sent(monkeypatch, settings, tmp_path):
    settings.CORPORA_DIR, settings.TRAINING_DIR = tmp_path / "corpora", tmp_path / "training"
    ids = []
    monkeypatch.setattr(train_rung, "delay_on_commit", ids.append)
    for name, more in (("old/0.3m", ()), ("old/1m", ()), ("old/adapter", ("adapter_config.json",))):
        folder = settings.MODELS_DIR / name
        folder.mkdir(parents=True)
        for file in ("config.json", *more):
            (folder / file).write_text("{}")
    return ids


def post(client, **changes):
    said = {
        "slug": "town", "bases": ["checkpoint:old/0.3m", "checkpoint:old/1m"], "corpus_files": put_corpus(),
        "method": "lora", "rank": 8, "epochs": 3, "batch_tokens": 8192, "probes": 20, "seed": 0,
    }  # fmt: skip
    return client.post(PAGE, {key: value for key, value in {**said, **changes}.items() if value is not None})


def test_models_of_the_shelf_are_tuned_one_after_another_by_the_queue(admin_client, sent):
    study = make_draft(n_items=3)
    put_corpus("far.jsonl")
    shown = admin_client.get(PAGE).content.decode()
    assert "checkpoint:old/1m" in shown and "old/adapter" not in shown, "an adapter has no weights of its own to tune"
    answer = post(
        admin_client, sections="Sport\n Town \n\nSport", keep_out=study.pk, others="far.jsonl", rate="0.01", tokens=9000
    )
    ladder = TrainingLadder.objects.get()
    assert answer.url == ladder.get_absolute_url()
    assert (ladder.tuning["sections"], ladder.tuning["others"]) == (["Sport", "Town"], ["far.jsonl"])
    assert (ladder.tuning["tokens"], ladder.tuning["rate"], ladder.tuning["rank"]) == (9000, 0.01, 8)
    assert (ladder.kept_out, ladder.n_kept_out) == (["pilot"], 4)
    first, second = ladder.jobs.order_by("position")
    assert (first.generator, first.base, first.budget) == ("checkpoint:town/0.3m", "checkpoint:old/0.3m", 9000)
    assert second.generator == "checkpoint:town/1m" and sent == [first.pk]
    shown = admin_client.get(answer.url).content.decode()
    assert "Fine-tuning: town" in shown and "on the sections Sport, Town alone" in shown
    assert "The ladder file" not in shown and "from checkpoint:old/0.3m" in shown


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bases": None}, "Choose at least one model"),
        ({"bases": "checkpoint:old/adapter"}, "not one of the available choices"),
        ({"corpus_files": None}, "Choose a corpus"),
        ({"rank": 0}, "greater than or equal to 1"),
        ({"epochs": 0}, "Must be above 0"),
        ({"rate": 1}, "Must lie between 0 and 1"),
        ({"slug": "old"}, "lies on the shelf already"),
    ],
)
def test_what_cannot_be_tuned_says_why_and_makes_nothing(admin_client, sent, changes, fault):
    assert fault in post(admin_client, **changes).content.decode()
    assert not TrainingLadder.objects.exists() and not sent


def test_one_that_failed_can_begin_again_or_with_other_settings(admin_client):
    ladder = make_small_tuning(bases=("checkpoint:old/0.3m",), sections=("Weather",), rank=3)
    order = training.claim_job(ladder.jobs.get().pk, now=NOW)
    training.fail_job(order, error="CorpusError: the corpus has Sport, Town", now=NOW)
    shown = admin_client.get(ladder.get_absolute_url()).content.decode()
    assert "the corpus has Sport, Town" in shown and "Begin again" in shown
    assert f"{PAGE}?like=tuned" in shown
    again = admin_client.get(f"{PAGE}?like=tuned").content.decode()
    assert "Weather</textarea>" in again and 'value="3"' in again
    assert admin_client.get(f"{PAGE}?like=none").status_code == 404


def test_what_it_cost_stands_on_its_page_and_on_that_of_the_models(admin_client):
    ladder = make_small_tuning(bases=("checkpoint:old/0.3m",))
    order = training.claim_job(ladder.jobs.get().pk, now=NOW)
    folder = ladder.folder / "0.3m"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "tuning.json").write_text(json.dumps(COSTS))
    trained = TrainedModel(n_params=9000, steps=6, tokens=1536, train_loss=5.0, held_out_loss=5.25)
    training.finish_job(order, trained, now=NOW)
    for address in (ladder.get_absolute_url(), reverse("staff:checkpoint_list")):
        shown = admin_client.get(address).content.decode()
        assert "What fine-tuning changed" in shown and "Loss: other sections" in shown and "5.500" in shown
        assert "0.125" in shown and "guessed" in shown and "Longest run" in shown
    assert "fine-tuned from dense: an adapter (LoRA)" in shown
    link = f"{PAGE}?model=checkpoint%3Aold/1m"
    assert f'href="{link}"' in shown and "model=checkpoint%3Aold/adapter" not in shown
    assert admin_client.get(link).context["form"].initial["bases"] == ["checkpoint:old/1m"]


def test_without_a_model_the_page_says_how_to_get_one(admin_client, settings, tmp_path):
    settings.MODELS_DIR = tmp_path / "none"
    assert "No model to fine-tune yet" in admin_client.get(PAGE).content.decode()
