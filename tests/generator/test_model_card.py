import json
import subprocess
import sys
from importlib.metadata import version

import pytest

from generator.model_card import CardError, read_card


def test_the_card_says_what_was_made(checkpoints):
    card = read_card(checkpoints["alternating"])
    assert card.n_params == card.spec.n_params
    assert card.tokens_seen >= card.tokens_budget == 40_000
    assert 0 < card.held_out_loss < 6 and 0 < card.train_loss < 6
    assert card.corpus_files == ("news.jsonl",) and len(card.corpus_sha256) == 64
    assert (card.seed, card.device) == (3, "cpu")


def test_it_is_told_to_people_too(checkpoints):
    card = read_card(checkpoints["alternating"])
    page = (checkpoints["alternating"] / "README.md").read_text(encoding="utf-8")
    for fact in (f"{card.n_params:,}", f"{card.held_out_loss:.4f}", card.corpus_sha256, "1 of the layers banded (64"):
        assert fact in page
    assert card.code_version.startswith(version("byline"))


def test_a_card_from_before_a_field_was_there_is_read(checkpoints, tmp_path):
    content = json.loads((checkpoints["dense"] / "byline.json").read_text())
    for name in ("precision", "is_compiled", "n_processes", "train_flops"):
        del content[name]
    (tmp_path / "byline.json").write_text(json.dumps(content))
    card = read_card(tmp_path)
    assert (card.precision, card.train_flops) == ("fp32", None) and "unknown" in card.render()


def test_reading_it_needs_no_torch(checkpoints):
    script = (
        "import sys; from generator.model_card import read_card; read_card(sys.argv[1]);"
        "assert not {'torch', 'transformers', 'numpy'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script, str(checkpoints["dense"])], check=True)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no byline.json"), ("{", "no JSON"), ("{}", "not of format 1"), ('{"format": 1}', "lacks")],
)
def test_a_bad_card_is_named(tmp_path, content, message):
    if content is not None:
        (tmp_path / "byline.json").write_text(content)
    with pytest.raises(CardError, match=message):
        read_card(tmp_path)


def test_unknown_fields_are_not_passed_over(checkpoints, tmp_path):
    content = json.loads((checkpoints["dense"] / "byline.json").read_text())
    (tmp_path / "byline.json").write_text(json.dumps({**content, "colour": "red"}))
    with pytest.raises(CardError, match="colour"):
        read_card(tmp_path)
