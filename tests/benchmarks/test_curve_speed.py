"""The curve's benchmark on a tiny model: that every number comes, not how large it is."""

import re

from benchmarks.curve_speed import main
from tests.generator.conftest import make_articles, write_jsonl
from tests.generator.foreign_models import make_foreign


def test_a_curve_is_held_against_plain_passes(tmp_path, capsys):
    model = make_foreign(tmp_path / "model", "gpt2")
    articles = write_jsonl(tmp_path / "news.jsonl", make_articles(6, words=14))
    arguments = ["--model", str(model), "--articles", str(articles), "--rounds", "1", "--shots", "0,1"]
    assert main([*arguments, "--device", "cpu"]) == 0
    printed = capsys.readouterr().out
    assert "model: 6 articles, K (0, 1)" in printed
    assert len(re.findall(r"reaches \d+\.\d\d of it", printed)) == 2, "with logits, and without"
