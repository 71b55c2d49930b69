"""The study and the generator read ladder files without sharing code: here they are held to the same."""

import dataclasses
from pathlib import Path

import pytest

from generator import ladder as generator_ladder
from generator.corpus import DOCUMENT_BREAK, SUFFIXES
from generator.ladder import LadderError, read_ladder
from generator.specs import ALIASES, ATTENTIONS, SIZES
from generator.tokenizer import MIN_VOCABULARY
from studyapp.domain import corpus_file, ladder_file
from studyapp.domain.ladder_file import Budget, BudgetKind, LadderFileError, read_rungs, set_budget
from studyapp.staff_site.training_setup import LADDERS_DIR

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = [*sorted(LADDERS_DIR.glob("*.toml")), ROOT / "examples/ladder.toml"]
GOOD = """
[ladder]
vocab = 2048
context = 256
seed = 3
attention = "dense"
[[model]]
name = "one"
size = "125M"
tokens = 1000
batch_tokens = 512
lr = 0.001
[[model]]
name = "two"
size = "0.3m"
tokens = 2000
"""


def test_the_sizes_are_the_same():
    assert list(ladder_file.SHAPES) == list(SIZES)
    assert ladder_file.ALIASES == ALIASES
    assert (ladder_file.ATTENTIONS, ladder_file.MIN_VOCABULARY) == (ATTENTIONS, MIN_VOCABULARY)
    assert (corpus_file.SUFFIXES, corpus_file.DOCUMENT_BREAK) == (SUFFIXES, DOCUMENT_BREAK)


@pytest.mark.parametrize("size", [*SIZES, *ALIASES])
@pytest.mark.parametrize("context", [None, 96])
def test_a_size_has_the_same_parameters_on_both_sides(tmp_path, size, context):
    text = GOOD.replace('"125M"', f'"{size}"').replace("context = 256", f"context = {context}" if context else "")
    assert [rung.n_params for rung in read_rungs(text)] == [rung.spec.n_params for rung in read(tmp_path, text)]


def test_the_keys_are_the_same():
    for kind, keys in ((ladder_file._Common, "_LADDER_KEYS"), (ladder_file._Model, "_MODEL_KEYS")):
        assert {field.name for field in dataclasses.fields(kind)} == getattr(generator_ladder, keys)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_ladder_is_read_alike_and_grows(path):
    ours, theirs = read_rungs(path.read_text()), read_ladder(path).rungs
    assert [(rung.name, rung.n_params, rung.tokens) for rung in ours] == [
        (rung.name, rung.spec.n_params, rung.tokens) for rung in theirs
    ]
    sizes = [rung.n_params for rung in ours if rung.name != "control"]
    assert sizes == sorted(sizes) and len(sizes) >= 3


def test_a_budget_is_written_into_the_file_that_the_generator_reads(tmp_path):
    text = set_budget(GOOD, Budget(BudgetKind.PER_PARAMETER, 20))
    for rung in read(tmp_path, text):
        assert rung.tokens == 20 * rung.spec.n_params


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("vocab = 2048", ""),
        ("vocab = 2048", 'vocab = "many"'),
        ("context = 256", "contxt = 256"),
        ("context = 256", "context = 0"),
        ("context = 256", "band = 0"),
        ('"dense"', '"sparse"'),
        ("tokens = 1000", "tokens = 0"),
        ("tokens = 1000", "tokens = 1.5"),
        ("tokens = 1000", ""),
        ('size = "125M"', 'size = "126M"'),
        ('name = "one"', 'name = "two"'),
        ("lr = 0.001", "lr = 2"),
        ("batch_tokens = 512", "batch_tokens = -1"),
        ("[ladder]", "[steps]\n[ladder]"),
        ("[ladder]", "[ladder"),
    ],
)
def test_what_the_generator_refuses_the_form_refuses_first(tmp_path, old, new):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    with pytest.raises(LadderError):
        read(tmp_path, text)
    with pytest.raises(LadderFileError):
        read_rungs(text)


def read(folder, text):
    path = folder / "ladder.toml"
    path.write_text(text)
    return read_ladder(path).rungs
