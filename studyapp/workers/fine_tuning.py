"""What a worker does with a job that fine-tunes: as the command does, with a heartbeat beside it."""

import shutil
from pathlib import Path

from studyapp.actions.training import TrainedModel, TrainingOrder
from studyapp.domain.fine_tuning import FineTuning
from studyapp.model_files.checkpoints import UNFINISHED, find_checkpoint
from studyapp.workers.trainer import LostTrainingError, Pulse


class PulseBoard:
    """Shows nothing, and ends the run between two pieces of measuring where its job is lost."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse

    def show(self, description: str, *, done: float, total: float, note: str = "") -> None:
        self._pulse.check()

    def say(self, line: str) -> None:
        self._pulse.check()


def tune_order(order: TrainingOrder, pulse: Pulse) -> TrainedModel:
    """Tune the job's model from its beginning, and measure what that cost; it lies on the shelf once both are done.

    Raises:
        LostTrainingError: the claim is gone.
        ValueError, OSError: the model, the corpus, the settings or the folder cannot be used.
    """
    from generator.finetune import parse_arguments, tune_and_measure

    made, finished = order.out / f"new{UNFINISHED}" / order.rung, order.out / order.rung
    shutil.rmtree(made.parent, ignore_errors=True)  # of a worker that was killed
    arguments = FineTuning.from_row(order.tuning).list_arguments(
        model=find_base(order.base),
        corpus=[str(path) for path in order.corpus],
        exclude=[str(path) for path in order.exclude],
        others=[str(path) for path in order.others],
        out=str(made),
    )
    result, costs = tune_and_measure(parse_arguments(arguments), board=PulseBoard(pulse), on_step=pulse.take_step)
    if pulse.is_lost:
        raise LostTrainingError
    shutil.rmtree(finished, ignore_errors=True)
    made.replace(finished)
    made.parent.rmdir()
    latest = result.train_losses[-max(1, len(result.train_losses) // 10) :]
    return TrainedModel(
        n_params=costs.n_params,
        steps=result.steps,
        tokens=result.tokens,
        train_loss=sum(latest) / len(latest),
        held_out_loss=result.best_loss,
    )


def find_base(generator: str) -> str:
    """What the command calls the model that an arm calls so: a folder of the shelf, or ORG/NAME of the cache.

    Raises:
        FileNotFoundError: it is not on the shelf.
    """
    scheme, _, name = generator.partition(":")
    return str(Path(find_checkpoint(name)).resolve()) if scheme == "checkpoint" else name
