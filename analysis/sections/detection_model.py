"""The primary model's section: d′ and criterion by arm, marginal accuracy, coefficients and where the variance lies."""

from dataclasses import asdict
from typing import Any

from analysis.detection_model import DetectionModel
from analysis.mixed_result import MixedFit
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number

MEANING = (
    "How well participants tell model from human texts (d′; 0 is not at all) is parted from how readily they say "
    "“machine” (c; below 0 is readily), in one model in which participants, titles and texts are drawn from "
    "populations. Its intervals therefore hold for new participants, new titles and new texts of the same models."
)
MEANING_OF_PAIRS = (
    "How well participants tell the model’s text from the human one beside it (d′; 0 is not at all), in one model in "
    "which participants, titles and texts are drawn from populations. Its intervals therefore hold for new "
    "participants, new titles and new texts of the same models."
)
FORMULA = (
    "Probit of “said machine” on x (½ for a model’s text, −½ for a human one), the arm and their product, with random "
    "intercept and slope for each participant, and intercepts for each title and each text; Laplace’s approximation. "
    "d′ is an arm’s coefficient of x, c minus its intercept; accuracy = ½[Φ(η₊/√(1+v₊)) + Φ(−η₋/√(1+v₋))]."
)
FORMULA_OF_PAIRS = (
    "Probit of a right choice on the arm, with random intercepts for each participant, title and text; Laplace’s "
    "approximation. d′ is √2 times an arm’s intercept; accuracy = Φ(η/√(1+v))."
)
LIMITS = (
    "Answers of “I don’t know” are left out. Random coefficients are taken as normal. The accuracy’s interval takes "
    "the variances as known. With few titles their variance is known badly, whatever the number of participants."
)

PARTS = {
    "participant": "how readily each participant says “machine”",
    "participant (slope)": "how well each participant tells",
    "title": "the title",
    "item": "the single text",
    "single judgment": "left to the single judgment",
}

PARTS_OF_PAIRS = PARTS | {"participant": "how well each participant tells"}


def write(study: Study) -> Section:
    """Fit the model and lay it out."""
    model = study.detection
    return Section(
        name="detection_model",
        title="Signal detection: the primary model",
        meaning=MEANING_OF_PAIRS if study.bundle.is_paired else MEANING,
        formula=FORMULA_OF_PAIRS if study.bundle.is_paired else FORMULA,
        limits=LIMITS,
        status="descriptive",
        results=_describe(model),
        context={
            "model": model,
            "is_paired": study.bundle.is_paired,
            "parts": PARTS_OF_PAIRS if study.bundle.is_paired else PARTS,
        },
        tables=_tabulate(model),
        sentences=_tell_largest(model, study),
    )


def _tell_largest(model: DetectionModel, study: Study) -> tuple[str, ...]:
    """d′ of the largest model, for the first page; nothing where it is not a number to trust."""
    largest = study.answer.models[-1].arm if study.answer.models else None
    arm = next((arm for arm in model.arms if arm.arm == largest), None)
    sound = model.fit is not None and model.fit.diagnostics.converged and not model.fit.diagnostics.separated
    if arm is None or arm.d_prime.low is None or not sound:
        return ()
    low, high = number(arm.d_prime.low, 2), number(arm.d_prime.high, 2)
    return (
        f"How well they tell it, whatever their leaning to one answer, is d′ = {number(arm.d_prime.value, 2)} for "
        f"{arm.label} (95 % CI {low} to {high}, for new participants, titles and texts; 0 is not at all).",
    )


def _describe(model: DetectionModel) -> dict[str, Any]:
    if model.fit is None:
        return {"reason": model.reason, "arms": [], "coefficients": [], "components": [], "shares": {}}
    return {
        "reason": None,
        "formula": model.fit.formula,
        "link": model.fit.link,
        "arms": [asdict(arm) for arm in model.arms],
        "coefficients": _list_coefficients(model.fit),
        "components": [
            {
                "group": part.group,
                "levels": part.levels,
                "names": part.names,
                "sd": part.sd,
                "correlation": part.correlation.tolist(),
            }
            for part in model.fit.components
        ],
        "shares": dict(model.shares),
        "theta": model.fit.theta.tolist(),
        "log_likelihood": model.fit.log_likelihood,
        "observations": model.fit.observations,
        "diagnostics": asdict(model.fit.diagnostics),
    }


def _list_coefficients(fitted: MixedFit) -> list[dict[str, Any]]:
    return [
        {"name": name, "estimate": float(value), "se": float(se), "z": float(value / se) if se > 0 else None}
        for name, value, se in zip(fitted.names, fitted.coefficients, fitted.standard_errors, strict=True)
    ]


def _tabulate(model: DetectionModel) -> dict[str, Table]:
    if model.fit is None:
        return {}
    arms = [
        (arm.arm, arm.d_prime.value, arm.d_prime.se, arm.d_prime.low, arm.d_prime.high, arm.criterion.value,
         arm.criterion.se, arm.accuracy.value, arm.accuracy.se, arm.accuracy.low, arm.accuracy.high)
        for arm in model.arms
    ]  # fmt: skip
    coefficients = [tuple(row.values()) for row in _list_coefficients(model.fit)]
    header = ("arm", "d_prime", "d_prime_se", "d_prime_low", "d_prime_high", "criterion", "criterion_se", "accuracy",
              "accuracy_se", "accuracy_low", "accuracy_high")  # fmt: skip
    return {
        "detection_model": Table(header, arms),
        "detection_model_coefficients": Table(("name", "estimate", "se", "z"), coefficients),
    }
