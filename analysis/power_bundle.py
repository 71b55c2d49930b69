"""The design of a bundle as the beginning of a plan: its arms and sizes, and with answers what they say of people."""

from typing import Any

import polars as pl

from analysis.accuracy import estimate_mean
from analysis.load import Bundle
from analysis.power_design import LEAST_ACCURACY, MOST_ACCURACY, place_on_curve
from analysis.scoring import is_analysed, score_bundle


def describe_bundle(bundle: Bundle, *, pilot: bool = False) -> dict[str, Any]:
    """The keys of a plan that a bundle gives; without participants or items, those are left out.

    With `pilot`, accuracies and the shares of "I don't know" and of exclusions are those of its answers, where there
    are any; else the accuracies are the published shape on the bundle's own sizes.
    """
    arms = list(bundle.arms.iter_rows(named=True))
    sizes = [row["n_params"] for row in arms if row["n_params"] and not row["is_control"]]
    answered = _describe_answers(bundle) if pilot else {}
    accuracies = answered.pop("accuracies", {})
    described: dict[str, Any] = {
        "arms": [
            {
                "name": row["arm"],
                "n_params": float(row["n_params"]) if row["n_params"] else None,
                "is_control": row["is_control"],
                "accuracy": accuracies.get(
                    row["arm"], place_on_curve(row["n_params"], is_control=row["is_control"], sizes=sizes)
                ),
            }
            for row in arms
        ],
        **answered,
    }
    completed = bundle.participants.filter(pl.col("status") == "completed").height
    if arms and completed >= 4 * len(arms):
        described["participants"] = [round(completed / len(arms))]
    titles = bundle.items.height or bundle.trials["item"].n_unique()
    if titles:
        described["titles"] = [titles]
    if bundle.trials.height:
        described["shown"] = max(bundle.trials.group_by("participant").len()["len"].to_list())
    return described


def _describe_answers(bundle: Bundle) -> dict[str, Any]:
    """What a pilot's answers say; {} without any."""
    scores = score_bundle(bundle)
    if not scores.participants.height:
        return {}
    by_arm = scores.participants.drop_nulls("accuracy").group_by("arm").agg(pl.col("accuracy"))
    means = {arm: estimate_mean(values).mean for arm, values in by_arm.iter_rows()}
    completed = bundle.participants.filter(pl.col("status") == "completed")
    return {
        "accuracies": {arm: min(MOST_ACCURACY, max(LEAST_ACCURACY, mean)) for arm, mean in means.items() if mean},
        "dont_know": float(scores.trials["outcome"].null_count()) / scores.trials.height,
        "lost": 1 - completed.filter(is_analysed()).height / completed.height,
    }
