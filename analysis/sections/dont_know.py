"""“I don’t know”: how often by arm, whether that differs, and what accuracy is when it is not left out."""

from dataclasses import asdict

from analysis.dont_know import NeutralTest, compare_arms, treat_arms
from analysis.sections import Section, Table
from analysis.study import Study

MEANING = (
    "The published accuracy leaves “I don’t know” out. Where one arm makes people say it more often than another, that "
    "alone can move accuracy, so it stands here with half a point for every such answer, as a guess would have. As the "
    "middle answer of five it is counted in the AUC."
)
FORMULA = (
    "Means over participants with t intervals over participants. The rate by arm: likelihood ratio of a logit mixed "
    "model with and without the arm, participants, titles and texts at random; χ² with arms − 1 degrees of freedom."
)
LIMITS = "The intervals hold for new participants who read the same articles."


def write(study: Study) -> Section:
    """Treat every arm in three ways."""
    arms = treat_arms(study.judgments, arms=study.arms)
    test = NeutralTest(reason=study.no_mixed) if study.no_mixed else compare_arms(study.judgments)
    rows = [
        (arm.arm, arm.rate.n, arm.rate.mean, arm.rate.low, arm.rate.high, arm.left_out.mean, arm.left_out.low,
         arm.left_out.high, arm.half_credit.mean, arm.half_credit.low, arm.half_credit.high)
        for arm in arms
    ]  # fmt: skip
    header = ("arm", "participants", "rate", "rate_low", "rate_high", "accuracy_left_out", "left_out_low",
              "left_out_high", "accuracy_half_credit", "half_credit_low", "half_credit_high")  # fmt: skip
    return Section(
        name="dont_know",
        title="“I don’t know”",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={"arms": [asdict(arm) for arm in arms], "test": asdict(test)},
        context={"arms": arms, "test": test, "labels": study.labels},
        tables={"dont_know": Table(header, rows)},
    )
