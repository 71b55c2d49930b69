"""Planning by simulation: known error rates come out, the same plan gives the same numbers, and the command."""

import csv
import io
import json
import random

import numpy as np
import pytest

from analysis import power
from analysis.power import plan_power
from analysis.power_design import Plan, PlannedArm, Spread, make_published_arms, probit_sd
from analysis.power_draws import draw_studies
from analysis.power_grid import simulate_design
from tests.analysis.bundles import draw_people, make_rows

RUNS = 2000
# of the reference computation: nobody can tell, and what varies between participants is how right they are
LOGIT_SLOPE = 2 * probit_sd(0.4)


def simulate(*, participants, titles, item_sd, runs=RUNS, arms=2, **changes):
    """Arms at chance, item SD on the logit scale."""
    plan = Plan(
        arms=tuple(PlannedArm(f"arm-{n}", 10.0 ** (6 + n), n == 0, 0.5) for n in range(arms)),
        **{
            "spread": Spread(participant=0, slope=LOGIT_SLOPE, title=0, item=probit_sd(item_sd), model=0),
            "dont_know": 0, "lost": 0, "runs": runs, "shown": titles, **changes,
        },
    )  # fmt: skip
    return simulate_design(plan, participants=participants, titles=titles)


@pytest.mark.parametrize(("item_sd", "published"), [(0.0, 0.051), (0.5, 0.113), (1.0, 0.245)])
def test_the_published_t_test_errs_with_new_articles_and_the_two_way_test_does_not(item_sd, published):
    """70 raters an arm, 25 titles, the null true: known error rates at a nominal .05, within Monte-Carlo error."""
    cell = simulate(participants=70, titles=25, item_sd=item_sd)
    error = cell.find("contrast", method="participants", scenario="null")
    assert error.share == pytest.approx(published, abs=4 * 2**0.5 * (published * (1 - published) / RUNS) ** 0.5)
    two_way = cell.find("contrast", method="two_way", scenario="null")
    assert 0.02 < two_way.share < 0.065
    assert two_way.mc_error == pytest.approx((two_way.share * (1 - two_way.share) / RUNS) ** 0.5, rel=0.01)


def test_intervals_of_participants_alone_miss_the_truth_of_new_articles():
    cell = simulate(participants=70, titles=25, item_sd=0.75)
    assert cell.find("coverage", method="participants", scenario="null").share < 0.85
    assert cell.find("coverage", method="two_way", scenario="null").share > 0.93


def test_twenty_five_articles_cannot_show_chance_within_three_points():
    """Whatever the number of raters; within five they can, and more articles do more than more raters."""
    found = {
        (participants, titles, bound): simulate(participants=participants, titles=titles, item_sd=0.5, runs=500).find(
            f"equivalence_{bound}_alone", method="two_way"
        ).share
        for participants, titles, bound in [(300, 25, 3), (70, 25, 5), (300, 25, 5), (70, 50, 5)]
    }  # fmt: skip
    assert found[300, 25, 3] < 0.1
    assert found[70, 25, 5] == pytest.approx(0.42, abs=0.12)
    assert found[300, 25, 5] == pytest.approx(0.72, abs=0.1)
    assert found[70, 50, 5] > found[70, 25, 5] + 0.2


@pytest.mark.slow
def test_no_number_of_raters_reaches_three_points_and_a_hundred_titles_reach_five():
    assert (
        simulate(participants=2000, titles=25, item_sd=0.5).find("equivalence_3_alone", method="two_way").share < 0.15
    )
    assert (
        simulate(participants=150, titles=100, item_sd=0.5).find("equivalence_5_alone", method="two_way").share > 0.97
    )


@pytest.mark.parametrize(("shown", "titles"), [(25, 25), (10, 40), (7, 20)])
def test_what_is_planned_is_what_is_drawn(shown, titles):
    """Accuracy, "I don't know" and exclusions of the draws are the plan's, whether all titles are read or some."""
    plan = Plan(
        arms=make_published_arms()[:3], shown=shown, dont_know=0.2, lost=0.25, runs=400, spread=Spread(model=0.0)
    )
    batches = list(draw_studies(plan, participants=41, titles=titles))
    for arm in plan.arms:
        means = np.concatenate([batch[arm.name].mean for batch in batches])
        assert len(means) == 400
        assert means.mean() == pytest.approx(arm.accuracy, abs=5 * means.std() / 20)
        assert np.concatenate([batch[arm.name].n for batch in batches]).mean() == pytest.approx(41 * 0.75, abs=0.6)
        for batch in batches:
            assert np.abs(batch[arm.name].titles.sum(1)).max() < 1e-5  # a mean's errors sum to nothing


def test_a_pool_of_titles_keeps_the_two_way_error():
    cell = simulate(participants=60, titles=60, item_sd=0.5, shown=20)
    assert cell.find("contrast", method="two_way", scenario="null").share < 0.065
    assert cell.find("coverage", method="two_way", scenario="null").share > 0.93


