"""Sentences for the methods from what further sections found; every number in them is one of results.json.

Each function is given its section's results as they stand there and says nothing of what is not among them.
"""

from collections.abc import Callable, Mapping, Sequence
from math import exp
from typing import Any

from analysis.wording import number, p_value, plain

Results = Mapping[str, Any]


def tell_attrition(results: Results) -> str:
    """Whether arms lost people alike."""
    parts = [
        _tell_loss("were excluded", "who completed", results["exclusions"]),
        _tell_loss("dropped out", "who were not still at work", results["dropouts"]),
    ]
    return (
        "Whether arms lost participants alike was tested by Fisher’s exact test in Freeman and Halton’s form, over "
        f"9,999 tables drawn at random: {'; '.join(parts)}."
    )


def _tell_loss(what: str, of_whom: str, test: Results) -> str:
    counts = f"{sum(test['lost'].values()):,} of the {sum(test['total'].values()):,} {of_whom} {what}"
    return f"{counts} (not tested: {test['reason']})" if test["p"] is None else f"{counts} (p = {p_value(test['p'])})"


def tell_dont_know(results: Results) -> str:
    """The three treatments, and the rate by arm."""
    told = (
        "“I don’t know” was left out of accuracy, counted as half a right answer beside it, and taken as the middle of "
        "the five answers in the areas under the curve"
    )
    rates = [arm["rate"]["mean"] for arm in results["arms"] if arm["rate"]["mean"] is not None]
    if rates:
        least, most = number(100 * min(rates)), number(100 * max(rates))
        told += f"; it was {least} % of the answers" if least == most else f"; it was {least} to {most} % of an arm’s"
        told += "" if least == most else " answers"
    test = results["test"]
    if test["p"] is not None:
        told += (
            "; its rate was compared over the arms by the likelihood ratio of a logit mixed model "
            f"(χ²({test['df']}) = {number(test['chi_square'], 2)}, p = {p_value(test['p'])})"
        )
    return f"{told}."


def tell_order(results: Results) -> str:
    """Change over the order, of d′ and c."""
    model = results["model"]
    if model["reason"]:
        return f"No model of the order could be fitted: {model['reason']}."
    parts = [
        f"{name} changed by {number(change['value'], 3)} (95 % CI {number(change['low'], 3)} to "
        f"{number(change['high'], 3)}, p = {p_value(p)})"
        for name, change, p in (
            ("d′", model["d_prime"], model["d_prime_p"]), ("c", model["criterion"], model["criterion_p"]),
        )
        if change["value"] is not None and p is not None
    ]  # fmt: skip
    told = f"; over ten texts {' and '.join(parts)}" if parts else ""
    return (
        f"Order and learning were told by the primary model with the place in the order and its product with x{told}."
    )


def tell_response_time(results: Results) -> str:
    """The linear mixed model of log seconds, and what size does to it."""
    model = results["model"]
    if model["fit"] is None:
        return f"No model of the response times could be fitted: {model['reason']}."
    told = (
        "Log seconds were modelled by a linear mixed model (REML, random intercepts of participants, titles and texts, "
        "Satterthwaite’s degrees of freedom)"
    )
    size = next((part for part in model["fit"]["coefficients"] if part["name"] == "size"), None)
    if size is not None and max(abs(size["low"]), abs(size["high"])) < 50:
        told += (
            f"; with ten times the parameters the time was {number(exp(size['value']), 3)} times as long (95 % CI "
            f"{number(exp(size['low']), 3)} to {number(exp(size['high']), 3)}, t({number(size['df'], 0)}) = "
            f"{number(size['t'], 2)}, p = {p_value(size['p'])})"
        )
    return f"{told}."


def tell_exclusions(results: Results) -> str:
    """What would be with other people."""
    people = {variant["name"]: variant["participants"] for variant in results["variants"]}
    changes = len(results["changes"])
    kept = "no conclusion changed" if not changes else f"{changes} conclusion{'s' * (changes > 1)} changed"
    return (
        f"Everything was analysed again with nobody excluded ({people['nobody_excluded']:,} participants) and without "
        f"those who showed a sign of carelessness ({people['careful_only']:,} participants): of whether an arm’s "
        f"interval lies on one side of 50 %, and whether it differs from the control, {kept}."
    )


def tell_attention(results: Results) -> str:
    """How the attention checks went; empty where none were asked."""
    found = results["attention"]
    if not found["asked"]:
        return ""
    return (
        f"Of the {found['asked']:,} who completed and were asked attention checks, {found['failed_none']:,} failed "
        f"none, {found['failed_one']:,} one, and {found['failed_more']:,} two or more."
    )


def tell_took_part(results: Results) -> str:
    """Ages, genders and the like, as far as groups are large enough to be told."""
    parts = []
    for asked in results["questions"]:
        told = [f"{row['answer']} {number(100 * row['total']['share'], 0)} %" for row in asked["rows"] if _is_told(row)]
        total = asked["total"]
        if total and total["median"] is not None:
            told = [f"median {plain(total['median'])}, quartiles {plain(total['low'])} and {plain(total['high'])}"]
        if told:
            parts.append(f"{asked['name'].replace('_', ' ')}: {', '.join(told)}")
    if not parts:
        return ""
    return f"Of those who answered: {'; '.join(parts)} (groups of fewer than five are not told).".replace("_", " ")


def _is_told(row: Results) -> bool:
    return bool(row["total"]["n"])


Tellers = Sequence[tuple[str, Callable[[Results], str]]]
PEOPLE: Tellers = (("took_part", tell_took_part),)
EXCLUSIONS: Tellers = (
    ("exclusions", tell_attention),
    ("exclusions", tell_exclusions),
    ("attrition", tell_attrition),
)
ANALYSES: Tellers = (
    ("dont_know", tell_dont_know),
    ("order", tell_order),
    ("response_time", tell_response_time),
)
