import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from generator.tokenizer import END_OF_TEXT, load_tokenizer, train_tokenizer
from tests.generator.conftest import make_articles

CODEC = train_tokenizer([row["body"] for row in make_articles(20)], vocab_size=350)


@settings(max_examples=200)
@given(st.text())
def test_any_text_comes_back(text):
    assert CODEC.decode(CODEC.encode(text)) == text


def test_a_literal_mark_is_text():
    tokens = CODEC.encode(f"a {END_OF_TEXT} b")
    assert CODEC.end_of_text not in tokens
    assert CODEC.decode(tokens) == f"a {END_OF_TEXT} b"


def test_vocabulary_is_as_asked_for_and_compresses():
    text = make_articles(1)[0]["body"]
    assert CODEC.vocab_size == 350
    assert len(CODEC.encode(text)) < 0.6 * len(text)
    assert CODEC.encode_batch([text, "x"]) == [CODEC.encode(text), CODEC.encode("x")]
    with pytest.raises(ValueError, match="too small"):
        train_tokenizer(["text"], vocab_size=200)


def test_saved_for_us_and_for_transformers(tmp_path):
    CODEC.save(tmp_path)
    text = "Vellmar’s ferry – 12 days.\n\nTitle: Next"
    theirs = AutoTokenizer.from_pretrained(str(tmp_path))
    assert load_tokenizer(tmp_path).encode(text) == CODEC.encode(text) == theirs.encode(text)
    assert theirs.decode(theirs.encode(text)) == text
    assert theirs.eos_token_id == CODEC.end_of_text == theirs.encode(END_OF_TEXT)[0]


def test_a_folder_without_a_tokenizer_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"tokenizer\.json"):
        load_tokenizer(tmp_path)


def test_gpt2s_files_of_either_form(tmp_path):
    """vocab.json and merges.txt, as GPT-2 was published, give the tokens of tokenizer.json."""
    CODEC.save(tmp_path / "new")
    model = json.loads((tmp_path / "new" / "tokenizer.json").read_text())["model"]
    old = tmp_path / "old"
    old.mkdir()
    (old / "vocab.json").write_text(json.dumps(model["vocab"]))
    lines = ["#version: 0.2", *(" ".join(pair) for pair in model["merges"])]
    (old / "merges.txt").write_text("\n".join(lines) + "\n")
    codec, text = load_tokenizer(old), f"Vellmar’s ferry {END_OF_TEXT} – 12 days."
    assert codec.encode(text) == CODEC.encode(text) and codec.decode(codec.encode(text)) == text
    assert (codec.vocab_size, codec.end_of_text) == (CODEC.vocab_size, CODEC.end_of_text)
