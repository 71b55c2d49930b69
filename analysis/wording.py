"""Numbers and verdicts in words, never more than their test says."""

from analysis.answer import Answer, ArmAnswer
from analysis.power_law import NoFit

MINUS = "\N{MINUS SIGN}"
FEW_PARTICIPANTS = 10  # below this a t interval leans wholly on an assumption that so few values cannot check


def percent(value: float | None) -> str:
    return number(None if value is None else 100 * value, 1)


def interval(low: float | None, high: float | None) -> str:
    return "–" if low is None or high is None else f"{percent(low)} to {percent(high)}"


def interval_of(low: float | None, high: float | None, *, participants: int) -> str:
    """An arm's interval in a table, or why it has none."""
    return "none: too few participants" if low is None and participants else interval(low, high)


def number(value: float | None, digits: int = 1) -> str:
    if value is None:
        return "–"
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", MINUS)  # + 0.0: no "-0.0"


def significant(value: float | None) -> str:
    """Three digits that count, for quantities whose scale is not known beforehand."""
    return "–" if value is None else f"{value:.3g}".replace("-", MINUS)


def plain(value: float | None) -> str:
    """As few digits as it has, at most four that count; never an exponent where people would write it out."""
    if value is None:
        return "–"
    told = f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"
    return told.replace("-", MINUS)


def words(name: str) -> str:
    """A name of the bundle's, as people write it."""
    return name.replace("_", " ")


def size(n_params: int | None) -> str:
    """A number of parameters as people write it: 125M, 1.3B."""
    if n_params is None:
        return "–"
    for unit, name in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if n_params >= unit:
            return f"{n_params / unit:.3g}{name}"
    return str(n_params)


def p_value(p: float | None) -> str:
    """As published: two digits with an exponent below 0.001, else three decimals."""
    if p is None:
        return "–"
    return f"{p:.3f}" if p >= 0.001 else f"{p:.1e}"


def tell_answer(answer: Answer) -> list[str]:
    """What the published analysis answers, a sentence a question."""
    told = (tell_control(answer), tell_ends(answer), tell_largest(answer), tell_curve(answer))
    return [sentence for sentence in told if sentence]


def tell_cautions(answer: Answer) -> list[str]:
    """What a reader of the answer must not overlook."""
    told = (_tell_presentation(answer), _tell_chance(answer), _tell_few(answer))
    return [sentence for sentence in told if sentence]


def _tell_presentation(answer: Answer) -> str:
    if not answer.is_paired:
        return ""
    return (
        "The human and the model's version of each title stood side by side, and participants said which is the "
        "machine's: a two-alternative choice, in which guessing gives 50 %. Its accuracies are not those of judging "
        "one text at a time, and must not be set beside them."
    )


def tell_control(answer: Answer) -> str:
    control = answer.control
    if control is None or control.accuracy.mean is None:
        return "There is no control arm with answers, so nothing shows how well these participants could tell at all."
    return (
        f"Against the control, participants were right in {percent(control.accuracy.mean)} % of their judgments "
        f"({_tell_precision(control)}); guessing gives 50 %."
    )


def tell_ends(answer: Answer) -> str:
    if not answer.models:
        return "No model arm has both a size and answers, so nothing can be said about size."
    if len(answer.models) == 1:
        return f"There is one model, {_tell_arm(answer.models[0])}."
    return f"The smallest model is {_tell_arm(answer.models[0])}, the largest {_tell_arm(answer.models[-1])}."


def _tell_arm(arm: ArmAnswer) -> str:
    return f"{arm.label} with {percent(arm.accuracy.mean)} % ({_tell_precision(arm)})"


def _tell_precision(arm: ArmAnswer) -> str:
    n = arm.accuracy.n
    people = f"{n} participant{'' if n == 1 else 's'}"
    if arm.accuracy.low is None:
        return f"no interval: {people}"
    return f"95 % CI {interval(arm.accuracy.low, arm.accuracy.high)}, {people}"


def tell_largest(answer: Answer) -> str:
    if not answer.models or answer.models[-1].accuracy.low is None or answer.models[-1].accuracy.high is None:
        return ""
    arm = answer.models[-1]
    low, high = arm.accuracy.low or 0.0, arm.accuracy.high or 0.0
    if low > 0.5:
        return f"With {arm.label}, participants of this kind do better than guessing on these articles."
    if high < 0.5:
        return f"With {arm.label}, participants of this kind do worse than guessing on these articles."
    return ""


def _tell_chance(answer: Answer) -> str:
    """The arms in which a difference from guessing was not shown."""
    held = [arm.label for arm in answer.arms if arm.accuracy.holds(0.5)]
    if not held:
        return ""
    return (
        f"For {_list(held)} the interval holds 50 %: a difference from guessing was not shown. That is no proof that "
        "people cannot tell, which would take a test of equivalence."
    )


def _tell_few(answer: Answer) -> str:
    few = [arm.label for arm in answer.arms if 0 < arm.accuracy.n < FEW_PARTICIPANTS]
    if not few:
        return ""
    return (
        f"Fewer than {FEW_PARTICIPANTS} participants are analysed in {_list(few)}: intervals, tests and the curve are "
        "then those of a rehearsal, and say hardly anything about the answer."
    )


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def tell_curve(answer: Answer) -> str:
    curve = answer.power_law
    if isinstance(curve, NoFit):
        return f"No curve over size was fitted: {curve.reason}."
    return (
        f"Along the fitted power law, ten times the parameters go with {number(10**-curve.b, 2)} times the accuracy "
        f"(exponent b = {number(curve.b, 4)}, SE {number(curve.b_se, 4)}, {curve.n_models} models)."
    )
