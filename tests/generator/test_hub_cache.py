import json

import pytest
from huggingface_hub import constants

from generator.checkpoint_files import CheckpointError
from generator.hub_cache import find_snapshot, open_cached_writer
from generator.sample import main
from tests.generator.conftest import make_articles, write_jsonl
from tests.generator.foreign_models import make_foreign, put_into_cache
from tests.generator.test_foreign_models import REQUEST


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with two commits of one repository: main, and a proposed change."""
    root = tmp_path_factory.mktemp("hub")
    folder = make_foreign(root / "made", "pythia")
    put_into_cache(root / "cache", "Family/tiny-70m", folder, commit="a" * 40)
    put_into_cache(root / "cache", "Family/tiny-70m", folder, commit="b" * 40, ref="refs/pr/3")
    return root / "cache"


@pytest.mark.parametrize(
    ("reference", "commit"),
    [
        ("Family/tiny-70m", "a"), ("Family/tiny-70m@main", "a"), ("Family/tiny-70m@refs/pr/3", "b"),
        (f"Family/tiny-70m@{'b' * 40}", "b"),
    ],
)  # fmt: skip
def test_a_name_and_a_pinned_revision_lead_to_their_commit(cache, reference, commit):
    snapshot = find_snapshot(reference, cache=cache)
    assert (snapshot.repo, snapshot.commit) == ("Family/tiny-70m", commit * 40)
    assert (snapshot.folder / "config.json").is_file()


def test_drafts_carry_the_commit_that_wrote_them(cache):
    writer = open_cached_writer("Family/tiny-70m@refs/pr/3", cache=cache, device="cpu")
    assert writer.name == "Family/tiny-70m@refs/pr/3"
    versions = {draft.model_version for draft in writer.write(REQUEST, seeds=[1, 2])}
    assert versions == {f"{'b' * 40}; transformers float32 cpu"}


def test_what_is_not_there_is_not_fetched_and_the_error_says_how_to_get_it(cache):
    with pytest.raises(CheckpointError, match=r"not in the Hugging Face cache .*hf download \S+ --revision v2"):
        find_snapshot("Family/other-7b@v2", cache=cache)
    with pytest.raises(CheckpointError, match=r"copy its folder models--Family--tiny-70m"):
        find_snapshot("Family/tiny-70m@step1000", cache=cache)


@pytest.mark.parametrize("reference", ["", "../etc", "a/b/c", "Family/..", "a b/c", "Family/x@"])
def test_what_names_no_repository_is_refused(cache, reference):
    with pytest.raises(CheckpointError, match="names no model"):
        find_snapshot(reference, cache=cache)


def test_the_command_line_takes_a_repository(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    articles = write_jsonl(tmp_path / "articles.jsonl", make_articles(1, words=40))
    out = tmp_path / "out.jsonl"
    arguments = ["--articles", str(articles), "--out", str(out), "--candidates", "1", "--device", "cpu"]
    assert main(["--model", "Family/tiny-70m", *arguments]) == 0
    row = json.loads(out.read_text())
    assert (row["model"], row["model_version"]) == ("Family/tiny-70m", f"{'a' * 40}; transformers float32 cpu")
    assert main(["--model", "Family/tiny-70m@refs/pr/3", *arguments]) == 0
    assert json.loads(out.read_text())["model_version"] == f"{'b' * 40}; transformers float32 cpu"
    assert main(["--model", "Family/none", *arguments]) == 2
    assert "hf download Family/none" in capsys.readouterr().err
    assert main(["--model", "Family/tiny-70m", "--chat", *arguments]) == 2
    assert "no chat template" in capsys.readouterr().err
