"""The published analysis of a bundle as one frozen result, of which every table, figure and sentence is made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from analysis.accuracy import DIFFERENCE, SECONDS, SHARE, MeanEstimate, estimate_mean
from analysis.comparison import Comparison, compare_with_control
from analysis.duration import LogLine, fit_log_line
from analysis.flow import ArmFlow, count_flow
from analysis.lengths import ArmLengths, measure_lengths
from analysis.load import Bundle
from analysis.power_law import NoFit, PowerLaw, fit_power_law
from analysis.scoring import score_bundle


@dataclass(frozen=True)
class ArmAnswer:
    """All that is said of one arm. `trials` are answered ones of analysed participants."""

    arm: str
    label: str
    n_params: int | None
    is_control: bool
    trials: int
    accuracy: MeanEstimate
    accuracies: tuple[float, ...]
    dont_know_rate: float | None
    comparison: Comparison
    lengths: ArmLengths
    seconds: MeanEstimate
    flow: ArmFlow


@dataclass(frozen=True)
class Answer:
    """The study's answer: its arms in the order of the bundle, and the two curves over size.

    `is_paired`: every judgment chose between two texts, so that accuracies are those of a two-alternative choice.
    """

    arms: tuple[ArmAnswer, ...]
    power_law: PowerLaw | NoFit
    duration: LogLine | NoFit
    untimed_trials: int
    is_paired: bool = False

    @property
    def control(self) -> ArmAnswer | None:
        return next((arm for arm in self.arms if arm.is_control), None)

    @property
    def models(self) -> list[ArmAnswer]:
        """The arms of the size curve: with a size and an accuracy, the control left out, smallest first."""
        sized = [a for a in self.arms if not a.is_control and a.n_params and a.accuracy.mean is not None]
        return sorted(sized, key=lambda arm: arm.n_params or 0)


def analyse_bundle(bundle: Bundle) -> Answer:
    """Carry the published analysis out (Brown et al. 2020, §3.9.4, tables 3.11 and E.1, figures 3.13 and E.1)."""
    scores = score_bundle(bundle)
    names = bundle.arms["arm"].to_list()
    people = {name: scores.participants.filter(pl.col("arm") == name) for name in names}
    accuracies = {name: tuple(frame["accuracy"].drop_nulls().to_list()) for name, frame in people.items()}
    controls = bundle.arms.filter(pl.col("is_control"))["arm"].to_list()
    comparisons = compare_with_control(accuracies, control=controls[0] if controls else None, possible=DIFFERENCE)
    lengths = measure_lengths(bundle)
    flows = {flow.arm: flow for flow in count_flow(bundle)}
    arms = tuple(
        ArmAnswer(
            arm=row["arm"],
            label=row["label"] or row["arm"],
            n_params=row["n_params"],
            is_control=row["is_control"],
            trials=int(people[row["arm"]]["answered"].sum()),
            accuracy=estimate_mean(accuracies[row["arm"]], possible=SHARE),
            accuracies=accuracies[row["arm"]],
            dont_know_rate=_share_neutral(people[row["arm"]]),
            comparison=comparisons.get(row["arm"], Comparison(reason="the control itself")),
            lengths=lengths[row["arm"]],
            seconds=estimate_mean(people[row["arm"]]["seconds_mean"].drop_nulls().to_list(), possible=SECONDS),
            flow=flows[row["arm"]],
        )
        for row in bundle.arms.iter_rows(named=True)
    )
    answer = _fit_curves(arms, untimed=int(scores.trials["seconds"].null_count()))
    return replace(answer, is_paired=bundle.is_paired)


def _fit_curves(arms: tuple[ArmAnswer, ...], *, untimed: int) -> Answer:
    sized = [(arm.n_params, arm) for arm in arms if not arm.is_control and arm.n_params is not None]
    judged = [(n_params, arm.accuracy.mean) for n_params, arm in sized if arm.accuracy.mean is not None]
    timed = [(n_params, arm.seconds.mean) for n_params, arm in sized if arm.seconds.mean is not None]
    return Answer(
        arms=arms,
        power_law=fit_power_law(*_unzip(judged)),
        duration=fit_log_line(*_unzip(timed)),
        untimed_trials=untimed,
    )


def _unzip(pairs: Sequence[tuple[int, float]]) -> tuple[list[float], list[float]]:
    return [float(x) for x, _ in pairs], [y for _, y in pairs]


def _share_neutral(people: pl.DataFrame) -> float | None:
    """The mean over participants of the share of their answers that are "I don't know"."""
    mean = people["dont_know_rate"].mean()
    return None if mean is None else float(mean)  # type: ignore[arg-type]
