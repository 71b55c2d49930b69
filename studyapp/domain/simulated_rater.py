"""A simulated participant: the equal-variance signal-detection model with a planted accuracy, for rehearsals only.

On a text from `source` the rater perceives x ~ N(+d'/2, 1) for a model text and N(-d'/2, 1) for a human one, shifted
by a leaning of the rater's own; x is cut into the five judgments. The planted accuracy P among non-neutral answers
fixes d' = 2 Phi^-1(P) (exact for a zero-width neutral band, close to it for the narrow band used here).

Of a pair the rater perceives both texts and compares: (x_model - x_human) / sqrt(2) ~ N(D, 1), shifted by the same
leaning, now towards the second text. There the planted P is that of the comparison, so D = Phi^-1(P): in the code D is
d'/2 of one text, so that the same evidence gives the same accuracy.
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


def find_d_prime(accuracy: float, *, dilution: float = 1.0) -> float:
    """The d' of a planted accuracy; spreads of people and texts dilute it, so that it must be larger by `dilution`."""
    return 2 * dilution * NormalDist().inv_cdf(accuracy)


def weigh_text(*, d_prime: float, leaning: float, source: str, effect: float = 0.0) -> float:
    """The mean of a rater's evidence that a text is a machine's; `effect` is the text's own part of it."""
    return (d_prime / 2 if source == "model" else -d_prime / 2) + leaning + effect


def share_right(mean: float, *, source: str) -> float:
    """How likely a judgment that is not neutral is right, for evidence x ~ N(mean, 1) on a text from `source`."""
    says_machine = 1 - NormalDist(mean).cdf(NEUTRAL_HALF_WIDTH)
    says_human = NormalDist(mean).cdf(-NEUTRAL_HALF_WIDTH)
    return (says_machine if source == "model" else says_human) / (says_machine + says_human)


@dataclass
class SimulatedRater:
    """Judges one text after another; every draw comes from `rng` alone. A leaning that is not given is drawn."""

    accuracy: float
    rng: random.Random
    leaning: float | None = None
    sensitivity: float = 0.0  # what the rater's d' has more, or less, than that of the accuracy
    dilution: float = 1.0

    def __post_init__(self) -> None:
        if self.leaning is None:
            self.leaning = self.rng.gauss(0.0, RATER_SPREAD)
        self._d_prime = find_d_prime(self.accuracy, dilution=self.dilution) + self.sensitivity

    def judge(self, *, source: str, effect: float = 0.0) -> Judgment:
        mean = weigh_text(d_prime=self._d_prime, leaning=self.leaning or 0.0, source=source, effect=effect)
        return Judgment(_cut(self.rng.gauss(mean, 1.0)))

    def compare(self, *, first: Source, effect: float = 0.0) -> PairChoice:
        """Which of two texts is the machine's, where `first` says whose text stands first."""
        side = find_side(first)
        mean = weigh_text(
            d_prime=self._d_prime, leaning=side * (self.leaning or 0.0), source="model", effect=effect
        )  # of the model's text over the other's, on the scale of their difference
        return PairChoice(_cut(side * self.rng.gauss(mean, 1.0)))


def find_side(first: str) -> int:
    """Where the model's text stands: -1 first, 1 second (or alone, in a study that shows no pairs)."""
    return -1 if first == "model" else 1


def _cut(x: float) -> int:
    """The point of a five-point scale, 1 to 5, on which a percept lies."""
    if abs(x) < NEUTRAL_HALF_WIDTH:
        return 3
    if x > 0:
        return 5 if x > CONFIDENT_FROM else 4
    return 1 if x < -CONFIDENT_FROM else 2
