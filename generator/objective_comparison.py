"""Train one checkpoint further for every objective, at equal steps on equal draws, and compare what they leave.

python -m generator.objective_comparison --from CHECKPOINT --corpus FILE --out DIR [--steps N] [--seeds N] [--lr X]
    [--objective NAME …] [--tasks-by section|source] [--tasks M] [--shots K] [--task-tokens N] [--inner-steps N]
    [--inner-lr α] [--strength λ]

The step of a seed sees the same articles under every objective, and the last step's weights are compared: held-out loss
by section before and after adapting to it, and how unequal these losses are. DIR gets a checkpoint a run,
comparison.csv (a row a run) and comparison.md (means, and standard deviations over seeds; differences to plain training
are taken seed by seed). Broken off, the same command goes on.
"""

import argparse
import csv
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.adaptation import Adaptation
from generator.command import command
from generator.objectives import TASK_FIELDS, Objective
from generator.packing import CorpusPlan
from generator.progress import Board, open_board
from generator.train import make_further_spec, train_model
from generator.training_run import TrainingPlan

PLAIN = "plain"
SHOWN_INEQUALITY = ("theil", "gini")


def list_objectives(base: Objective, *, strength: float | None) -> dict[str, Objective]:
    """What is compared, by the name of its folder; `base` says how tasks are drawn, `strength` λ of an inequality."""
    found = {
        PLAIN: base,
        "maml-first-order": replace(base, name="maml", first_order=True),
        "maml": replace(base, name="maml"),
    }
    numbers: dict[str, dict[str, float]] = {"taml-ge": {"alpha": 2.0}, "taml-atkinson": {"epsilon": 0.5}}
    found["taml-entropy"] = replace(base, name="taml-entropy", strength=None)
    for name in ("taml-theil", "taml-ge", "taml-atkinson", "taml-gini", "taml-varlog"):
        found[name] = replace(base, name=name, strength=strength, **numbers.get(name, {}))
    return found


