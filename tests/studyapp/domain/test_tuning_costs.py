"""What fine-tuning did to a model, as a finding of the launch checklist."""

import copy

import pytest

from studyapp.domain.tuning_costs import check_tuning, read_costs

STATE = {
    "losses": {"held out": 4.0, "other sections": 4.2, "other.jsonl": 5.0},
    "memorisation": {
        "recalled": 0.1,
        "recalled_held_out": 0.1,
        "ngram_share": 0.0,
        "longest_run": 9,
        "extracted": 0.0,
    },
}
SAID = {"format": 1, "started_from": "small", "method": "lora", "before": STATE, "after": copy.deepcopy(STATE)}


def check(**after):
    said = copy.deepcopy(SAID)
    for part in ("losses", "memorisation"):
        said["after"][part] |= {key: value for key, value in after.items() if key in STATE[part]}
    return check_tuning("tuned", read_costs(said))


def test_nothing_worse_passes_and_a_lower_loss_is_what_was_wanted():
    finding = check(**{"held out": 9.0, "other sections": 4.21})
    assert finding.level == "pass"
    assert finding.message.startswith("tuned: fine-tuned from small (an adapter (LoRA)): no other text became harder")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({"other.jsonl": 5.5}, "the loss of other.jsonl rose from 5.00 to 5.50 nats a token"),
        ({"recalled": 0.3, "longest_run": 40}, "come back from their beginning rose from 10 to 30 %; the longest run"),
        ({"ngram_share": 0.05}, "8-grams of its texts that stand in the training text rose from 0 to 5 %"),
    ],
)
def test_what_rose_is_a_warning_with_its_numbers(after, said):
    finding = check(**after)
    assert finding.level == "warn" and said in finding.message


@pytest.mark.parametrize(
    "content", [None, [], {}, {**SAID, "format": 2}, {**SAID, "after": {"losses": {}}}, {**SAID, "before": 3}]
)
def test_what_is_not_understood_is_no_finding(content):
    assert read_costs(content) is None
