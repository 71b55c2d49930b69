"""The benchmarks themselves, on a tiny model: that every number comes, not how large it is."""

import json

import pytest

from benchmarks.floor import Machine, find_floor
from benchmarks.run import main
from benchmarks.sampling_job import Job


@pytest.mark.parametrize(
    ("suite", "peer", "share"),
    [
        ("training", "Hugging Face Trainer", "matrix products measured in the same process"),
        pytest.param("sampling", "transformers generate, a title at a time", "s for the job", marks=pytest.mark.slow),
    ],
)
def test_a_suite_measures_byline_and_a_peer(suite, peer, share, tmp_path, capsys):
    assert main([suite, "--quick", "--rounds", "2", "--threads", "1", "--only", peer, "--out", str(tmp_path)]) == 0
    (table,) = json.loads((tmp_path / "benchmarks.json").read_text())
    ours, other = table["rows"]
    assert (ours["name"], other["name"]) == ("Byline", peer)
    assert ours["ratios"] == [1.0, 1.0], "against itself"
    for own, speed, ratio in zip(ours["speeds"], other["speeds"], other["ratios"], strict=True):
        assert ratio == pytest.approx(own / speed)
    printed = capsys.readouterr().out
    assert f"| {peer} |" in printed and share in " ".join(printed.split())


@pytest.mark.slow
def test_growth_and_a_contender_that_cannot_run(tmp_path, capsys):
    arguments = ["growth", "sampling", "--quick", "--rounds", "1", "--threads", "1", "--out", str(tmp_path)]
    assert main([*arguments, "--only", "CTranslate2"]) == 0
    *growth, sampling = json.loads((tmp_path / "benchmarks.json").read_text())
    assert [len(table["growth"]) for table in growth] == [2, 2, 2, 2]
    assert [row["tokens"] for row in growth[1]["growth"]] == [5 * 1 * 6, 5 * 5 * 6], "candidates of 6 tokens"
    assert [row["name"] for row in sampling["rows"]] == ["Byline"]
    assert "CTranslate2: left out: ModuleNotFoundError" in capsys.readouterr().out


def test_what_is_not_there_is_named(tmp_path, capsys):
    for arguments, message in (
        (["speed"], "no suite speed; choose from training, sampling, growth"),
        (["--only", "vLLM"], "there is no vLLM; choose from Byline"),
        (["--nanogpt", str(tmp_path)], "model.py"),
    ):
        with pytest.raises(SystemExit):
            main(arguments)
        assert message in capsys.readouterr().err


def test_the_floor_is_operations_or_bytes_whichever_is_more():
    """By hand: one title, one candidate, one token, so that every count is a product of the shape."""
    job = Job(size="tiny", folder="", titles=1, candidates=1, context_tokens=0, title_tokens=2, new_tokens=2, threads=1)
    spec = job.spec
    matrices = 12 * spec.d_model**2 * spec.n_layers
    output, key = spec.vocab_size * spec.d_model, 2 * spec.n_layers * spec.d_model
    floor = find_floor(job, Machine(matrix_rate=1.0, bandwidth=1e9))
    assert floor.prompts == pytest.approx(2 * matrices * 2 + 2 * output + 2 * key * 2)
    assert floor.decoding == pytest.approx(2 * (2 * (matrices + output) + 2 * key * 3))
    slow_memory = find_floor(job, Machine(matrix_rate=1e12, bandwidth=1.0))
    assert slow_memory.decoding == slow_memory.bytes_only == pytest.approx(2 * 4 * (matrices + output + key * 3))
