"""How often the report's intervals hold the truth, and its tests cry out where there is nothing.

python -m benchmarks.coverage [--runs 500] [--people 40] [--titles 24] [--processes 2] [--seed 0]

Simulates whole studies of a control and four models from the primary model (participants with leanings and
sensitivities of their own, titles and texts that are easier or harder, all drawn anew for each study, so that the truth
is that of new participants and new texts), analyses each as the report does, and prints two tables in Markdown: the
share of 95 % intervals that hold the planted value, and the share of tests with p < .05 where nothing is to be found.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

from analysis.agreement_of_methods import compare_methods
from analysis.dont_know import compare_arms
from analysis.equivalence import judge_arms
from analysis.load import Bundle
from analysis.order import model_order
from analysis.schema import ARMS, ITEMS, PARTICIPANTS, STIMULI, TRIALS, Table
from analysis.signal_detection import measure_arms
from analysis.size_curve import analyse_size
from analysis.study import Study

MODELS = {"a": 10**6, "b": 10**7, "c": 10**8, "d": 10**9}
SLOPE = -0.35  # of d′ for each factor of ten, in the planted studies
PLANTED = {"control": 1.6, **{name: 1.5 + SLOPE * number for number, name in enumerate(MODELS)}}
LEAN, SENSE, TITLE, TEXT = 0.4, 0.35, 0.2, 0.35  # standard deviations, in probits
SPREAD = 1 + LEAN**2 + SENSE**2 / 4 + TITLE**2 + TEXT**2
DONT_KNOW = 0.06


@dataclass(frozen=True)
class Plan:
    """Participants of an arm, and titles that each of them reads."""

    people: int
    titles: int


def find_accuracy(d_prime: float) -> float:
    """Of new participants and texts: Φ(d′ / 2 / √(1 + all variances))."""
    return float(stats.norm.cdf(d_prime / 2 / SPREAD**0.5))


def draw_study(plan: Plan, d_primes: dict[str, float], *, rng: np.random.Generator) -> Study:
    """One study as a loaded bundle; the human text of a title is one text for all arms."""
    title_effect, human_effect = rng.normal(0, TITLE, plan.titles), rng.normal(0, TEXT, plan.titles)
    people, trials = [], []
    for arm, d_prime in d_primes.items():
        model_effect = rng.normal(0, TEXT, plan.titles)
        for number in range(plan.people):
            name, order = f"{arm}-{number}", rng.permutation(plan.titles)
            own = {"participant": name, "arm": arm, "form": "AB"[number % 2]}
            people.append({**own, "status": "completed", "excluded": False})
            is_model = (np.arange(plan.titles) + number) % 2 == 0
            x = np.where(is_model, 0.5, -0.5)
            z = (d_prime + rng.normal(0, SENSE)) * x + rng.normal(0, LEAN) + title_effect
            z += np.where(is_model, model_effect, human_effect) + rng.normal(size=plan.titles)
            judgment = np.where(rng.random(plan.titles) < DONT_KNOW, 3, np.where(z > 0, 4, 2))
            trials += [
                {
                    **own,
                    "item": f"t{title}",
                    "source": "model" if is_model[title] else "human",
                    "position": int(order[title]) + 1,
                    "judgment": int(judgment[title]),
                }
                for title in range(plan.titles)
            ]
    arms = [{"arm": arm, "n_params": MODELS.get(arm), "is_control": arm == "control"} for arm in d_primes]
    tables = ((ARMS, arms), (ITEMS, []), (STIMULI, []), (PARTICIPANTS, people), (TRIALS, trials))
    frames = {table.name.removesuffix(".csv"): _complete(table, rows) for table, rows in tables}
    return Study(Bundle(manifest={}, **frames), seed=int(rng.integers(2**31)))


def _complete(table: Table, rows: list[dict[str, Any]]) -> pl.DataFrame:
    kinds = {"integer": pl.Int64, "number": pl.Float64, "flag": pl.Boolean}
    names = [column.name for column in table.columns]
    return pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names},
        schema={column.name: kinds.get(column.kind, pl.String) for column in table.columns},
    )


def cover(seed: int, *, plan: Plan) -> Counter[tuple[str, bool]]:
    """One planted study: (interval, whether it holds the truth)."""
    study = draw_study(plan, PLANTED, rng=np.random.default_rng([seed, 1]))
    found: Counter[tuple[str, bool]] = Counter()

    def count(name: str, estimate: Any, truth: float) -> None:
        if estimate.low is not None:
            found[name, bool(estimate.low <= truth <= estimate.high)] += 1

    for arm in compare_methods(study):
        truth = find_accuracy(PLANTED[arm.arm])
        count("accuracy, over participants alone (as published)", arm.plain.by_participant, truth)
        count("accuracy, two-way", arm.plain.two_way, truth)
        count("accuracy, two-way bootstrap", arm.plain.bootstrap, truth)
        count("accuracy, robust twin", arm.twin, truth)
        count("accuracy, mixed model", arm.mixed, truth)
    for arm in study.detection.arms:
        count("d′, mixed model", arm.d_prime, PLANTED[arm.arm])
        count("criterion, mixed model", arm.criterion, 0.0)
    for arm in measure_arms(study.decided, arms=study.arms, rng=np.random.default_rng([seed, 2])):
        count("d′ of counts, bootstrap", arm.d_prime, PLANTED[arm.arm] / SPREAD**0.5)
    curve = analyse_size(study, rng=np.random.default_rng([seed, 3]))
    count("slope of d′ over log size", curve.d_prime.slope, SLOPE)
    return found


def cry_out(seed: int, *, plan: Plan) -> Counter[tuple[str, bool]]:
    """One study in which nobody can tell, and one at the bound of equivalence: (test, whether p < .05)."""
    found: Counter[tuple[str, bool]] = Counter()
    study = draw_study(plan, dict.fromkeys(PLANTED, 0.0), rng=np.random.default_rng([seed, 4]))

    def count(name: str, p: float | None) -> None:
        if p is not None:
            found[name, p < 0.05] += 1

    for arm in study.answer.arms:
        count("arm against control, Student's t (as published)", arm.comparison.p)
    verdicts = judge_arms({arm.arm: (arm.two_way, arm.df) for arm in study.accuracies})
    for verdict in verdicts:
        count("accuracy against chance, two-way t", verdict.p)
    count("any arm against chance, Holm", min((verdict.p_holm or 1.0) for verdict in verdicts))
    curve = analyse_size(study, rng=np.random.default_rng([seed, 5]))
    count("trend of d′ over size, Knapp–Hartung", curve.d_prime.p)
    count("trend of accuracy over size, Knapp–Hartung", curve.accuracy.p)
    count('"I don\'t know" by arm, likelihood ratio', compare_arms(study.judgments).p)
    learning = model_order(study)
    count("d′ over the order", learning.d_prime_p)
    count("criterion over the order", learning.criterion_p)
    edge = 2 * SPREAD**0.5 * float(stats.norm.ppf(0.55))
    at_bound = draw_study(plan, dict.fromkeys(PLANTED, edge), rng=np.random.default_rng([seed, 6]))
    for verdict in judge_arms({arm.arm: (arm.two_way, arm.df) for arm in at_bound.accuracies}):
        test = verdict.at(0.05)
        count("equivalence within ±5 points, truth at 55 %", test and test.p)
    return found


def tabulate(found: Counter[tuple[str, bool]], heading: str) -> Iterator[str]:
    yield f"| {heading} | share | Monte Carlo error | of |"
    yield "|---|--:|--:|--:|"
    for name in dict.fromkeys(name for name, _ in found):
        yes, total = found[name, True], found[name, True] + found[name, False]
        share = yes / total
        yield f"| {name} | {share:.3f} | {(share * (1 - share) / total) ** 0.5:.3f} | {total:,} |"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage", description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=500, help="studies of each kind (500)")
    parser.add_argument("--people", type=int, default=40, help="participants an arm (40)")
    parser.add_argument("--titles", type=int, default=24, help="titles, all read by everybody (24)")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    plan = Plan(options.people, options.titles)
    seeds = range(options.seed, options.seed + options.runs)
    print(f"{options.runs} studies of each kind, 5 arms x {plan.people} participants x {plan.titles} titles\n")
    with ProcessPoolExecutor(options.processes) as pool:
        for heading, simulate in (
            ("95 % interval holds the truth", cover),
            ("p < .05 though there is nothing", cry_out),
        ):
            total: Counter[tuple[str, bool]] = Counter()
            for counts in pool.map(partial(simulate, plan=plan), seeds):
                total += counts
            print("\n".join(tabulate(total, heading)), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
