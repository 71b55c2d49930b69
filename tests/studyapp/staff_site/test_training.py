"""The pages of training: a ladder, a corpus and a budget become jobs, and the page shows how they come on."""

import gzip
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from studyapp.actions import training
from studyapp.actions.training import TrainedModel
from studyapp.models import TrainingJob, TrainingLadder
from studyapp.staff_site.training_setup import list_ladders
from studyapp.tasks.training import train_rung
from tests.generator.conftest import make_articles as make_news
from tests.studyapp.ladder_rows import make_small_ladder, put_corpus, write_ladder_text
from tests.studyapp.study_rows import NOW, make_articles, make_draft

pytestmark = pytest.mark.django_db
NEWS = "".join(json.dumps(row) + "\n" for row in make_news(20))


@pytest.fixture(autouse=True)
def sent(monkeypatch, settings, tmp_path):
    """The ids that would go to the broker, instead of going there; and folders of the test's own."""
    settings.MODELS_DIR, settings.CORPORA_DIR = tmp_path / "models", tmp_path / "corpora"
    settings.TRAINING_DIR = tmp_path / "training"
    ids = []
    monkeypatch.setattr(train_rung, "delay_on_commit", ids.append)
    return ids


def page(name, *arguments):
    return reverse(f"staff:training_{name}", args=arguments)


def upload(name, content):
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def post(client, **changes):
    said = {"slug": "mine", "ladder": "pilot", "budget": "file", "corpus_upload": upload("news.jsonl", NEWS)}
    posted = {key: value for key, value in {**said, **changes}.items() if value is not None}
    return client.post(page("new"), posted)


def test_strangers_are_sent_to_the_login(client, django_user_model):
    make_small_ladder()
    for address in (page("list"), page("new"), page("ladder", "mine")):
        assert client.get(address).url.startswith(reverse("admin:login"))
    client.force_login(django_user_model.objects.create_user("somebody"))
    assert client.post(page("ladder", "mine"), {"do": "stop"}).url.startswith(reverse("admin:login"))
    assert set(TrainingJob.objects.values_list("state", flat=True)) == {"queued"}


def test_a_shipped_ladder_an_uploaded_corpus_and_a_budget_become_jobs(admin_client, admin_user, sent, settings):
    answer = post(admin_client, budget="per_parameter", amount="20")
    ladder = TrainingLadder.objects.get()
    assert answer.url == ladder.get_absolute_url()
    assert (settings.CORPORA_DIR / "news.jsonl").read_text() == NEWS
    assert (ladder.corpus_files, ladder.created_by) == (["news.jsonl"], admin_user)
    jobs = list(ladder.jobs.order_by("position"))
    assert [job.name for job in jobs] == ["control", "0.3m", "1m", "3m"]
    assert all(job.budget == 20 * job.n_params for job in jobs)
    assert sent == [jobs[0].pk]  # the others follow when it is done


def test_every_shipped_ladder_can_be_chosen(admin_client):
    shown = admin_client.get(page("new")).content.decode()
    assert list_ladders() == ["pilot", "laptop", "published"]
    assert all(f'value="{name}"' in shown for name in list_ladders())


def test_an_uploaded_ladder_on_a_corpus_that_is_there_and_studies_kept_out(admin_client):
    study = make_draft(n_items=3)
    text = write_ladder_text(("tiny",), tokens=500)
    post(
        admin_client, ladder="uploaded", ladder_file=upload("l.toml", text), corpus_upload=None,
        corpus_files=put_corpus(), keep_out=study.pk,
    )  # fmt: skip
    ladder = TrainingLadder.objects.get()
    assert (ladder.jobs.get().name, ladder.jobs.get().budget) == ("tiny", 500)
    assert (ladder.kept_out, ladder.n_kept_out) == (["pilot"], 4)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"slug": "My ladder"}, "valid “slug”"),
        ({"slug": "taken"}, "choose another name"),
        ({"ladder": "uploaded"}, "Choose the ladder file"),
        ({"ladder": "uploaded", "ladder_file": "model = 3"}, "a table for each model"),
        ({"ladder": "uploaded", "ladder_file": write_ladder_text().replace("control", "contrl")}, "did you mean"),
        ({"ladder": "uploaded", "ladder_file": b"\xff"}, "not UTF-8"),
        ({"budget": "times"}, "Say how many times what the ladder says"),
        ({"budget": "times", "amount": "-1"}, "greater than or equal to 0"),
        ({"budget": "tokens", "amount": "0"}, "above 0"),
        ({"budget": "tokens", "amount": "nan"}, "Enter a number"),
        ({"corpus_upload": None}, "Choose a corpus"),
        ({"corpus_upload": upload("news.docx", NEWS)}, "must end in .jsonl"),
        ({"corpus_upload": upload("news.jsonl", NEWS + "{}\n")}, "line 21: &#x27;title&#x27; is missing"),
        ({"corpus_upload": upload("news.jsonl.gz", NEWS)}, "no whole gzip file"),
        ({"corpus_upload": upload("there.jsonl", NEWS)}, "tick it in the list"),
        ({"corpus_files": "../secret.jsonl"}, "not one of the available choices"),
        ({"corpus_upload": None, "takes_imported": "on", "keep_out": "imported"}, "cannot both"),
        ({"corpus_upload": None, "takes_imported": "on"}, "Fewer than two"),
    ],
)
def test_what_cannot_be_trained_says_why_on_the_form_and_makes_nothing(admin_client, settings, sent, changes, fault):
    make_small_ladder("taken")
    put_corpus("there.jsonl")
    make_articles(1)
    if "ladder_file" in changes:
        changes = {**changes, "ladder_file": upload("l.toml", changes["ladder_file"])}
    if isinstance(file := changes.get("corpus_upload"), SimpleUploadedFile):
        file.seek(0)
    assert fault in post(admin_client, **changes).content.decode()
    assert TrainingLadder.objects.count() == 1 and not sent
    assert not (settings.CORPORA_DIR / "news.docx").exists()


