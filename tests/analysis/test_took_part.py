"""Who took part: counted as asked, and no small group told, nor one that follows from what is told."""

import csv
import json

import numpy as np
import pytest

from analysis.load import load_bundle
from analysis.schema import SCHEMA_VERSION
from analysis.sections.took_part import write
from analysis.study import Study
from analysis.took_part import FEWEST, OTHERS, describe_people, hide_small
from tests.analysis.bundles import answer_with, make_rows

QUESTIONS = [
    {"name": "age", "text": "How old are you?", "type": "choice", "choices": ["young", "old"], "ordered": True},
    {"name": "news", "text": "Where do you get news?", "type": "choices", "choices": ["paper", "radio"]},
    {"name": "years", "text": "For how many years?", "type": "number"},
    {"name": "why", "text": "Why?", "type": "long_text"},
]


def make(folder, answers, *, arms=("control", "small"), questions=QUESTIONS):
    """`answers`: by arm, a dict by question for each participant."""
    rows = make_rows({arm: [answer_with(2, 2)] * len(answers[arm]) for arm in arms})
    rows.write(folder)
    names = list(dict.fromkeys(name for own in answers.values() for given in own for name in given))
    given = [own for arm in arms for own in answers[arm]]
    with (folder / "participants.csv").open(newline="") as file:
        header, *table = csv.reader(file)
    with (folder / "participants.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, *names])
        writer.writerows([*row, *(own.get(name, "") for name in names)] for row, own in zip(table, given, strict=True))
    if questions:
        manifest = {"schema_version": SCHEMA_VERSION, "design": {"questions": questions}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    return Study(load_bundle(folder))


def test_answers_are_counted_as_asked(tmp_path):
    one = {"age": "young", "news": "paper;radio", "years": 2, "why": "so"}
    other = {"age": "old", "news": "radio", "years": 6, "why": ""}
    found = describe_people(make(tmp_path, {"control": [one] * 12 + [other] * 6, "small": [one] * 6 + [other] * 12}))
    age, news, years, why = found.questions
    assert (found.analysed, found.by_arm) == (36, (18, 18))
    assert [(row.answer, row.total.n, [cell.n for cell in row.arms]) for row in age.rows] == [
        ("young", 18, [12, 6]), ("old", 18, [6, 12]),
    ]  # fmt: skip
    assert age.rows[0].spread == pytest.approx(1 / 3)
    assert [(row.answer, row.total.n, row.total.share) for row in news.rows] == [("paper", 18, 0.5), ("radio", 36, 1)]
    assert (years.total.n, years.total.median) == (36, 4)
    assert (why.answered, why.rows, why.total) == (18, (), None)  # free words are not told


def test_small_groups_are_told_nowhere(tmp_path):
    rare, common = {"age": "old"}, {"age": "young"}
    study = make(tmp_path, {"control": [common] * 20 + [rare] * 2, "small": [common] * 20 + [rare] * 9})
    section = write(study)
    [age] = describe_people(study).questions
    young, old = age.rows
    assert [cell.n for cell in (old.total, *old.arms)] == [11, None, None]  # 9 would give 2 away
    assert [cell.n for cell in (young.total, *young.arms)] == [40, None, None]
    assert young.spread is None
    assert None in [row[3] for row in section.tables["took_part"].rows]
    assert '"n": 2' not in json.dumps(section.results)


def test_nobodys_rare_words_are_shown_where_nothing_was_declared(tmp_path):
    people = [{"town": "A", "id": f"W{n}"} for n in range(30)] + [{"town": f"T{n}", "id": f"X{n}"} for n in range(6)]
    found = describe_people(make(tmp_path, {"only": people}, arms=("only",), questions=None))
    town, ids = found.questions
    assert [(row.answer, row.total.n) for row in town.rows] == [("A", 30), (OTHERS, 6)]
    assert (ids.kind, ids.rows, found.arms) == ("words", (), ())


def test_without_questions_it_says_so(tmp_path):
    study = Study(load_bundle(make_rows({"control": [answer_with(2, 2)]}).write(tmp_path)))
    assert write(study).context["told"].startswith("Nothing was asked")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("is_exclusive", [True, False])
def test_no_line_has_a_single_hidden_cell(seed, is_exclusive):
    rng = np.random.default_rng(seed)
    arms = rng.poisson(rng.choice([2, 6, 15]), size=(rng.integers(1, 6), rng.integers(1, 5)))
    counts = np.concatenate([arms.sum(1, keepdims=True), arms], axis=1)
    hidden = hide_small(counts, counts.sum(0), is_exclusive=is_exclusive)
    assert hidden[(counts > 0) & (counts < FEWEST)].all()
    lines = [*hidden, *(hidden.T if is_exclusive else [])]
    assert not any(line.sum() == 1 for line in lines if len(line) > 1)
