import csv
import tomllib
from pathlib import Path

import pytest

from generator.ladder import LadderError, main, read_ladder
from generator.model_card import read_card

EXAMPLE = Path(__file__).parents[2] / "examples" / "ladder.toml"
LADDER = """
[ladder]
corpus = ["news.jsonl"]
vocab = 400
context = 64
seed = 2
attention = "dense"
[[model]]
name = "one"
size = "demo-control"
tokens = 2000
batch_tokens = 512
[[model]]
name = "two"
size = "0.3m"
tokens = 3000
batch_tokens = 512
lr = 0.002
"""


def test_a_ladder_is_trained_drawn_and_skipped(corpus_file, tmp_path, capsys):
    file, out = tmp_path / "ladder.toml", tmp_path / "models"
    file.write_text(LADDER)
    (tmp_path / "news.jsonl").write_bytes(corpus_file.read_bytes())
    assert main([str(file), "--out", str(out)]) == 0
    assert "all models: 100%" in capsys.readouterr().out
    with (out / "ladder.csv").open() as table:
        rows = list(csv.DictReader(table))
    cards = [read_card(out / name) for name in ("one", "two")]
    assert [row["name"] for row in rows] == ["one", "two"]
    assert [int(row["n_params"]) for row in rows] == [card.n_params for card in cards]
    assert cards[0].corpus_sha256 == cards[1].corpus_sha256
    assert (out / "one" / "tokenizer.json").read_bytes() == (out / "two" / "tokenizer.json").read_bytes()
    assert (cards[1].spec.peak_lr, cards[1].seed) == (0.002, 2)
    assert b"<svg" in (out / "ladder.svg").read_bytes() and (out / "ladder.png").stat().st_size > 5000
    assert main([str(file), "--out", str(out)]) == 0
    assert capsys.readouterr().out.count("already trained") == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[ladder]", "[ladder", "Expected ']'"),
        ("vocab = 400", "", "'vocab' is missing"),
        ("vocab = 400", "vocab = 400\ncolour = 1", "there is no colour"),
        ('size = "0.3m"', 'size = "4m"', "there is no size '4m'"),
        ('name = "two"', 'name = "one"', "a name of its own"),
        ("tokens = 3000", "tokens = -1", "tokens of two"),
    ],
)
def test_a_faulty_file_is_named(tmp_path, old, new, message):
    file = tmp_path / "ladder.toml"
    file.write_text(LADDER.replace(old, new))
    with pytest.raises(LadderError, match=message) as caught:
        read_ladder(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_and_a_missing_corpus(tmp_path, capsys):
    assert main([str(tmp_path / "none.toml"), "--out", str(tmp_path)]) == 2
    file = tmp_path / "ladder.toml"
    file.write_text(LADDER.replace('corpus = ["news.jsonl"]', ""))
    assert main([str(file), "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "cannot be read" in error and "names no corpus" in error


def test_the_example_ladder():
    ladder = read_ladder(EXAMPLE)
    assert [(rung.name, rung.spec.name) for rung in ladder.rungs] == [
        ("control", "demo-control"), ("small", "0.3m"), ("medium", "1m"), ("large", "3m"),
    ]  # fmt: skip
    assert {rung.spec.context for rung in ladder.rungs} == {1024}
    assert tomllib.loads(EXAMPLE.read_text())["ladder"]["vocab"] == ladder.vocab_size == 2048
