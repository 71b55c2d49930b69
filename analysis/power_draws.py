"""Draws of whole studies from a probit model, many at once: what each arm's participants answer, and its sums.

Text `i` of title `t` in arm `a`, read by participant `p`, with x = +½ for a model text and −½ for a human one, is said
to be a machine's when

    x (d'_a + s_p) + r_p + u_t + w_i + e > 0,    e ~ N(0, 1),

s, r, u and w normal with the plan's spreads. The human text of a title is one text for all arms; each model has its
own. Forms A and B mirror each other, half human; where a participant reads only some of the titles, half of those are
human. "I don't know" falls on a trial whatever its text is. d'_a is such that the accuracy over all participants and
texts is the planned one: accuracy = Φ(d' / 2 / √(1 + Var r + Var s / 4 + Var u + Var w)).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, special

from analysis.power_design import LEAST_ACCURACY, MOST_ACCURACY, Plan, PlannedArm

TRIALS_AT_ONCE = 1_000_000  # of one arm: a few arrays of this size are held at a time
LEAST_BATCHES = 10  # forms and who reads what are drawn once a batch
Floats = NDArray[np.float64]
Forms = tuple[NDArray[np.bool_], NDArray[np.bool_]]  # which titles are human on A and on B


@dataclass(frozen=True)
class ArmDraws:
    """One arm in every run of a batch.

    `truth`: the accuracy of all participants and texts. `mean`, `variance`: of the analysed participants' accuracies
    (n - 1). `titles`: shape (runs, titles), each title's part of the mean's error: Σ w (y - mean) with w = 1 / (n m),
    m a participant's judged trials. `cells`: Σ w² (y - mean)² over single trials.
    """

    truth: Floats
    n: Floats
    mean: Floats
    variance: Floats
    titles: Floats
    cells: Floats


@dataclass(frozen=True)
class Reading:
    """Who reads what in one arm and form: `title` and `sign` (+1 a model text), shape (participants or 1, shown)."""

    title: NDArray[np.intp]
    sign: NDArray[np.float32]
    participants: int

    @property
    def is_shared(self) -> bool:
        """Everybody reads the same."""
        return len(self.title) == 1


def draw_studies(plan: Plan, *, participants: int, titles: int) -> Iterator[dict[str, ArmDraws]]:
    """All runs of one design, batch by batch, each the arms by name; the plan's seed and the sizes say every draw."""
    rng = np.random.default_rng([plan.seed, participants, titles])
    shown = min(plan.shown, titles)

    def draw_arm(arm: PlannedArm, story: NDArray[np.float32], human: NDArray[np.float32], forms: Forms) -> ArmDraws:
        model = story + _normal(rng, story.shape, plan.spread.item)
        readings = [
            _draw_reading(rng, human_on, shown=shown, participants=(participants + 1 - form) // 2)
            for form, human_on in enumerate(forms)
        ]
        return _draw_arm(arm, plan, rng=rng, effects=np.concatenate([-human, model], axis=1), readings=readings)

    at_once = max(1, min(-(-plan.runs // LEAST_BATCHES), TRIALS_AT_ONCE // (participants * shown)))
    for start in range(0, plan.runs, at_once):
        runs = min(at_once, plan.runs - start)
        human_on_a = np.zeros(titles, dtype=bool)
        human_on_a[rng.permutation(titles)[: (titles + 1) // 2]] = True
        story = _normal(rng, (runs, titles), plan.spread.title)
        human = story + _normal(rng, (runs, titles), plan.spread.item)
        forms = (human_on_a, ~human_on_a)
        yield {arm.name: draw_arm(arm, story, human, forms) for arm in plan.arms}


def _normal(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> NDArray[np.float32]:
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(sd)


def _draw_reading(rng: np.random.Generator, human_on: NDArray[np.bool_], *, shown: int, participants: int) -> Reading:
    """Half of what a participant reads is human, within one; all of a form where it is no longer than that."""
    if shown >= len(human_on):
        title = np.arange(len(human_on))[None]
    else:
        human, model = np.flatnonzero(human_on), np.flatnonzero(~human_on)
        more = min(shown // 2 + shown % 2 * int(len(human) >= len(model)), len(human))
        title = np.concatenate(
            [
                pool[np.argsort(rng.random((participants, len(pool)), dtype=np.float32), axis=1)[:, :number]]
                for pool, number in ((human, more), (model, shown - more))
            ],
            axis=1,
        )
    sign = np.where(human_on[title], np.float32(-1), np.float32(1))
    return Reading(title=title, sign=sign, participants=participants)


def _draw_arm(
    arm: PlannedArm, plan: Plan, *, rng: np.random.Generator, effects: NDArray[np.float32], readings: list[Reading]
) -> ArmDraws:
    """`effects`, shape (runs, 2 · titles): what a text adds to being right, the human versions before the model's."""
    runs, titles = effects.shape[0], effects.shape[1] // 2
    truth = np.full(runs, arm.accuracy)
    if not arm.is_control and plan.spread.model:
        truth = np.clip(truth + plan.spread.model * rng.standard_normal(runs), LEAST_ACCURACY, MOST_ACCURACY)
    half_d = (special.ndtri(truth) * plan.spread.dilution).astype(np.float32)
    answers = [_answer(reading, plan, rng=rng, effects=effects, half_d=half_d) for reading in readings]
    right = np.concatenate([answer[0].sum(2, dtype=np.float32) for answer in answers], axis=1).astype(float)
    judged = np.concatenate([answer[1].sum(2, dtype=np.float32) for answer in answers], axis=1).astype(float)
    analysed = (judged > 0) & (rng.random(judged.shape) >= plan.lost)
    n = np.maximum(analysed.sum(1), 1).astype(float)
    weight = analysed / (n[:, None] * np.maximum(judged, 1))
    accuracy = np.where(analysed, right / np.maximum(judged, 1), 0.0)
    mean = accuracy.sum(1) / n
    spread = np.where(analysed, accuracy - mean[:, None], 0.0)
    sums = np.zeros((runs, titles))
    start = 0
    for reading, (is_right, is_judged) in zip(readings, answers, strict=True):
        part = weight[:, start : start + reading.participants].astype(np.float32)
        sums += _sum_titles(part, is_right, reading, titles)
        sums -= mean[:, None] * _sum_titles(part, is_judged, reading, titles)
        start += reading.participants
    wrong = judged - right
    return ArmDraws(
        truth=truth,
        n=n,
        mean=mean,
        variance=(spread**2).sum(1) / np.maximum(n - 1, 1),
        titles=sums,
        cells=(weight**2 * (right * (1 - mean[:, None]) ** 2 + wrong * mean[:, None] ** 2)).sum(1),
    )


def _answer(
    reading: Reading, plan: Plan, *, rng: np.random.Generator, effects: NDArray[np.float32], half_d: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What is right (and judged) and what is judged, each of shape (runs, participants, shown)."""
    runs, titles = effects.shape[0], effects.shape[1] // 2
    shape = (runs, reading.participants, reading.title.shape[1])
    evidence = rng.standard_normal(shape, dtype=np.float32)
    text = reading.title + np.where(reading.sign > 0, titles, 0)
    evidence += effects[:, text]  # (runs, 1 or participants, shown)
    sensitivity = half_d[:, None] + _normal(rng, shape[:2], plan.spread.slope / 2)
    evidence += sensitivity[:, :, None]
    if plan.spread.participant:
        leaning = _normal(rng, shape[:2], plan.spread.participant)
        evidence += reading.sign * leaning[:, :, None]
    is_right = evidence > 0
    if not plan.dont_know:
        return is_right, np.ones(shape, dtype=bool)
    is_judged = rng.random(shape, dtype=np.float32) >= np.float32(plan.dont_know)
    return is_right & is_judged, is_judged


def _sum_titles(
    weight: NDArray[np.float32], marks: NDArray[np.bool_], reading: Reading, titles: int
) -> NDArray[np.float64]:
    """Σ over participants of weight · mark, title by title; shape (runs, titles)."""
    if reading.is_shared:
        return np.asarray(np.matmul(weight[:, None, :], marks.astype(np.float32))[:, 0], dtype=float)
    weighted = (marks * weight[:, :, None]).reshape(len(marks), -1)
    place = reading.title.ravel()
    gather = sparse.csr_array(
        (np.ones(len(place), dtype=np.float32), (place, np.arange(len(place)))), shape=(titles, len(place))
    )
    return np.asarray((gather @ weighted.T).T, dtype=float)
