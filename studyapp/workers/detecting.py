"""A detection order carried out in a worker: the only place where a study's texts meet the generator's detectors."""

import time
from typing import TYPE_CHECKING

from django.conf import settings

from studyapp.actions import detection
from studyapp.actions.detection import DetectionOrder
from studyapp.database.clock import read_clock
from studyapp.database.outlasting import outlast
from studyapp.model_files.checkpoints import find_checkpoint
from studyapp.workers.stopping import give_back_when_stopping

if TYPE_CHECKING:
    from generator.checkpoint_files import Checkpoint

TOLD_SECONDS = 2.0  # between two words on how far it is


class LostDetectionError(Exception):
    """Another worker has the run by now, or it was deleted."""


class _Told:
    """How far the work is, on the run's row, every other second."""

    def __init__(self, order: DetectionOrder) -> None:
        self._order, self._last = order, float("-inf")

    def tell(self, done: int, total: int) -> None:
        """The work has gone on.

        Raises:
            LostDetectionError, WorkerStoppingError: it should not.
        """
        give_back_when_stopping()
        if time.monotonic() - self._last >= TOLD_SECONDS:
            self._last = time.monotonic()
            if not outlast(lambda: detection.record_progress(self._order, now=read_clock(), done=done, total=total)):
                raise LostDetectionError


def carry_detection_out(order: DetectionOrder) -> None:
    """Score the order's texts part by part, each stored as soon as it is there, and close the run.

    Raises:
        LostDetectionError: the run is another worker's by now.
        WorkerStoppingError: this worker was told to end.
        FileNotFoundError, ValueError: a model cannot be opened, or two do not fit together.
    """
    from generator.detect import DetectionPlan, StudyText, carry_out
    from generator.stylometry import StyleError

    plan = DetectionPlan(
        models=tuple(order.parameters["models"]),
        observer=order.parameters["observer"] or None,
        given=tuple(order.parameters["given"]),
        equal_length=order.parameters["equal_length"],
        style=order.parameters["style"],
    )
    texts = [
        StudyText(
            stimulus=stimulus.code,
            item=stimulus.item.article.ref,
            title=stimulus.item.article.title,
            subtitle=stimulus.item.article.subtitle,
            text=stimulus.text,
            is_model=stimulus.source == "model",
        )
        for stimulus in order.stimuli
    ]
    told, steps = _Told(order), plan.list_steps()
    detection.record_progress(order, now=read_clock(), steps=len(steps))
    for step in steps:
        if step.key in order.steps_done:
            continue
        told.tell(0, 0)
        notes = []
        try:
            scores = carry_out(
                step, texts, equal_length=plan.equal_length, open_model=_open_model, on_progress=told.tell
            )
            short = {score.stimulus for score in scores if score.score is None}
            if short:
                notes.append(f"{step.key}: {len(short)} of {len(texts)} texts are too short for a score, or lack one")
        except StyleError as error:
            scores = []
            notes.append(f"no classifier of style: {error}")
        if not outlast(
            lambda key=step.key, scores=scores, notes=notes: detection.store_step(
                order, key=key, scores=scores, notes=notes, now=read_clock()
            )
        ):
            raise LostDetectionError
    outlast(lambda: detection.finish_run(order, now=read_clock()))


def _open_model(name: str) -> "Checkpoint":
    """The model of `checkpoint:FOLDER` or `huggingface:ORG/NAME`; only what lies on this machine can score.

    Raises:
        FileNotFoundError, ValueError: there is none such.
    """
    scheme, _, rest = name.partition(":")
    if scheme.removesuffix("-chat") == "huggingface":
        from generator.hub_cache import open_cached_writer

        return open_cached_writer(rest, cache=settings.HUGGING_FACE_CACHE).checkpoint
    if scheme.removesuffix("-chat") != "checkpoint":
        raise ValueError(f"{name} cannot score texts: a detector needs the model itself, on this machine")
    from generator.writer import open_writer

    return open_writer(find_checkpoint(rest)).checkpoint
