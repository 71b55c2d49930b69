import pytest

from studyapp.domain.ladder_file import Budget, BudgetKind, LadderFileError, read_rungs, set_budget

LADDER = """# ours
[ladder]
corpus = ["mine.jsonl"]
vocab = 300
context = 64
[[model]]
name = "a"
size = "demo-control"
tokens = 1000
[[model]]
name = "b"
size = "1M"
tokens = 3000
"""


@pytest.mark.parametrize(
    ("kind", "amount", "tokens"),
    [
        (BudgetKind.FILE, 1.0, [1000, 3000]),
        (BudgetKind.TIMES, 1.5, [1500, 4500]),
        (BudgetKind.TOKENS, 700, [700, 700]),
        (BudgetKind.TIMES, 1e-9, [1, 1]),
    ],
)
def test_a_budget_changes_the_tokens_and_nothing_else(kind, amount, tokens):
    text = set_budget(LADDER, Budget(kind, amount))
    assert [rung.tokens for rung in read_rungs(text)] == tokens
    assert text.startswith("# ours") and "mine.jsonl" not in text
    assert [rung.name for rung in read_rungs(text)] == ["a", "b"]


def test_tokens_a_parameter():
    rungs = read_rungs(set_budget(LADDER, Budget(BudgetKind.PER_PARAMETER, 20)))
    assert [rung.tokens for rung in rungs] == [20 * rung.n_params for rung in rungs]


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf")])
def test_a_budget_is_above_nothing_and_an_end_to_it(amount):
    with pytest.raises(ValueError, match="above 0"):
        Budget(BudgetKind.TIMES, amount)


def test_every_fault_is_named_with_its_key_and_what_was_meant():
    text = LADDER.replace("context", "contxt").replace('"a"', '"../a"').replace("3000", '"many"') + "[more]\n"
    with pytest.raises(LadderFileError) as refused:
        read_rungs(text)
    faults = "\n".join(refused.value.faults)
    assert "did you mean 'context'" in faults
    assert "[[model]] 1 name: '../a' becomes a folder" in faults
    assert "[[model]] 2 tokens: is 'many'; it must be a whole number" in faults
    assert "more: there is no such part" in faults


def test_a_tokenizer_of_another_machine_is_not_looked_for():
    with pytest.raises(LadderFileError, match="leave this key out"):
        read_rungs(LADDER.replace("vocab = 300", 'vocab = 300\ntokenizer = "/etc"'))


@pytest.mark.parametrize("name", ["corpus", "lock", "A", "a/b", "..", ".a", "a b", ""])
def test_a_models_name_is_a_folder_of_its_own(name):
    with pytest.raises(LadderFileError, match="becomes a folder"):
        read_rungs(LADDER.replace('"a"', f'"{name}"'))


@pytest.mark.parametrize("text", ["", "x", "[ladder]\nvocab = 300\n", "model = 3\n", "ladder = 3\n[[model]]\n"])
def test_what_is_no_ladder_is_refused(text):
    with pytest.raises(LadderFileError):
        read_rungs(text)


@pytest.mark.parametrize("said", ["[" * 5000, "9" * 5000, "nan]"])
def test_what_no_reader_of_toml_can_stand_is_refused(said):
    with pytest.raises(LadderFileError, match="This is no TOML"):
        read_rungs(f"{LADDER}x = {said}")
