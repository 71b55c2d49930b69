"""How far participants of an arm agree about the same texts."""

from dataclasses import asdict

import numpy as np

from analysis.agreement import measure_agreement
from analysis.sections import Section, Table
from analysis.study import Study

MEANING = (
    "Whether participants agree about the same texts, beyond what chance would give: 1 is always, 0 is as by chance. "
    "Where people can hardly tell, they cannot agree either, so low agreement near chance is no fault of the raters. "
    "The majority’s share says how often most participants were right about a text together."
)
FORMULA = (
    "Krippendorff’s α = 1 − observed/expected disagreement, ordinal over the five answers and nominal over human "
    "against machine; Fleiss’ κ of the latter. Intervals: texts drawn anew, 500 times."
)
LIMITS = "Nobody judged the same text twice, so how far a participant agrees with themselves was not measured."


def write(study: Study) -> Section:
    """Measure every arm."""
    arms = measure_agreement(study.judgments, arms=study.arms, rng=np.random.default_rng([study.seed, 3]))
    rows = [
        (arm.arm, arm.texts, *(number for part in (arm.ordinal, arm.nominal, arm.fleiss)
                               for number in (part.value, part.low, part.high)), arm.majority_right)
        for arm in arms
    ]  # fmt: skip
    measures = ("alpha_ordinal", "alpha_nominal", "fleiss")
    columns = [f"{measure}{end}" for measure in measures for end in ("", "_low", "_high")]
    header = ("arm", "texts", *columns, "majority_right")
    return Section(
        name="agreement",
        title="Do participants agree?",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="descriptive",
        results=[asdict(arm) for arm in arms],
        context={"arms": arms, "labels": study.labels},
        tables={"agreement": Table(header, rows)},
    )
