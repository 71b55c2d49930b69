import pytest

from generator.corpus import gather_corpus, read_articles
from studyapp.actions import training
from studyapp.actions.training_ladders import LadderRefusedError, list_corpora, remove_ladder, store_corpus
from studyapp.model_files.shelf import hold_folder
from studyapp.models import Article, TrainingJob, TrainingLadder
from tests.studyapp.ladder_rows import make_small_ladder
from tests.studyapp.study_rows import NOW, make_articles, make_draft

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    settings.MODELS_DIR, settings.CORPORA_DIR = tmp_path / "models", tmp_path / "corpora"
    settings.TRAINING_DIR = tmp_path / "training"


def test_a_ladder_has_a_queued_job_for_each_of_its_models():
    ladder = make_small_ladder(names=("b", "a"), tokens=5000)
    jobs = ladder.jobs.order_by("position").values_list("name", "size", "budget", "state")
    assert list(jobs) == [("b", "demo-control", 5000, "queued"), ("a", "demo-control", 5000, "queued")]
    assert ladder.exclude_paths == ()


def test_a_studys_articles_are_kept_out_of_the_corpus_by_the_generator_that_reads_them(settings):
    study = make_draft(n_items=3)
    ladder = make_small_ladder(studies=(study.pk,))
    [exclude] = ladder.exclude_paths
    assert ladder.n_kept_out == len(read_articles(exclude)) == 4  # its items and its context article
    settings.CORPORA_DIR.joinpath("leak.jsonl").write_text(exclude.read_text())
    leaking = (*ladder.corpus_paths, settings.CORPORA_DIR / "leak.jsonl")
    corpus = gather_corpus(leaking, exclude=ladder.exclude_paths)
    assert set(corpus.excluded) == set(Article.objects.values_list("ref", flat=True))


def test_every_imported_article_can_be_kept_out():
    make_articles(5)
    ladder = make_small_ladder(keeps_out_imported=True)
    assert (ladder.n_kept_out, ladder.kept_out) == (5, ["every imported article"])


def test_imported_articles_of_no_study_can_be_trained_on():
    make_draft(n_items=3)
    refs = make_articles(6, prefix="free")
    ladder = make_small_ladder(corpus_files=(), takes_imported=True)
    [file] = ladder.corpus_paths
    assert [article.ref for article in read_articles(file)] == refs


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"slug": "taken"}, "already"),
        ({"slug": "shelf"}, "lies on the shelf already"),
        ({"corpus_files": ()}, "Choose a corpus"),
        ({"corpus_files": (), "takes_imported": True}, "Fewer than two"),
    ],
)
def test_a_ladder_that_cannot_be_says_why_and_makes_nothing(settings, changes, fault):
    make_small_ladder("taken")
    (settings.MODELS_DIR / "shelf" / "old").mkdir(parents=True)
    with pytest.raises(LadderRefusedError, match=fault):
        make_small_ladder(**changes)
    assert TrainingLadder.objects.count() == 1


def put_run(ladder, name, *, done):
    folder = ladder.folder / name
    (folder / "training").mkdir(parents=True)
    if done:
        (folder / "byline.json").write_text("{}")
        ladder.jobs.filter(name=name).update(state="done")


def test_a_removed_ladder_leaves_its_finished_models_and_nothing_else():
    ladder = make_small_ladder(names=("a", "b"), keeps_out_imported=True)
    put_run(ladder, "a", done=True)
    put_run(ladder, "b", done=False)
    (ladder.folder / "corpus").mkdir()
    with pytest.raises(LadderRefusedError, match="stop it first"):
        remove_ladder(ladder)
    training.stop_ladder(ladder)
    with hold_folder(ladder.folder), pytest.raises(LadderRefusedError, match="in a moment"):
        remove_ladder(ladder)
    folder, material = ladder.folder, ladder.material_dir
    remove_ladder(ladder)
    assert not TrainingJob.objects.exists() and not material.exists()
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["a"]


def test_a_ladder_that_came_to_nothing_leaves_no_folder_and_its_name_is_free():
    ladder = make_small_ladder(names=("a",))
    training.claim_job(ladder.jobs.get().pk, now=NOW)
    put_run(ladder, "a", done=False)
    training.stop_ladder(ladder)
    folder = ladder.folder
    remove_ladder(ladder)
    assert not folder.exists()
    assert make_small_ladder(names=("a",)).pk


def test_a_corpus_is_stored_whole_and_never_overwritten(settings):
    folder = settings.CORPORA_DIR
    store_corpus(iter([b"one ", b"two"]), name="a.jsonl", folder=folder)
    assert (folder / "a.jsonl").read_bytes() == b"one two"
    with pytest.raises(LadderRefusedError, match="tick it"):
        store_corpus([b"three"], name="a.jsonl", folder=folder)

    def break_off():
        yield b"half"
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        store_corpus(break_off(), name="b.jsonl", folder=folder)
    (folder / "notes.md").touch()
    assert list_corpora(folder) == ["a.jsonl"]
    assert list_corpora(folder / "none") == []
    assert sorted(path.name for path in folder.iterdir()) == ["a.jsonl", "notes.md"]
