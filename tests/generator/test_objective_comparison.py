"""The comparison on a tiny model: equal steps and draws, its tables, and that it goes on."""

import csv
import re

import pytest

from benchmarks.objective_costs import main as measure_costs
from generator.adaptation import Adaptation, TaskLoss
from generator.model_card import read_card
from generator.objective_comparison import Comparison, list_objectives, main
from generator.objectives import OBJECTIVES, Objective


def test_every_objective_is_compared():
    found = list_objectives(Objective("plain", shots=1, length=32), strength=2.0)
    assert {objective.name for objective in found.values()} == set(OBJECTIVES)
    assert {(objective.shots, objective.length) for objective in found.values()} == {(1, 32)}
    assert found["maml-first-order"].first_order and not found["maml"].first_order
    assert found["taml-gini"].strength == 2.0


def record(before, after):
    return Adaptation.over([TaskLoss(name, 2, 9, before + i, after + i) for i, name in enumerate("ab")])


def test_the_table_has_means_spreads_and_differences_seed_by_seed():
    objectives = list_objectives(Objective("plain"), strength=None)
    runs = {"plain": {1: record(3, 3), 2: record(4, 4)}, "maml": {1: record(3, 2), 2: record(4, 2.5)}}
    lines = Comparison(record(5, 5), runs, objectives).render().splitlines()
    assert lines[2].startswith("| the checkpoint |  | 5.5000 | 5.5000 |  | ")
    assert lines[3].startswith("| plain | 2 | 4.0000 ± 0.7071 | 4.0000 ± 0.7071 |  | ")
    assert lines[4].startswith("| maml | 2 | 4.0000 ± 0.7071 | 2.7500 ± 0.3536 | -1.2500 ± 0.3536 | ")


def test_the_command_line(section_news, section_model, tmp_path, capsys):
    arguments = [
        "--from",
        str(section_model),
        "--corpus",
        str(section_news),
        "--out",
        str(tmp_path),
        "--device",
        "cpu",
        "--steps",
        "2",
    ]
    arguments += ["--seeds", "1", "--tasks", "2", "--shots", "1", "--task-tokens", "32", "--objective", "taml-gini"]
    assert main(arguments) == 0
    table = (tmp_path / "comparison.md").read_text()
    assert table.strip() in capsys.readouterr().out
    assert re.search(r"^\| taml-gini, λ 1 \| 1 \| \d", table, flags=re.MULTILINE)
    cards = {name: read_card(tmp_path / f"{name}-1") for name in ("plain", "taml-gini")}
    assert {(card.steps, card.best_step, card.tokens_seen) for card in cards.values()} == {(2, 2, 256)}
    with (tmp_path / "comparison.csv").open() as file:
        rows = {row["objective"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["start", "plain", "taml-gini"]
    assert float(rows["taml-gini"]["theil_after"]) == cards["taml-gini"].adaptation.inequality_after["theil"]
    assert main(arguments) == 0
    assert "already trained" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([*arguments, "--objective", "taml"])
    assert "there is no taml; choose from plain, maml-first-order" in capsys.readouterr().err


def test_the_cost_of_each_step_is_measured(capsys):
    assert measure_costs(["--size", "demo-control", "--rounds", "1", "--tasks", "2", "--task-tokens", "16"]) == 0
    printed = capsys.readouterr().out
    ratios = dict(re.findall(r"^\| ([^|]+) \| [\d.]+ \| ([\d.]+) ", printed, flags=re.MULTILINE))
    assert list(ratios) == [
        "plain", "maml, first-order", "maml", "taml-entropy, first-order", "taml-entropy", "taml-theil, first-order",
        "taml-theil",
    ]  # fmt: skip
    assert float(ratios["plain"]) == 1 and all(float(ratio) > 0 for ratio in ratios.values())
