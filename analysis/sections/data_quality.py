"""Pay and the quality of the data: minutes, pay an hour, time in front, leaving the page, texts that were known."""

from dataclasses import asdict

from analysis.data_quality import DataQuality, measure_quality
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number

MEANING = (
    "Who was paid what for how long, and what happened on the pages. Nothing of this is used for a verdict; it is what "
    "a reader needs to judge whether people read, and were treated fairly."
)
FORMULA = (
    "Minutes: from consent to the last answer, of all who completed. Pay an hour: the reward over the first quartile, "
    "the median and the third quartile of the minutes. Shares: of the analysed answers in which it was measured."
)
LIMITS = (
    "Focus and time in front are measured by the browser and can be wrong or missing. That somebody said they had seen "
    "a text before, or looked something up, is what they said. Bonuses and refunds are not in the bundle."
)


def write(study: Study) -> Section:
    """Measure and lay out."""
    found = measure_quality(study)
    rows = [tuple(asdict(arm).values()) for arm in found.arms]
    header = ("arm", "minutes", "active_share", "focus_losses", "left_page", "pastes", "seen_before", "looked_up")
    return Section(
        name="data_quality",
        title="Pay and data quality",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results=asdict(found),
        context={"told": _tell(found), "arms": found.arms, "labels": study.labels},
        status="descriptive",
        tables={"data_quality": Table(header, rows)},
    )


def _tell(found: DataQuality) -> list[str]:
    if found.minutes is None:
        told = f"How long the {found.completed} who completed took is not known."
    else:
        low, middle, high = (number(value, 1) for value in found.minutes)
        told = f"Half of the {found.completed} who completed took between {low} and {high} minutes (median {middle})."
    if found.pay is None:
        return [told, f"Pay an hour was not worked out: {found.no_pay_because}."]
    pay = found.pay
    unit = f" {pay.currency}" if pay.currency else ""
    return [
        told,
        f"For a reward of {number(pay.amount, 2)}{unit} that is {number(pay.median, 2)}{unit} an hour at the median, "
        f"{number(pay.slow_quarter, 2)} at the third quartile and {number(pay.fast_quarter, 2)} at the first.",
    ]