@dataclass(frozen=True)
class Comparison:
    """`runs` has what each seed's run left, by objective; `start` what all of them began with."""

    start: Adaptation
    runs: Mapping[str, Mapping[int, Adaptation]]
    objectives: Mapping[str, Objective]

    def render(self) -> str:
        """A table in Markdown."""
        shown = [f"{name}, {when}" for name in SHOWN_INEQUALITY for when in ("before", "after")]
        lines = [
            "| objective | seeds | loss before | loss after | after, less plain's | " + " | ".join(shown) + " |",
            "|---|--:|--:|--:|--:|" + "--:|" * len(shown),
        ]
        lines.append(_row(["the checkpoint", "", *_cells([self.start]), ""], _spreads([self.start])))
        for name, runs in self.runs.items():
            if not runs:
                continue
            found = list(runs.values())
            plain = self.runs.get(PLAIN, {})
            shared = [seed for seed in runs if seed in plain and name != PLAIN]
            apart = [runs[seed].after - plain[seed].after for seed in shared]
            title = self.objectives[name].describe()
            lines.append(_row([title, str(len(found)), *_cells(found), _spread(apart, "+.4f")], _spreads(found)))
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> None:
        """comparison.csv and comparison.md."""
        (folder / "comparison.md").write_text(self.render(), encoding="utf-8")
        names = list(self.start.inequality_before)
        columns = [f"{name}_{when}" for name in names for when in ("before", "after")]
        with (folder / "comparison.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["objective", "seed", "before", "after", *columns])
            rows = [("start", "", self.start)]
            rows += [(name, seed, found) for name, runs in self.runs.items() for seed, found in runs.items()]
            for name, seed, found in rows:
                pairs = [(found.inequality_before[each], found.inequality_after[each]) for each in names]
                writer.writerow([name, seed, found.before, found.after, *(value for pair in pairs for value in pair)])


def _cells(found: Sequence[Adaptation]) -> list[str]:
    return [_spread([each.before for each in found], ".4f"), _spread([each.after for each in found], ".4f")]


def _spreads(found: Sequence[Adaptation]) -> list[str]:
    cells = []
    for name in SHOWN_INEQUALITY:
        cells.append(_spread([each.inequality_before[name] for each in found], ".3g"))
        cells.append(_spread([each.inequality_after[name] for each in found], ".3g"))
    return cells


def _spread(values: Sequence[float], form: str) -> str:
    """Mean, and standard deviation where there are several."""
    if not values:
        return ""
    mean = f"{statistics.fmean(values):{form}}"
    return f"{mean} ± {statistics.stdev(values):{form.removeprefix('+')}}" if len(values) > 1 else mean


def _row(cells: Sequence[str], more: Sequence[str]) -> str:
    return "| " + " | ".join([*cells, *more]) + " |"


def compare_objectives(
    plan: TrainingPlan, objectives: Mapping[str, Objective], *, seeds: Sequence[int], board: Board
) -> Comparison:
    """Every objective for every seed, each in a folder of its own under the plan's; seed by seed.

    Raises:
        ValueError: as `train_model`.
    """
    runs: dict[str, dict[int, Adaptation]] = {name: {} for name in objectives}
    for seed in seeds:
        for name, objective in objectives.items():
            own = replace(
                plan,
                seed=seed,
                out=plan.out / f"{name}-{seed}",
                corpus_folder=plan.out / "corpus",
                label=f"{name}, seed {seed}",
                objective=objective,
                keep="last",
            )
            card = train_model(own, board=board)
            runs[name][seed] = card.adaptation
            comparison = Comparison(card.adaptation_at_start, runs, objectives)
            comparison.write(plan.out)  # after each: what is found is kept when a later one is broken off
    return comparison


def parse_arguments(arguments: list[str] | None) -> tuple[TrainingPlan, dict[str, Objective], range]:
    parser = argparse.ArgumentParser(
        prog="python -m generator.objective_comparison", description="Compare objectives at equal steps."
    )
    parser.add_argument("--from", dest="start", type=Path, required=True, help="a checkpoint of ours")
    parser.add_argument("--corpus", type=Path, action="append", required=True, help="articles that name their section")
    parser.add_argument("--exclude", type=Path, action="append", default=[], help="study articles, to be kept out")
    parser.add_argument("--out", type=Path, required=True, help="folder for all of it")
    parser.add_argument("--steps", type=int, default=100, help="of every run (100)")
    parser.add_argument("--seeds", type=int, default=3, help="runs of every objective (3)")
    parser.add_argument("--lr", type=float, help="highest learning rate")
    parser.add_argument("--objective", action="append", help="only these, and plain")
    parser.add_argument("--strength", type=float, help="λ, the weight of the inequality (1)")
    parser.add_argument("--tasks-by", dest="task_field", choices=TASK_FIELDS, default="section")
    parser.add_argument("--tasks", dest="n_tasks", type=int, default=4, help="a step (4)")
    parser.add_argument("--shots", type=int, default=2, help="sequences a task adapts on (2)")
    parser.add_argument("--task-tokens", dest="length", type=int, help="of such a sequence (the context)")
    parser.add_argument("--inner-steps", type=int, default=1)
    parser.add_argument("--inner-lr", dest="inner_rate", type=float, default=Objective.inner_rate)
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    options = parser.parse_args(arguments)
    try:
        drawn = ("task_field", "n_tasks", "shots", "length", "inner_steps", "inner_rate")
        base = Objective("plain", **{name: getattr(options, name) for name in drawn})
        objectives = list_objectives(base, strength=options.strength)
        spec = make_further_spec(options.start, peak_lr=options.lr)
    except ValueError as error:
        parser.error(str(error))
    if unknown := set(options.objective or ()) - set(objectives):
        parser.error(f"there is no {', '.join(sorted(unknown))}; choose from {', '.join(objectives)}")
    if options.steps < 1 or options.seeds < 1:
        parser.error("at least one step and one seed are needed")
    chosen = {
        name: objective for name, objective in objectives.items() if name in (PLAIN, *(options.objective or objectives))
    }
    plan = TrainingPlan(
        spec=spec,
        tokens=options.steps * base.n_sequences * (base.length or spec.context),
        seed=0,
        corpus=CorpusPlan(
            files=tuple(options.corpus),
            exclude=tuple(options.exclude),
            vocab_size=spec.vocab_size,
            tokenizer=options.start,
        ),
        out=options.out,
        device=options.device,
        start=options.start,
    )
    return plan, chosen, range(1, options.seeds + 1)


@command
def main(arguments: list[str] | None) -> None:
    plan, objectives, seeds = parse_arguments(arguments)
    with open_board() as board:
        board.say(compare_objectives(plan, objectives, seeds=seeds, board=board).render())


if __name__ == "__main__":
    sys.exit(main())
