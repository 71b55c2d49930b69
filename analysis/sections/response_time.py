"""How long participants take: coefficients of log seconds as ratios, and accuracy by fifths of time."""

from dataclasses import asdict
from math import exp
from typing import Any

import matplotlib as mpl

from analysis.figures import MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.linear_mixed import Coefficient
from analysis.response_time import Fifth, TimeModel, follow_speed, model_time
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number, p_value

MEANING = (
    "The published study saw that people spend longer on texts of larger models, and took it for a sign that these are "
    "harder to tell. Here every answer’s time counts, with people, titles and texts drawn at random; and the faster "
    "answers of each person stand beside the slower ones."
)
FORMULA = (
    "Log seconds as a linear mixed model by REML, random intercepts of participant, title and text, t on "
    "Satterthwaite’s degrees of freedom; exp of a coefficient is a ratio of times. Fifths: of log seconds less the "
    "participant’s own mean, with two-way intervals."
)
LIMITS = (
    "Times are from the page being sent to the answer being stored: reading, thinking and being away are not told "
    "apart. People were not told to be fast, and that slower answers are more or less often right is no effect of time."
)
NAMES = {
    "(Intercept)": "Seconds, all else in the middle",
    "x": "A model’s text against a human one",
    "size": "Ten times the parameters",
    "x:size": "… and that much more for the model’s texts",
    "control": "The control against the other arms",
    "words": "A hundred words more",
    "place": "Ten texts later",
}


def write(study: Study) -> Section:
    """Fit the times and follow the accuracy over them."""
    model = model_time(study)
    fifths = follow_speed(study)
    coefficients = model.fit.coefficients if model.fit else ()
    return Section(
        name="response_time",
        title="How long they take",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={"model": _describe(model), "fifths": [asdict(fifth) for fifth in fifths]},
        context={
            "model": model,
            "told": _tell(model),
            "rows": [(NAMES.get(part.name, part.name), part, *_ratio(part)) for part in coefficients],
        },
        tables={
            "response_time": Table(
                ("name", "estimate", "se", "df", "t", "p", "low", "high"),
                [(c.name, c.value, c.se, c.df, c.t, c.p, c.low, c.high) for c in coefficients],
            ),
            "speed_accuracy": Table(
                ("fifth", "median_seconds", "accuracy", "two_way_low", "two_way_high"),
                [
                    (place, f.seconds, f.accuracy.two_way.value, f.accuracy.two_way.low, f.accuracy.two_way.high)
                    for place, f in enumerate(fifths, start=1)
                ],
            ),
        },
        pictures=(_draw(fifths),) if fifths else (),
    )


def _ratio(part: Coefficient) -> tuple[float | None, float | None, float | None]:
    """exp of the coefficient and its ends; None where that is beyond any time."""
    return tuple(exp(value) if abs(value) < 50 else None for value in (part.value, part.low, part.high))  # type: ignore[return-value]


def _describe(model: TimeModel) -> dict[str, Any]:
    described = asdict(model)
    if model.fit is not None:
        described["fit"]["sd"] = dict(zip(model.fit.groups, model.fit.sd, strict=True))
    return described


def _tell(model: TimeModel) -> list[str]:
    if model.fit is None:
        return [f"No model of the times was fitted: {model.reason}."]
    size = model.fit.coefficient("size")
    if size is None:
        return []
    value, low, high = (100 * (ratio - 1) if ratio is not None else None for ratio in _ratio(size))
    found = (
        f"t({number(size.df, 0)}) = {number(size.t, 2)}, p = {p_value(size.p)}, "
        f"95 % CI {number(low)} to {number(high)} %"
    )
    if size.p >= 0.05:
        return [f"That the time hangs on the size of the model was not shown ({found} for ten times the parameters)."]
    more = "more" if size.value > 0 else "less"
    return [f"Ten times the parameters go with {number(abs(value or 0.0))} % {more} time for a text ({found})."]


def _draw(fifths: list[Fifth]) -> Picture:
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("Accuracy (%)", log=False, height=3.0)
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for place, fifth in enumerate(fifths):
            own = fifth.accuracy.two_way
            if own.low is not None and own.high is not None:
                axes.plot([place, place], [100 * own.low, 100 * own.high], color=MODEL, linewidth=1.2)
            axes.plot(place, 100 * (own.value or 0.0), "o", color=MODEL, markersize=5)
        axes.set_xticks(range(len(fifths)), [f"median {fifth.seconds:.0f} s" for fifth in fifths])
        axes.set_xlabel("Fifths of each participant’s times, fastest first")
        axes.set_ylim(min(40.0, axes.get_ylim()[0]), max(100.0, axes.get_ylim()[1]))
        return finish_figure(figure, "response_time", "Accuracy by fifths of participants' times, 95 % intervals.")
