"""results.json: the machine-readable twin of every number in the report; never NaN, null with a reason instead."""

import dataclasses
import json
import math
from typing import Any

from analysis.accuracy import TOO_FEW
from analysis.answer import Answer, ArmAnswer
from analysis.load import Bundle
from analysis.power_law import NoFit, PowerLaw
from analysis.schema import SCHEMA_VERSION


def build_results(bundle: Bundle, answer: Answer, *, seed: int) -> dict[str, Any]:
    """Everything the report says, as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "seed": seed,
        "presentation": "paired" if answer.is_paired else "single",
        "manifest": {key: value for key, value in bundle.manifest.items() if key != "design"},
        "flow": [dataclasses.asdict(arm.flow) for arm in answer.arms],
        "arms": [_describe_arm(arm) for arm in answer.arms],
        "power_law": _describe_curve(answer.power_law),
        "duration": {**_describe_line(answer), "untimed_trials": answer.untimed_trials},
    }


def write_json(results: dict[str, Any]) -> str:
    """The text of results.json; the same results give the same bytes.

    Raises:
        ValueError: a number is not finite, which is a fault of this package.
    """
    return json.dumps(_round_trip(results), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _describe_arm(arm: ArmAnswer) -> dict[str, Any]:
    comparison = dataclasses.asdict(arm.comparison)
    return {
        "arm": arm.arm,
        "label": arm.label,
        "n_params": arm.n_params,
        "is_control": arm.is_control,
        "participants": arm.accuracy.n,
        "recruited": arm.flow.recruited,
        "excluded": arm.flow.excluded,
        "trials": arm.trials,
        "accuracy": arm.accuracy.mean,
        "ci_low": arm.accuracy.low,
        "ci_high": arm.accuracy.high,
        "ci_is_cut": arm.accuracy.is_cut,
        "no_interval_because": TOO_FEW if arm.accuracy.low is None else None,
        "sd": arm.accuracy.sd,
        "dont_know_rate": arm.dont_know_rate,
        "difference": comparison["difference"],
        "difference_low": comparison["low"],
        "difference_high": comparison["high"],
        "t": comparison["t"],
        "df": comparison["df"],
        "p": comparison["p"],
        "p_holm": comparison["p_holm"],
        "no_test_because": comparison["reason"] or None,
        "words_human": arm.lengths.human,
        "words_model": arm.lengths.model,
        "seconds_mean": arm.seconds.mean,
        "seconds_low": arm.seconds.low,
        "seconds_high": arm.seconds.high,
    }


def _describe_curve(curve: PowerLaw | NoFit) -> dict[str, Any]:
    if isinstance(curve, NoFit):
        return {"a": None, "a_se": None, "b": None, "b_se": None, "reason": curve.reason}
    described = dataclasses.asdict(curve)
    return {**described, "covariance": [list(row) for row in curve.covariance], "reason": None}


def _describe_line(answer: Answer) -> dict[str, Any]:
    if isinstance(answer.duration, NoFit):
        return {"intercept": None, "slope": None, "slope_se": None, "reason": answer.duration.reason}
    return {**dataclasses.asdict(answer.duration), "reason": None}


def _round_trip(value: Any) -> Any:
    """Numbers that are not finite become null; containers are walked."""
    if isinstance(value, dict):
        return {key: _round_trip(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_round_trip(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
