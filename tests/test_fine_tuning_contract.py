"""The study and the generator say fine-tuning without sharing code: here both are held to the same."""

import pytest

from generator import finetune, tuning_costs
from studyapp.domain import fine_tuning
from studyapp.domain.fine_tuning import FineTuning


def parse(tuning, **more):
    said = {"model": "m", "corpus": ["a.jsonl", "b.csv"], "exclude": [], "others": [], "out": "o", **more}
    return finetune.parse_arguments(tuning.list_arguments(**said))


def test_the_defaults_are_the_same():
    typed = finetune.parse_arguments(["--model", "m", "--corpus", "a.jsonl", "--corpus", "b.csv", "--out", "o"])
    assert vars(parse(FineTuning(method="full"))) == vars(typed)
    assert (fine_tuning.RATES, fine_tuning.LONGEST) == (finetune.RATES, finetune.LONGEST)
    assert (fine_tuning.EPOCHS, fine_tuning.BATCH_TOKENS) == (finetune.EPOCHS, finetune.BATCH_TOKENS)
    assert tuning_costs.PROBES == fine_tuning.PROBES


def test_all_that_can_be_said_reaches_the_command():
    tuning = FineTuning(
        method="lora", rank=4, alpha=6.0, tokens=9000, rate=0.01, batch_tokens=256, context=64,
        sections=("Sport", "--Odd, indeed"), others=("far.jsonl",), probes=3, seed=7,
    )  # fmt: skip
    assert FineTuning.from_row(tuning.to_row()) == tuning
    options = parse(tuning, exclude=["x.jsonl"], others=["/c/far.jsonl"])
    assert (options.lora, options.alpha, options.tokens, options.lr) == (4, 6.0, 9000, 0.01)
    assert (options.batch_tokens, options.context, options.probes, options.seed) == (256, 64, 3, 7)
    assert options.section == ["Sport", "--Odd, indeed"]
    assert [path.name for path in (*options.exclude, *options.other)] == ["x.jsonl", "far.jsonl"]
    assert parse(FineTuning(epochs=0.5)).epochs == 0.5


@pytest.mark.parametrize(
    ("key", "value"),
    [("rank", 0), ("alpha", 0.0), ("epochs", 0.0), ("tokens", 0), ("rate", 1.0), ("batch_tokens", 0), ("context", 1),
     ("probes", 0), ("seed", -1), ("method", "half")],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_name(key, value):
    with pytest.raises(ValueError, match=f"^{key}: "):
        FineTuning(**{key: value})