def test_an_upload_that_is_too_large_names_the_folder(admin_client, settings):
    settings.MAX_CORPUS_FILE_BYTES = 100
    assert f"copy it into {settings.CORPORA_DIR}" in post(admin_client).content.decode()


def test_a_packed_corpus_is_kept_as_it_is(admin_client, settings):
    packed = gzip.compress(NEWS.encode())
    post(admin_client, corpus_upload=upload("news.jsonl.gz", packed))
    assert (settings.CORPORA_DIR / "news.jsonl.gz").read_bytes() == packed


def test_imported_articles_can_be_the_corpus(admin_client):
    make_articles(5)
    post(admin_client, corpus_upload=None, takes_imported="on")
    [file] = TrainingLadder.objects.get().corpus_paths
    assert len(file.read_text().splitlines()) == 5


def tell(order, *, tokens, loss):
    """News as a worker gives them."""
    curve = {"train": [[200, 5.7], [tokens, loss]], "held_out": [[200, 5.8], [tokens, loss + 0.1]]}
    news = training.TrainingNews(
        step=4, n_steps=12, tokens=tokens, budget=3000, train_loss=loss, held_out_loss=loss + 0.1,
        tokens_per_second=1234.0, seconds_left=95.0, flop_use=0.41, curve=curve,
    )  # fmt: skip
    assert training.record_heartbeat(order, news, now=NOW)


def test_the_page_shows_loss_speed_and_time_left_by_size(admin_client):
    ladder = make_small_ladder(names=("small", "large"), tokens=3000)
    small, large = ladder.jobs.order_by("position")
    first = admin_client.get(page("ladder", "mine")).content.decode()
    assert "waiting for a worker" in first and "refresh" in first and "<polyline" not in first
    order = training.claim_job(small.pk, now=NOW)
    tell(order, tokens=1500, loss=5.25)
    shown = admin_client.get(page("ladder", "mine")).content.decode()
    assert "0 of 2 models trained" in shown and "50 %" in shown
    assert "5.250" in shown and "5.350" in shown and "1,234" in shown and "41 % of the machine" in shown
    assert "2 min" in shown and "about 2 s" in shown  # measured, and reckoned from it for the one that waits
    assert shown.count("<polyline") == 2 and "tokens seen" in shown and "nats a token" in shown
    trained = TrainedModel(n_params=9000, steps=12, tokens=3072, train_loss=4.5, held_out_loss=4.75)
    training.finish_job(order, trained, now=NOW)
    tell(training.claim_job(large.pk, now=NOW), tokens=700, loss=5.5)
    shown = admin_client.get(page("ladder", "mine")).content.decode()
    assert "1 of 2 models trained" in shown and "4.750" in shown and shown.count("<polyline") == 4
    assert "<td>" in admin_client.get(page("list")).content.decode()


def test_stop_and_go_on_and_remove(admin_client, sent):
    ladder = make_small_ladder()
    address = page("ladder", "mine")
    order = training.claim_job(ladder.jobs.get(name="small").pk, now=NOW)
    admin_client.post(address, {"do": "stop"})
    assert not training.record_heartbeat(order, None, now=NOW)
    shown = admin_client.get(address).content.decode()
    assert "Go on" in shown and "refresh" not in shown
    admin_client.post(address, {"do": "resume"})
    assert sent == [order.job_id]
    assert "stop it first" in admin_client.post(address, {"do": "remove", "sure": "yes"}, follow=True).content.decode()
    admin_client.post(address, {"do": "stop"})
    assert "tick the box" in admin_client.post(address, {"do": "remove"}, follow=True).content.decode()
    assert admin_client.post(address, {"do": "remove", "sure": "yes"}).url == page("list")
    assert not TrainingLadder.objects.exists()
    assert admin_client.get(address).status_code == 404


def test_what_failed_is_named(admin_client):
    ladder = make_small_ladder(names=("small",))
    order = training.claim_job(ladder.jobs.get().pk, now=NOW)
    training.fail_job(order, error="CorpusError: <line 3>", now=NOW)
    shown = admin_client.get(page("ladder", "mine")).content.decode()
    assert "CorpusError: &lt;line 3&gt;" in shown and "Go on" in shown


def test_the_pages_are_linked_and_the_rows_can_be_read(admin_client):
    make_small_ladder()
    models = admin_client.get(reverse("staff:checkpoint_list")).content.decode()
    assert re.search(r'href="/staff/training/new/"', models) and "model_training" in models
    for model in ("trainingladder", "trainingjob"):
        assert admin_client.get(reverse(f"admin:studyapp_{model}_changelist")).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_without_a_queue_the_ladder_is_kept_and_the_page_says_so(admin_client, monkeypatch):
    """No Redis runs here."""
    monkeypatch.undo()
    assert "Nothing is lost" in post(admin_client, slug="lonely").client.get(page("list")).content.decode()
    assert TrainingLadder.objects.get().jobs.filter(state="queued").count() == 4
