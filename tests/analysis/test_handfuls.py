"""A handful of answers, as a first look at a study gives: every section has something to say, or a reason."""

import random

import pytest

from analysis.load import load_bundle
from analysis.results import write_json
from analysis.sections import ORDER, find_writer
from analysis.study import Study
from tests.analysis.bundles import make_rows


def draw_handful(seed):
    """Four arms of four people with four texts each, whose models may be of one size."""
    rng = random.Random(seed)
    share = rng.choice([0.5, 0.7, 0.95, 1.0])
    people = {arm: [] for arm in ("control", "tiny", "small", "large")}
    for answers in people.values():
        for number in range(4):
            given = []
            for text in range(4):
                source = "model" if (text + number) % 2 else "human"
                says_machine = (source == "model") == (rng.random() < share)
                neutral = rng.random() < 0.1
                given.append((source, 3 if neutral else rng.choice((4, 5) if says_machine else (1, 2))))
            answers.append(given)
    rows = make_rows(people, sizes=dict.fromkeys(people, 58_240) if rng.random() < 0.5 else None)
    for trial in rows.trials:
        trial["seconds"] = round(rng.lognormvariate(1, 1), 3)
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_every_section_answers(seed, tmp_path):
    study = Study(load_bundle(draw_handful(seed).write(tmp_path)), seed=seed)
    for name in ORDER:
        section = find_writer(name)(study)
        assert section.name == name
        write_json({name: section.results})
