"""The part of `generator.train`'s command line that says what to start from and what to train for."""

import argparse
from pathlib import Path
from typing import get_args

from generator.objectives import OBJECTIVES, TASK_FIELDS, Objective
from generator.training_run import Keeping


def add_objective_arguments(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("from a checkpoint", "what is left out below is as `Objective` has it")
    group.add_argument("--from", dest="start", type=Path, help="a checkpoint of ours to train on, with its tokenizer")
    group.add_argument("--keep", choices=get_args(Keeping), default="best", help="weights of which measure (best)")
    group.add_argument("--objective", choices=OBJECTIVES, help="over tasks; without it the loss of the stream")
    group.add_argument("--strength", type=float, help="λ, the weight of the entropy (0.1) or the inequality (1)")
    group.add_argument("--alpha", type=float, help="of taml-ge: 1 is Theil's, 0 the mean logarithmic deviation")
    group.add_argument("--epsilon", type=float, help="of taml-atkinson, above 0")
    group.add_argument(
        "--maximise-entropy", dest="is_maximising", action="store_const", const=True, help="of the start alone"
    )
    group.add_argument("--tasks-by", dest="task_field", choices=TASK_FIELDS, help="what a task is (section)")
    group.add_argument("--tasks", dest="n_tasks", type=int, help="a step (4)")
    group.add_argument("--shots", type=int, help="sequences a task adapts on, and as many are judged (2)")
    group.add_argument("--task-tokens", dest="length", type=int, help="of such a sequence (the context)")
    group.add_argument("--inner-steps", type=int, help="of a task's adaptation (1)")
    group.add_argument("--inner-lr", dest="inner_rate", type=float, help="learning rate of these (0.01)")
    group.add_argument("--first-order", action="store_const", const=True, help="do not differentiate the inner steps")


def read_objective(options: argparse.Namespace) -> Objective | None:
    """What was asked for; None without --objective.

    Raises:
        ObjectiveError: it cannot be.
        ValueError: numbers of an objective without one, or an objective without a checkpoint.
    """
    names = [name for name in Objective.__dataclass_fields__ if name != "name"]
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    if options.objective is None:
        if given:
            raise ValueError("tasks, shots and the like belong to an --objective; give one, or leave them out")
        return None
    if options.start is None:
        raise ValueError(f"{options.objective} starts from a trained checkpoint; give its folder with --from")
    if options.compile == "on" or options.recompute:
        raise ValueError(f"{options.objective} can be trained neither compiled nor with --recompute; leave them out")
    return Objective(name=options.objective, **given)
