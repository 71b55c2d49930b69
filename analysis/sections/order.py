"""Order and learning: what changes from text to text, in the primary model, by halves, and in a figure."""

from dataclasses import asdict

import matplotlib as mpl

from analysis.figures import MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.order import Halves, Learning, Place, follow_places, model_order, split_halves
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number, p_value

MEANING = (
    "Participants see many texts in a row, each in an order of their own. They may learn what to look for, tire, or "
    "come to say “machine” more readily; the answer to the study would then hang on how many texts it shows."
)
FORMULA = (
    "The primary model with the place in the order (in tens of texts) and its product with x; the variances are held "
    "at those of the primary model. Halves: each participant’s accuracy in the second half of the places less that in "
    "the first; mean and t interval over participants."
)
LIMITS = (
    "The model takes the change as the same in every arm and even from text to text. Nobody is told whether they were "
    "right, so what is learnt is learnt without an answer. Halves: new participants, the same titles."
)


def write(study: Study) -> Section:
    """Fit the place, split the halves and follow the accuracy."""
    learning = model_order(study)
    halves = split_halves(study.decided, arms=study.arms)
    places = follow_places(study.decided)
    return Section(
        name="order",
        title="Order and learning",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={
            "model": asdict(learning),
            "halves": [asdict(arm) for arm in halves],
            "places": [asdict(place) for place in places],
        },
        context={"told": _tell(learning), "halves": halves, "labels": study.labels},
        tables={"order": _tabulate(halves), "order_places": _tabulate_places(places)},
        pictures=(_draw(places),) if places else (),
    )


def _tell(learning: Learning) -> list[str]:
    if learning.reason:
        return [f"No model of the order was fitted: {learning.reason}."]
    found = []
    for name, change, p in (
        ("d′, how well participants tell the texts apart,", learning.d_prime, learning.d_prime_p),
        ("c, how little they say “machine”,", learning.criterion, learning.criterion_p),
    ):
        if change.value is None or p is None:
            continue
        ends = f"{number(change.low, 3)} to {number(change.high, 3)}"
        verdict = "" if p < 0.05 else "; a change was not shown"
        found.append(
            f"In the model {name} changes by {number(change.value, 3)} over ten texts (95 % CI {ends}, "
            f"p = {p_value(p)}){verdict}."
        )
    return found


def _tabulate(halves: list[Halves]) -> Table:
    rows = [
        (arm.arm, arm.first.mean, arm.second.mean, arm.difference.n, arm.difference.mean, arm.difference.low,
         arm.difference.high)
        for arm in halves
    ]  # fmt: skip
    header = ("arm", "first_half", "second_half", "participants", "difference", "difference_low", "difference_high")
    return Table(header, rows)


def _tabulate_places(places: list[Place]) -> Table:
    rows = [
        (place.low, place.high, place.accuracy.participants, place.accuracy.two_way.value, place.accuracy.two_way.low,
         place.accuracy.two_way.high)
        for place in places
    ]  # fmt: skip
    return Table(("from", "to", "participants", "accuracy", "two_way_low", "two_way_high"), rows)


def _draw(places: list[Place]) -> Picture:
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("Accuracy (%)", log=False, height=3.2)
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for place in places:
            own = place.accuracy.two_way
            x = (place.low + place.high) / 2
            if own.low is not None and own.high is not None:
                axes.plot([x, x], [100 * own.low, 100 * own.high], color=MODEL, linewidth=1.2)
            axes.plot(x, 100 * (own.value or 0.0), "o", color=MODEL, markersize=5)
        names = [str(place.low) if place.low == place.high else f"{place.low}–{place.high}" for place in places]
        axes.set_xticks([(place.low + place.high) / 2 for place in places], names)
        axes.set_xlabel("Place in the participant’s order")
        axes.set_ylim(min(40.0, axes.get_ylim()[0]), max(100.0, axes.get_ylim()[1]))
        return finish_figure(figure, "order", "Accuracy by place in the order, all arms, with 95 % two-way intervals.")
