"""Scores of machine detectors without a model: what a worker would hand over."""

from dataclasses import dataclass

from studyapp.actions.detection import claim_run, finish_run, request_detection, store_step
from studyapp.models import DetectorRun, Study
from tests.studyapp.study_rows import NOW

PARAMETERS = {"models": ["checkpoint:small"], "observer": "", "given": ["nothing"], "equal_length": True, "style": True}


@dataclass(frozen=True)
class MadeScore:
    """The columns of detectors.csv; the generator's own class would bring torch along."""

    stimulus: str
    detector: str
    scorer: str
    given: str
    machine_when: str
    score: float | None
    tokens: int | None


def make_scores(order, *, detector="log_likelihood", scorer="checkpoint:small", given="nothing"):
    """A score a text: a machine's are the larger ones, and one is unknown."""
    return [
        MadeScore(
            stimulus.code,
            detector,
            scorer,
            given,
            "high",
            None if place == 0 else (-1.25 if stimulus.arm_id else -2.5) - place / 1000,
            40 + place,
        )
        for place, stimulus in enumerate(order.stimuli)
    ]


def make_run(study: Study) -> DetectorRun:
    """A run that is done, of two detectors."""
    run = request_detection(study, parameters=PARAMETERS, by=None, now=NOW)
    order = claim_run(run.pk, now=NOW)
    assert store_step(order, key="nothing checkpoint:small", scores=make_scores(order), now=NOW)
    assert store_step(order, key="style", scores=make_scores(order, detector="stylometry", scorer=""), now=NOW)
    assert finish_run(order, now=NOW)
    run.refresh_from_db()
    return run
