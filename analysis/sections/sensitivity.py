"""What could have been found: smallest effects with 80 % power, and smallest bounds of equivalence, by arm."""

from dataclasses import asdict

from analysis.sections import Section, Table
from analysis.sensitivity import measure_sensitivity
from analysis.study import Study
from analysis.wording import number

MEANING = (
    "A study that finds nothing may have been too small to. Here stands how large an effect would have had to be for "
    "this one, with the people and titles it had, to find it four times out of five."
)
FORMULA = (
    "Smallest effect: (t(0.975) + t(0.80)) · SE, from the two-way standard error and its degrees of freedom (d′: the "
    "mixed model’s, normal). Equivalence to 50 % if it is 50 %: δ = (t(0.95) + t(0.90)) · SE. Shown: the further end "
    "of the 90 % interval."
)
LIMITS = (
    "The standard errors are those that were seen, and are estimates themselves. Nothing here uses the effects that "
    "were seen. No adjustment for the number of arms: with one, effects would have to be larger."
)


def write(study: Study) -> Section:
    """Measure every arm and the trend."""
    found = measure_sensitivity(study)
    rows = [tuple(asdict(arm).values()) for arm in found.arms]
    header = ("arm", "accuracy", "d_prime", "against_control", "equivalence", "shown_equivalent")
    trend = None if found.trend is None else number(100 * found.trend, 1)
    return Section(
        name="sensitivity",
        title="What could have been found",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results=asdict(found),
        context={"arms": found.arms, "trend": trend, "labels": study.labels, "control": study.control},
        status="descriptive",
        tables={"sensitivity": Table(header, rows)},
    )
