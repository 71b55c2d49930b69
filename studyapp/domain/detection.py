"""How well each machine detector parts a study's texts, arm by arm: what the page of the detectors shows at a glance.

The report works out intervals, false alarms and what people add; a contract test holds the two areas together.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from studyapp.domain.surface_cues import measure_auc

DETECTOR_LABELS = {
    "log_likelihood": "Log-likelihood",
    "log_rank": "Log-rank",
    "entropy": "Entropy",
    "gltr_top_10": "GLTR, top 10",
    "gltr_top_100": "GLTR, top 100",
    "gltr_top_1000": "GLTR, top 1000",
    "lrr": "Log-likelihood over log-rank",
    "fast_detect_gpt": "Fast-DetectGPT",
    "binoculars": "Binoculars",
    "stylometry": "Classifier of style",
}
LEAST_TEXTS = 2  # of each source


@dataclass(frozen=True)
class ScoredText:
    """One score: `arm` None of a human text."""

    arm: str | None
    detector: str
    scorer: str
    given: str
    machine_when: str
    score: float


@dataclass(frozen=True)
class DetectorAreas:
    """A detector with its AUC by arm, None where an arm has too few scores."""

    detector: str
    scorer: str
    given: str
    areas: tuple[float | None, ...]

    @property
    def label(self) -> str:
        return DETECTOR_LABELS.get(self.detector, self.detector)


def measure_areas(scores: Iterable[ScoredText], *, arms: Iterable[str]) -> list[DetectorAreas]:
    """Each detector's AUC by arm, the chance that a model's text looks more machine-like than a human one."""
    by_detector: dict[tuple[str, str, str], dict[str | None, list[float]]] = {}
    for score in scores:
        sign = 1 if score.machine_when == "high" else -1
        own = by_detector.setdefault((score.detector, score.scorer, score.given), {})
        own.setdefault(score.arm, []).append(sign * score.score)
    names = tuple(arms)
    return [
        DetectorAreas(*detector, tuple(_measure(own.get(None, []), own.get(arm, [])) for arm in names))
        for detector, own in by_detector.items()
    ]


def _measure(human: list[float], model: list[float]) -> float | None:
    return measure_auc(human, model) if min(len(human), len(model)) >= LEAST_TEXTS else None
