"""What a step of each objective costs against one of plain fine-tuning: python -m benchmarks.objective_costs [--size S]

All in one process on the same random tokens, in interleaved rounds (A B C, A B C); ratios are taken round by round, so
that a machine whose speed drifts favours nobody. A step's optimiser is left out: it is the same for all.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from generator.meta_learning import MetaLearner, TaskTokens
from generator.model import GPT
from generator.objective_comparison import PLAIN, list_objectives
from generator.objectives import Objective
from generator.specs import SIZES, find_spec


@dataclass(frozen=True)
class Cost:
    """Seconds of a step by round, and the ratios to plain training's of the same round."""

    name: str
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]

    def render(self) -> str:
        speed, ratio = statistics.median(self.seconds), statistics.median(self.ratios)
        return f"| {self.name} | {speed:.3f} | {ratio:.2f} ({min(self.ratios):.2f}–{max(self.ratios):.2f}) |"


def list_contenders(base: Objective) -> dict[str, Objective]:
    """Plain, and both orders of MAML, of the entropy and of one inequality: the other measures cost the same."""
    found = list_objectives(base, strength=None)
    chosen = [found[name] for name in (PLAIN, "maml-first-order", "maml")]
    for name in ("taml-entropy", "taml-theil"):
        chosen += [Objective(name, **_describe_draws(base), first_order=first) for first in (True, False)]
    return {f"{each.name}{', first-order' if each.first_order else ''}": each for each in chosen}


def _describe_draws(base: Objective) -> dict[str, int]:
    return {name: getattr(base, name) for name in ("n_tasks", "shots", "length", "inner_steps")}


def measure_costs(size: str, base: Objective, *, rounds: int) -> list[Cost]:
    """The first round warms up and is not counted."""
    spec = find_spec(size, context=base.length)
    model = GPT(spec)
    model.initialise(seed=0)
    rng = torch.Generator().manual_seed(0)
    shape = (2, base.shots, base.length + 1)
    tasks = [TaskTokens(*torch.randint(spec.vocab_size, shape, generator=rng)) for _ in range(base.n_tasks)]
    learners = {name: MetaLearner(model, objective) for name, objective in list_contenders(base).items()}
    seconds: dict[str, list[float]] = {name: [] for name in learners}
    for _ in range(rounds + 1):
        for name, learner in learners.items():
            model.zero_grad(set_to_none=True)
            began = time.perf_counter()
            learner.add_gradient(tasks, numbers=range(base.n_tasks), share=lambda tensor: None)
            seconds[name].append(time.perf_counter() - began)
    counted = {name: tuple(each[1:]) for name, each in seconds.items()}
    return [
        Cost(name, each, tuple(own / plain for own, plain in zip(each, counted[PLAIN], strict=True)))
        for name, each in counted.items()
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objective_costs", description="A step's cost.")
    parser.add_argument("--size", choices=SIZES, default="1m")
    parser.add_argument("--rounds", type=int, default=7, help="after one that warms up (7)")
    parser.add_argument("--tasks", type=int, default=4)
    parser.add_argument("--shots", type=int, default=1)
    parser.add_argument("--task-tokens", type=int, default=256)
    parser.add_argument("--threads", type=int, help="torch's own choice unless given")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    base = Objective(PLAIN, n_tasks=options.tasks, shots=options.shots, length=options.task_tokens)
    print(f"{options.size}, {base.describe_tasks()}, {options.rounds} rounds\n")
    print("| objective | seconds a step | of a plain step |\n|---|--:|--:|")
    for cost in measure_costs(options.size, base, rounds=options.rounds):
        print(cost.render())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
