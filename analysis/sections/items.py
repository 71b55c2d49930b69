"""The texts: which were hardest and easiest to tell, and how unequally detectability is spread."""

from dataclasses import asdict

import matplotlib as mpl
import numpy as np

from analysis.detectability import Inequality, TextDetectability, measure_inequality, measure_texts
from analysis.figures import CONTROL, MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.sections import Section, Table
from analysis.study import Study

SHOWN = 5
MEANING = (
    "Some texts give themselves away and some deceive nearly everybody. The share right of each text is pulled towards "
    "its arm’s by as much as few judgments ask, so that a text which few people read does not head the list by chance. "
    "The measures of inequality say how unequally titles, and sections of the paper, are detected: 0 is all alike."
)
FORMULA = (
    "Shrunk share: Φ(±(η + title’s mode + text’s mode)/√(1 + v)) of the primary model. Gini, Theil, generalised "
    "entropy, Atkinson and variance of logarithms of the shares right, with half a judgment of each kind added; "
    "intervals by drawing titles anew."
)
LIMITS = (
    "The intervals of single texts take the model’s variances as known. That a text stands first of many says little "
    "unless its interval is clear of the others’. Inequality of shares that are all near ½ is small by nature."
)

MEASURES = {
    "gini": "Gini: mean difference of two, over twice the mean",
    "theil": "Theil, GE(1)",
    "ge_0": "mean log deviation, GE(0)",
    "ge_2": "GE(2): half the squared SD over the mean",
    "atkinson_half": "Atkinson, ε = ½",
    "atkinson_1": "Atkinson, ε = 1",
    "variance_of_logs": "variance of logarithms",
}


def write(study: Study) -> Section:
    """List the texts and measure the spread."""
    texts = measure_texts(study)
    spread = measure_inequality(study, rng=np.random.default_rng([study.seed, 4]))
    names = dict(study.bundle.items.select("item", "title").iter_rows())
    shown = {"Hardest": texts[:SHOWN], "Easiest": texts[::-1][:SHOWN]}
    return Section(
        name="items",
        title="The texts",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="descriptive",
        results={"texts": [asdict(text) for text in texts], "inequality": [asdict(part) for part in spread]},
        context={
            "shown": shown,
            "spread": spread,
            "labels": study.labels,
            "names": names,
            "count": len(texts),
            "measures": MEASURES,
        },
        tables={"texts": _tabulate(texts), "inequality": _tabulate_spread(spread)},
        pictures=(_draw(texts, study),) if texts else (),
    )


def _tabulate_spread(spread: list[Inequality]) -> Table:
    rows = [(part.unit, part.measure, part.units, part.value.value, part.value.low, part.value.high) for part in spread]
    return Table(("unit", "measure", "units", "value", "low", "high"), rows)


def _tabulate(texts: list[TextDetectability]) -> Table:
    rows = [
        (text.item, text.title, text.arm, text.source, text.judgments, text.share, text.shrunk.value, text.shrunk.low,
         text.shrunk.high)
        for text in texts
    ]  # fmt: skip
    header = ("item", "title", "arm", "source", "judgments", "share_right", "shrunk", "shrunk_low", "shrunk_high")
    return Table(header, rows)


def _draw(texts: list[TextDetectability], study: Study) -> Picture:
    """A caterpillar: every text in order, human and model apart by colour."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("Share right (%)", log=False)
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for source, colour in (("model", MODEL), ("human", CONTROL)):
            chosen = [(place, text) for place, text in enumerate(texts) if text.source == source]
            if not chosen:
                continue
            places, points = zip(*chosen, strict=True)
            middle = [100 * (text.share if text.shrunk.value is None else text.shrunk.value) for text in points]
            low = [100 * (text.share if text.shrunk.low is None else text.shrunk.low) for text in points]
            high = [100 * (text.share if text.shrunk.high is None else text.shrunk.high) for text in points]
            axes.vlines(places, low, high, color=colour, linewidth=0.7, alpha=0.5)
            axes.plot(places, middle, "o", color=colour, markersize=2.5, label=f"{source} text")
        axes.set(ylim=(-3, 103), xticks=[], xlabel=f"{len(texts)} texts in their arms, hardest first")
        axes.legend(frameon=False, loc="lower right")
        return finish_figure(figure, "texts", "Share right of every text with 95 % intervals, shrunk, hardest first.")
