"""What the texts give away, held against planted faults."""

import random
from dataclasses import replace

import pytest

from studyapp.domain.launch_audit import check_power, check_stimuli
from studyapp.domain.launch_facts import TextPair
from tests.studyapp.domain.launch_studies import ARM, CONTROL, READY, write_pairs


def find(facts, topic, level):
    return [finding.message for finding in check_stimuli(facts) if (finding.topic, finding.level) == (topic, level)]


def with_pairs(change, *, share=1.0, arm=ARM):
    cut = round(len(arm.pairs) * share)
    pairs = tuple(change(pair) for pair in arm.pairs[:cut]) + arm.pairs[cut:]
    return replace(READY, arms=(CONTROL, replace(arm, pairs=pairs)))


def test_texts_that_are_alike_pass_every_check():
    assert [finding for finding in check_stimuli(READY) if finding.level != "pass"] == []


def test_prompts_that_lacked_room_for_their_context_are_counted():
    few = replace(READY, arms=(CONTROL, replace(ARM, shots=4, short_of_shots=3)))
    (message,) = find(few, "Prompts", "warn")
    assert message.startswith("small: 3 of 60 texts were written with fewer than 4 articles before them")
    all_there = replace(few, arms=(replace(ARM, shots=4),))
    assert find(all_there, "Prompts", "pass") == ["small: every text was written with 4 articles before it."]


def test_lengths_are_told_as_words_and_as_a_paired_difference():
    shorter = with_pairs(lambda pair: replace(pair, model=" ".join(pair.model.split()[:-20])))
    (message,) = find(shorter, "Lengths", "warn")
    assert message.startswith("small: words human:model 100:8") and "paired difference -2" in message


@pytest.mark.parametrize(
    ("change", "share", "message"),
    [
        ({"human_run": 15}, 0.2, "small: 12 of 60 texts share 12 words in a row or more with the human article"),
        ({"training_run": 40}, 1.0, "small: 60 of 60 texts share 32 words in a row or more with the model's training"),
    ],
)
def test_long_runs_are_counted(change, share, message):
    facts = with_pairs(lambda pair: replace(pair, **change), share=share)
    assert any(text.startswith(message) for text in find(facts, "Overlap", "warn"))


def test_a_run_that_nobody_measured_is_counted_here():
    def copy(pair):
        return TextPair(human=pair.human, model=" ".join(pair.human.split()[:30]) + " " + pair.model)

    assert find(with_pairs(copy, share=0.5), "Overlap", "warn")[0].startswith("small: 30 of 60")


def test_a_cue_warns_but_not_for_the_control():
    def in_one(pair):
        return replace(pair, model=pair.model.replace("\n\n", " "))

    (message,) = find(with_pairs(in_one), "Blinding", "warn")
    assert "tells the sources apart: 100 % of texts" in message
    assert "Most is given away by paragraphs: 4.0 in human texts, 1.0 in the model's (AUC 1.00 by itself)" in message
    facts = with_pairs(in_one, arm=CONTROL)
    assert not find(facts, "Blinding", "warn")
    assert any("a control is meant to be told" in text for text in find(facts, "Blinding", "pass"))


def test_traces_are_told_for_models_and_for_newsrooms():
    model = with_pairs(lambda pair: replace(pair, model=f"Title: x\n\n{pair.model}"), share=0.05)
    assert find(model, "Traces", "warn") == ["small: model texts that give themselves away: a prompt's label (3)."]
    pairs = tuple(replace(pair, human=f"LONDON (Reuters) - {pair.human}") for pair in ARM.pairs[:2]) + ARM.pairs[2:]
    human = replace(READY, arms=(CONTROL, replace(ARM, pairs=pairs)))
    assert find(human, "Traces", "warn") == ["Human texts that give themselves away: an agency's line (2)."]


def test_a_small_study_is_told_what_it_cannot_find_and_a_large_one_what_it_can():
    (small,) = check_power(replace(READY, participants_per_cell=5))
    assert (small.level, "the smallest published one was 10" in small.message) == ("warn", True)
    arms = [replace(ARM, name=f"m{n}", n_params=10**n) for n in (6, 7, 8)]
    difference, trend = check_power(replace(READY, participants_per_cell=100, arms=(CONTROL, *arms)))
    assert (difference.level, trend.level) == ("pass", "pass")
    assert "200 participants an arm and 60 items" in difference.message
    assert check_power(replace(READY, arms=(CONTROL,))) == []


def test_an_audit_of_a_large_study_is_quick():
    """Nine arms of a hundred items: what a page can wait for."""
    import time

    rng = random.Random(1)
    arms = tuple(replace(ARM, name=str(n), pairs=write_pairs(100, words=200, rng=rng)) for n in range(9))
    started = time.process_time()
    check_stimuli(replace(READY, arms=arms))
    assert time.process_time() - started < 20
