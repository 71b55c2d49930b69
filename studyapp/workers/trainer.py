"""What a worker does with a training job: one model, in its ladder's folder, with a heartbeat beside the run."""

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from studyapp.actions.training import TrainedModel, TrainingNews, TrainingOrder, record_heartbeat
from studyapp.database.clock import read_clock
from studyapp.domain.training import LossCurve
from studyapp.workers.stopping import give_back_when_stopping

if TYPE_CHECKING:
    from generator.training_run import StepReport

logger = logging.getLogger(__name__)
PULSE_SECONDS = 2.0


class LostTrainingError(Exception):
    """The job was stopped, or is another worker's by now; the run ends, and its folder keeps what it saved."""


class Pulse:
    """A heartbeat in a thread of its own: packing a corpus, or one step of a large model, may take minutes.

    The run tells its steps to `take_step`, which raises LostTrainingError once a beat has found the claim gone.
    """

    def __init__(self, order: TrainingOrder) -> None:
        self._order = order
        self._curve: LossCurve | None = None
        self._news: TrainingNews | None = None
        self._lock = threading.Lock()
        self._ended, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name=f"pulse of job {order.job_id}", daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._beat()  # the last news

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    def check(self) -> None:
        """Raise where the run has to end: the claim is gone, or this worker ends."""
        if self._lost.is_set():
            raise LostTrainingError
        give_back_when_stopping(at_once=True)  # what a training saved last is at most some seconds old

    def take_step(self, report: "StepReport") -> None:
        self.check()
        with self._lock:
            if self._curve is None:
                self._curve = LossCurve.from_row(self._order.curve, before=report.tokens)
            self._curve.add(
                step=report.step,
                n_steps=report.n_steps,
                tokens=report.tokens,
                train_loss=report.train_loss,
                held_out=report.held_out,
            )
            self._news = TrainingNews(
                step=report.step,
                n_steps=report.n_steps,
                tokens=report.tokens,
                budget=report.budget,
                train_loss=report.train_loss,
                held_out_loss=report.held_out_loss,
                tokens_per_second=report.tokens_per_second,
                seconds_left=report.seconds_left,
                flop_use=report.flop_use,
                curve=self._curve.to_row(),
            )

    def _beat_on(self) -> None:
        try:
            while not self._ended.wait(PULSE_SECONDS) and not self._lost.is_set():
                self._beat()
        finally:
            connection.close()  # this thread's own

    def _beat(self) -> None:
        with self._lock:
            news, self._news = self._news, None
        try:
            if not record_heartbeat(self._order, news, now=read_clock()):
                self._lost.set()
        except (DatabaseError, InterfaceError):  # away for a moment: the run goes on, and the next beat tries again
            logger.exception("no heartbeat of training job %s", self._order.job_id)
            if not connection.in_atomic_block:
                connection.close()


def train_order(order: TrainingOrder, pulse: Pulse) -> TrainedModel:
    """Train the model, or go on where its run was left; the ladder's table and picture are drawn again after it.

    Raises:
        LostTrainingError: the claim is gone.
        ValueError, OSError: the ladder, the corpus or the folder cannot be used.
    """
    from generator.ladder import plan_rung, read_ladder
    from generator.progress import SilentBoard
    from generator.train import train_model

    order.out.mkdir(parents=True, exist_ok=True)
    file = order.out / "ladder.toml"  # beside the models, so that generator.ladder can train the same again
    unfinished = file.with_suffix(".toml.new")
    unfinished.write_text(order.ladder_text, encoding="utf-8")
    unfinished.replace(file)
    ladder = replace(read_ladder(file), corpus=order.corpus)
    rung = next(rung for rung in ladder.rungs if rung.name == order.rung)
    plan = plan_rung(ladder, rung, exclude=order.exclude, out=order.out)
    plan = replace(plan, state_seconds=settings.TRAINING_STATE_SECONDS)
    card = train_model(plan, board=SilentBoard(), on_step=pulse.take_step)
    if pulse.is_lost:
        raise LostTrainingError
    _draw_ladder(order, [rung.name for rung in ladder.rungs])
    return TrainedModel(
        n_params=card.n_params,
        steps=card.steps,
        tokens=card.tokens_seen,
        train_loss=card.train_loss,
        held_out_loss=card.held_out_loss,
    )


def _draw_ladder(order: TrainingOrder, names: list[str]) -> None:
    """ladder.csv, .svg and .png of the models that are done by now."""
    from generator.ladder import draw_ladder, write_ladder
    from generator.model_card import has_card, read_card

    cards = {name: read_card(order.out / name) for name in names if has_card(order.out / name)}
    write_ladder(cards, out=order.out)
    draw_ladder(cards, out=order.out)
