"""A simulated participant: the equal-variance signal-detection model with a planted accuracy, for rehearsals only.

On a text from `source` the rater perceives x ~ N(+d'/2, 1) for a model text and N(-d'/2, 1) for a human one, shifted
by a leaning of the rater's own; x is cut into the five judgments. The planted accuracy P among non-neutral answers
fixes d' = 2 Phi^-1(P) (exact for a zero-width neutral band, close to it for the narrow band used here).

Of a pair the rater perceives both texts and compares: (x_first - x_second) / sqrt(2) ~ N(+-d'/sqrt(2), 1), shifted by
the same leaning, now towards a side. There the planted P is that of the comparison, so d' = sqrt(2) Phi^-1(P).
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from studyapp.domain.counterbalancing import Source
from studyapp.domain.judgment import Judgment, PairChoice

NEUTRAL_HALF_WIDTH = 0.08
CONFIDENT_FROM = 1.0
RATER_SPREAD = 0.15  # standard deviation of a rater's own leaning, in units of the perceptual noise
CONTROL_ACCURACY = 0.86  # the published control
SMALLEST_ACCURACY, LARGEST_ACCURACY = 0.76, 0.52  # the published smallest and largest model


def plant_accuracy(*, n_params: int | None, is_control: bool, ladder: Sequence[int]) -> float:
    """The accuracy planted for an arm: 0.86 for the control; for a model, by its place on the study's own ladder.

    The smallest of `ladder` (the sizes of all arms but the control) gets 0.76, the largest 0.52, and those between
    lie on a line in log size; so a rehearsal has the published shape whatever the sizes are.
    """
    if is_control or n_params is None or not ladder:
        return CONTROL_ACCURACY
    smallest, largest = math.log(min(ladder)), math.log(max(ladder))
    if smallest == largest:
        return SMALLEST_ACCURACY
    place = min(1.0, max(0.0, (math.log(n_params) - smallest) / (largest - smallest)))
    return SMALLEST_ACCURACY + place * (LARGEST_ACCURACY - SMALLEST_ACCURACY)


@dataclass
class SimulatedRater:
    """Judges one text after another; every draw comes from `rng` alone."""

    accuracy: float
    rng: random.Random

    def __post_init__(self) -> None:
        self._leaning = self.rng.gauss(0.0, RATER_SPREAD)
        self._z = NormalDist().inv_cdf(self.accuracy)

    def judge(self, *, source: str) -> Judgment:
        d_prime = 2 * self._z
        x = self.rng.gauss(d_prime / 2 if source == "model" else -d_prime / 2, 1.0) + self._leaning
        return Judgment(_cut(x))

    def compare(self, *, first: Source) -> PairChoice:
        """Which of two texts is the machine's, where `first` says whose text stands first."""
        d_prime = math.sqrt(2) * self._z
        model, human = self.rng.gauss(d_prime / 2, 1.0), self.rng.gauss(-d_prime / 2, 1.0)
        towards_model = (model - human) / math.sqrt(2)
        x = (-towards_model if first == "model" else towards_model) + self._leaning
        return PairChoice(_cut(x))


def _cut(x: float) -> int:
    """The point of a five-point scale, 1 to 5, on which a percept lies."""
    if abs(x) < NEUTRAL_HALF_WIDTH:
        return 3
    if x > 0:
        return 5 if x > CONFIDENT_FROM else 4
    return 1 if x < -CONFIDENT_FROM else 2
