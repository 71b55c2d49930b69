"""Accuracy with and without exclusions, and signs of carelessness counted by arm."""

from dataclasses import asdict
from typing import Any

import polars as pl

from analysis.carelessness import SIGNALS, count_attention, find_signals
from analysis.exclusion_facts import RuleFacts, gather_facts
from analysis.exclusions import CAREFUL, DECLARED, NOBODY, Variant, compare_variants, list_changes
from analysis.methods_numbers import tell_attention
from analysis.sections import Section, Table
from analysis.study import Study

MEANING = (
    "The answer above leaves out whom the declared rules exclude. Here it stands beside what it would be with all "
    "who completed, and without those who also show a sign of carelessness. The signs decide nothing: each of them "
    "catches some careless people and some careful ones."
)
FORMULA = (
    "Two-way intervals (new participants and new titles) and Student’s t test against the control with Holm’s "
    "adjustment, each time anew. Signs: a run of one answer over half of all answers (at least 6); “I don’t know” in "
    "more than half; more than half of the texts faster than 600 words a minute; a standard deviation of the answers "
    "(1 to 5) under 0.5; an attention check failed."
)
LIMITS = (
    "The other two columns are exploratory: they were not declared, and choosing among them after the fact would be "
    "choosing the result. Leaving out those who say “I don’t know” or keep to one answer can move accuracy by itself."
)
TITLES = {DECLARED: "As declared", NOBODY: "Nobody excluded", CAREFUL: "Without any sign"}
NAMES = {
    "same_answer": "One answer in a row",
    "dont_know": "“I don’t know” in most",
    "too_fast": "Too fast",
    "low_spread": "Hardly varied",
    "attention": "Check failed",
    "any": "Any sign",
}


def write(study: Study) -> Section:
    """Analyse three times and count the signs."""
    signals = _count(study)
    variants = compare_variants(study)
    changes = list_changes(variants)
    rules = gather_facts(study.bundle)
    attention = count_attention(study.bundle)
    shown = [name for name in (*SIGNALS, "any") if any(row[name] is not None for row in signals)]
    return Section(
        name="exclusions",
        title="With and without exclusions",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={
            "variants": [_describe(variant) for variant in variants],
            "signals": signals,
            "rules": [asdict(rule) for rule in rules],
            "attention": attention,
            "changes": [dict(zip(("arm", "variant", "declared", "here"), row, strict=True)) for row in changes],
        },
        context={
            "variants": variants,
            "titles": TITLES,
            "signals": signals,
            "shown": shown,
            "names": NAMES,
            "labels": study.labels,
            "rules": rules,
            "attention": tell_attention({"attention": attention}),
            "unrecorded": [_tell_unrecorded(rule) for rule in rules if rule.unrecorded],
            "rows": list(zip(*(variant.arms for variant in variants), strict=True)),
            "told": [
                f"{study.labels[arm]}: “{before}” as declared, “{after}” with {TITLES[name].lower()}."
                for arm, name, before, after in changes
            ],
        },
        tables={
            "exclusions": _tabulate(variants),
            "carelessness": _tabulate_signals(signals),
            "exclusion_facts": _tabulate_facts(rules),
        },
    )


def _count(study: Study) -> list[dict[str, Any]]:
    """How many of each arm show each sign; None where it cannot be told of anybody."""
    found = find_signals(study.bundle)
    rows = []
    for arm in study.arms:
        own = found.filter(pl.col("arm") == arm)
        counts = {
            name: int(own[name].sum() or 0) if own[name].is_not_null().any() else None for name in (*SIGNALS, "any")
        }
        rows.append({"arm": arm, "participants": own.height, **counts})
    return rows


def _describe(variant: Variant) -> dict[str, Any]:
    arms = [{**asdict(arm), "conclusions": list(arm.conclusions)} for arm in variant.arms]
    return {"name": variant.name, "participants": variant.participants, "arms": arms}


def _tabulate(variants: list[Variant]) -> Table:
    header = ("variant", "arm", "participants", "accuracy", "t_low", "t_high", "two_way_low", "two_way_high", "t", "df",
              "p", "p_holm", "against_guessing", "against_control")  # fmt: skip
    rows = [
        (variant.name, arm.arm, arm.accuracy.n, arm.accuracy.mean, arm.accuracy.low, arm.accuracy.high,
         arm.two_way.low, arm.two_way.high, arm.comparison.t, arm.comparison.df, arm.comparison.p,
         arm.comparison.p_holm, *arm.conclusions)
        for variant in variants
        for arm in variant.arms
    ]  # fmt: skip
    return Table(header, rows)


def _tell_unrecorded(rule: RuleFacts) -> str:
    who = "one who is excluded" if rule.unrecorded == 1 else f"{rule.unrecorded} who are excluded"
    return f"Of {who} by “{rule.rule.replace('_', ' ')}” the bundle has no record of what led to it."


def _tabulate_facts(rules: list[RuleFacts]) -> Table:
    rows = [
        (rule.rule, rule.participants, fact.name, fact.median, fact.least, fact.most,
         ";".join(f"{name}={value:g}" for name, values in rule.bounds.items() for value in values))
        for rule in rules
        for fact in rule.facts
    ]  # fmt: skip
    return Table(("rule", "participants", "fact", "median", "least", "most", "bounds"), rows)


def _tabulate_signals(signals: list[dict[str, Any]]) -> Table:
    header = ("arm", "participants", *SIGNALS, "any")
    return Table(header, [tuple(row[name] for name in header) for row in signals])
