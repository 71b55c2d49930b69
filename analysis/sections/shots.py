"""Accuracy over the number of context articles and the model's size, in a figure, a table and differences."""

from dataclasses import asdict

import matplotlib as mpl

from analysis.figures import SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.sections import Section, Table
from analysis.shots import ShotArm, ShotChange, Shots, analyse_shots
from analysis.study import Study
from analysis.wording import number, p_value

MEANING = (
    "Whether articles before the title make a model’s texts harder to tell, and whether they do more for a larger "
    "model: the same model with none (zero-shot), one (one-shot) and several of them (few-shot) in its prompt."
)
FORMULA = (
    "An arm’s accuracy with its two-way interval (new participants and new titles). Change: accuracy with more context "
    "articles less that with the fewest of the same model, two-way, Student’s t with min(participants, titles) − 1 "
    "degrees of freedom. The p values are not adjusted."
)
LIMITS = (
    "K is what the arm was to be given; a text of a short context may have had fewer. What stands in the context "
    "differs with K, so that the articles themselves are a part of any change."
)
COLOURS = ("#56b4e9", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#000000")


def write(study: Study) -> Section:
    """Accuracies, changes and the figure; a sentence where no arm says a number."""
    found = analyse_shots(study)
    return Section(
        name="shots",
        title="Context articles and size",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={"arms": [asdict(arm) for arm in found.arms], "changes": [asdict(change) for change in found.changes]},
        context={"found": found},
        tables={"shots": _tabulate(found.arms), "shots_changes": _tabulate_changes(found.changes)}
        if found.arms
        else {},
        pictures=(_draw(found),) if any(arm.accuracy.value is not None for arm in found.arms) else (),
        sentences=_tell(found),
    )


def _tell(found: Shots) -> tuple[str, ...]:
    if not found.arms:
        return ("No arm says how many context articles stood in its prompts.",)
    sentences = []
    for change in found.changes:
        own, p = change.tested.estimate, change.tested.p
        if own.value is None or own.low is None or own.high is None or p is None:
            continue
        ends = f"{number(100 * own.low, 1)} to {number(100 * own.high, 1)}"
        sentences.append(
            f"{change.model}: with {change.to_shots} context articles instead of {change.from_shots} accuracy differs "
            f"by {number(100 * own.value, 1)} points (95 % CI {ends}, p = {p_value(p)})."
        )
    return tuple(sentences)


def _tabulate(arms: tuple[ShotArm, ...]) -> Table:
    rows = [
        (arm.arm, arm.model, arm.n_params, arm.shots, arm.participants, arm.accuracy.value, arm.accuracy.low,
         arm.accuracy.high)
        for arm in arms
    ]  # fmt: skip
    return Table(("arm", "model", "n_params", "shots", "participants", "accuracy", "two_way_low", "two_way_high"), rows)


def _tabulate_changes(changes: tuple[ShotChange, ...]) -> Table:
    rows = [
        (one.model, one.n_params, one.from_shots, one.to_shots, one.tested.estimate.value, one.tested.estimate.low,
         one.tested.estimate.high, one.tested.t, one.tested.df, one.tested.p)
        for one in changes
    ]  # fmt: skip
    return Table(("model", "n_params", "from_shots", "to_shots", "change", "low", "high", "t", "df", "p"), rows)


def _draw(found: Shots) -> Picture:
    """A line a model, from the smallest on; slightly beside each other, so that intervals can be told apart."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("Accuracy (%)", log=False, height=3.6)
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        shots = sorted({arm.shots for arm in found.arms})
        models = found.models
        for place, (model, arms) in enumerate(models.items()):
            shift = 0.16 * (place - (len(models) - 1) / 2) / max(1, len(models) - 1)
            points = [
                (shots.index(arm.shots) + shift, 100 * arm.accuracy.value, arm) for arm in arms if arm.accuracy.value
            ]
            colour = COLOURS[place % len(COLOURS)]
            axes.plot([x for x, _, _ in points], [y for _, y, _ in points], "o-", color=colour, ms=5, label=model)
            for x, _, arm in points:
                if arm.accuracy.low is not None and arm.accuracy.high is not None:
                    axes.plot([x, x], [100 * arm.accuracy.low, 100 * arm.accuracy.high], color=colour, linewidth=1.2)
        axes.set_xticks(range(len(shots)), [str(number) for number in shots])
        axes.set_xlabel("Context articles before the title")
        axes.set_ylim(min(40.0, axes.get_ylim()[0]), max(100.0, axes.get_ylim()[1]))
        axes.legend(frameon=False, fontsize=8)
        words = "Accuracy by number of context articles, a line a model, with 95 % two-way intervals."
        return finish_figure(figure, "shots", words)