def test_scatter_between_models_costs_the_trend_its_power():
    def power_of_trend(model_sd):
        arms = tuple(PlannedArm(f"m{n}", 10.0**n, False, 0.62 - 0.015 * (n - 6)) for n in range(6, 11))
        plan = Plan(arms=arms, runs=300, spread=Spread(model=model_sd))
        return simulate_design(plan, participants=60, titles=40).find("trend", method="two_way").share

    assert power_of_trend(0.0) > power_of_trend(0.06) + 0.2


SMALL = {"participants": [8, 16], "titles": [10], "shown": 10, "runs": 60, "reward": 3, "fee": 0.5}


def test_the_same_plan_gives_the_same_numbers_and_another_seed_gives_others():
    first, again, other = (plan_power({**SMALL, "seed": seed}) for seed in (4, 4, 5))
    assert first.csv == again.csv
    assert first.picture.svg == again.picture.svg
    assert first.csv != other.csv
    rows = list(csv.DictReader(io.StringIO(first.csv)))
    assert {float(row["cost"]) for row in rows} == {8 * 9 * 4.5, 16 * 9 * 4.5}
    assert {row["method"] for row in rows} == {"participants", "two_way"}
    cell = first.grid.cells[0]
    contrasts = [f for f in cell.findings if f.test == "contrast" and f.scenario == "planned" and f.method == "two_way"]
    assert len(contrasts) == 8
    assert cell.find("contrasts", method="two_way").share <= min(f.share for f in contrasts)
    json.dumps(first.results, allow_nan=False)


def test_each_test_has_its_sentence():
    sentences = plan_power(SMALL).results["sentences"]
    assert sentences[0].startswith("80 % power for the control gate: from 8 participants an arm with 10 items")
    assert any("±3 points, after Holm is not reached: at the most" in sentence for sentence in sentences)
    assert any("the published t test" in sentence for sentence in sentences)


def test_without_a_control_and_a_third_size_what_cannot_be_tested_is_left_out():
    arms = [{"name": f"m{n}", "n_params": 10.0**n, "is_control": False, "accuracy": 0.6} for n in (6, 7)]
    answer = plan_power({**SMALL, "arms": arms})
    tests = {finding.test.rpartition("_")[0] or finding.test for finding in answer.grid.cells[0].findings}
    assert not tests & {"gate", "contrast", "contrasts", "trend"}
    assert len(answer.results["sentences"]) == 4  # three bounds, and coverage


def test_the_command_writes_everything_and_takes_arms_from_flags(tmp_path, capsys):
    arguments = [
        "--control",
        "control:1e6:0.9",
        "--arm",
        "a:1e6",
        "--arm",
        "b:1e7",
        "--arm",
        "c:1e8:0.5",
        "--runs",
        "50",
    ]
    sizes = ["--participants", "8", "--titles", "8", "--logit", "--item-sd", "0.5", "--out", str(tmp_path)]
    assert power.main([*arguments, *sizes]) == 0
    results = json.loads((tmp_path / "power.json").read_text())
    assert [arm["accuracy"] for arm in results["plan"]["arms"]] == [0.9, 0.76, pytest.approx(0.64), 0.5]
    assert results["plan"]["spread"]["item"] == pytest.approx(probit_sd(0.5))
    assert {path.name for path in tmp_path.iterdir()} == {"power.csv", "power.json", "power.svg", "power.png"}
    assert "control gate" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--arm", "a:many"], "write an arm as NAME:SIZE:ACCURACY"),
        (["--arm", "a:1e6:0.5:9"], "write an arm as NAME:SIZE:ACCURACY"),
        (["--runs", "1"], "runs: 1; it must be from 10"),
        (["--bundle", "nowhere"], "there is no such bundle"),
    ],
)
def test_what_cannot_be_is_said_and_exits_2(arguments, said, tmp_path, capsys):
    assert power.main([*arguments, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_a_bundle_gives_arms_sizes_and_with_pilot_what_its_answers_say(tmp_path, capsys):
    rng = random.Random(1)
    people = {
        name: draw_people(10, accuracy=accuracy, items=12, dont_know=0.1, seed=rng.random())
        for name, accuracy in (("control", 0.9), ("small", 0.7), ("large", 0.55))
    }
    bundle = make_rows(people).write(tmp_path / "bundle")
    plain = power._read_options(power._make_parser().parse_args(["--bundle", str(bundle)]))
    assert (plain["participants"], plain["titles"], plain["shown"]) == ([10], [12], 12)
    assert [arm["accuracy"] for arm in plain["arms"]] == [0.86, 0.76, 0.52]
    pilot = power._read_options(power._make_parser().parse_args(["--bundle", str(bundle), "--pilot"]))
    assert [arm["accuracy"] for arm in pilot["arms"]] == pytest.approx([0.9, 0.7, 0.55], abs=0.12)
    assert 0.03 < pilot["dont_know"] < 0.2
    assert pilot["lost"] == 0
    assert power.main(["--bundle", str(bundle), "--pilot", "--runs", "20", "--out", str(tmp_path / "out")]) == 0
