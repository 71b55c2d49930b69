"""Words human : model, an arm a row: length must tell nothing, so it is reported."""

from dataclasses import dataclass

import polars as pl

from analysis.load import Bundle


@dataclass(frozen=True)
class ArmLengths:
    """Mean words of the human texts of the study and of the arm's model texts; None where stimuli.csv is missing."""

    human: float | None
    model: float | None


def measure_lengths(bundle: Bundle) -> dict[str, ArmLengths]:
    """The lengths of every arm, by its name."""
    human = _mean(bundle.stimuli.filter(pl.col("arm").is_null()))
    return {
        arm: ArmLengths(human=human, model=_mean(bundle.stimuli.filter(pl.col("arm") == arm)))
        for arm in bundle.arms["arm"]
    }


def _mean(stimuli: pl.DataFrame) -> float | None:
    mean = stimuli["words"].drop_nulls().mean()
    return None if mean is None else float(mean)  # type: ignore[arg-type]
