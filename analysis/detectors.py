"""Machine detectors beside the people, arm by arm, on the titles of which both versions have a score.

A detector's scores are turned so that more is more machine-like, by the sign that it declares. People stand beside it
as one more detector: of each text the share of its judges in the arm who said "machine", "I don't know" half.

AUC: the chance that a model's text scores higher than a human one, ties half; 95 % percentiles over titles drawn anew,
both versions together (`DRAWS`), and in the same draws the difference to the people's. That is a statement about other
titles and the same judges.

False alarms at two stated rules, each with a threshold from other titles (at most ten folds, the i-th title in fold i
modulo their number), so that no text sets the threshold it is judged by: `most_right`, between the scores of the other
titles where most texts are judged rightly (of equals the highest); `one_in_twenty`, the lowest score that at most 5 %
of the other titles' human texts exceed. Wilson's 95 % interval (1927) of the share of human texts above it.

Agreement: Spearman's correlation of the scores with the people's shares, among model texts and among human texts apart,
since both being right would already correlate them; intervals by the same draws.

Do people add: logistic regression of the source on the detector's standardised score, and on that and the people's
standardised share. The likelihood ratio takes texts as independent; its twin by titles is the t of the people's slope
with a covariance clustered by title (titles - 1 degrees of freedom; Liang & Zeger 1986). Where scores part the sources
without error a slope has no finite estimate, and none is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import binomtest, chi2, rankdata
from scipy.stats import t as student

from analysis.cluster_robust import RobustFit, fit_robust
from analysis.estimate import Estimate
from analysis.load import Bundle

Array = NDArray[np.float64]
PEOPLE = "people"
DRAWS, FOLDS, ALPHA = 2_000, 10, 0.05
LEAST_TITLES = 4  # below which nothing is said of other titles
LEAST_CORRELATED = 8
TITLES = "new titles, the same judges, bootstrap"


@dataclass(frozen=True)
class FalseAlarms:
    """What became of the texts at one rule; `share` is that of human texts which were taken for a machine's."""

    rule: str
    hits: int
    models: int
    false_alarms: int
    humans: int
    share: Estimate


@dataclass(frozen=True)
class Added:
    """What the people's share adds to a detector: odds a standard deviation of it, and both tests."""

    odds_ratio: float | None = None
    low: float | None = None
    high: float | None = None
    t: float | None = None
    df: int | None = None
    p: float | None = None
    likelihood_ratio: float | None = None
    likelihood_ratio_p: float | None = None
    texts: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Judge:
    """One detector, or the people, on one arm's texts; `reason`: why there is nothing."""

    detector: str
    scorer: str
    given: str
    arm: str
    titles: int
    auc: Estimate = field(default_factory=lambda: Estimate(None))
    difference: Estimate = field(default_factory=lambda: Estimate(None))
    rules: tuple[FalseAlarms, ...] = ()
    among_models: Estimate = field(default_factory=lambda: Estimate(None))
    among_humans: Estimate = field(default_factory=lambda: Estimate(None))
    added: Added = field(default_factory=Added)
    reason: str = ""


@dataclass(frozen=True)
class _Pairs:
    """Scores (n) of both versions of the same titles, NaN where there is none."""

    titles: tuple[str, ...]
    human: Array
    model: Array


def list_detectors(bundle: Bundle) -> list[tuple[str, str, str]]:
    """Detector, scorer and what was given, in the order of the file."""
    named = bundle.detectors.select("detector", pl.col("scorer").fill_null(""), "given")
    return [(row[0], row[1], row[2]) for row in named.unique(maintain_order=True).iter_rows()]


def judge_arms(bundle: Bundle, judgments: pl.DataFrame, *, rng: np.random.Generator) -> list[Judge]:
    """Every arm's people, then its detectors. `judgments` as `Study.judgments`; of pairs there are no people here."""
    found = []
    stimuli = bundle.stimuli.select("stimulus", "item", "arm")
    for arm in bundle.arms["arm"]:
        own = stimuli.filter(pl.col("arm").is_null() | (pl.col("arm") == arm))
        titles = sorted(
            set(own.filter(pl.col("arm").is_null())["item"]) & set(own.filter(pl.col("arm") == arm)["item"])
        )
        people = None if bundle.is_paired else _share_machine(own, judgments.filter(pl.col("arm") == arm), titles)
        weights = rng.multinomial(len(titles), [1 / len(titles)] * len(titles), size=DRAWS) if titles else None
        if people is not None:
            found.append(_judge((PEOPLE, "", ""), arm, people, None, weights))
        for detector in list_detectors(bundle):
            pairs = _read_scores(bundle, own, detector, titles)
            found.append(_judge(detector, arm, pairs, people, weights))
    return found


def _share_machine(own: pl.DataFrame, judgments: pl.DataFrame, titles: Sequence[str]) -> _Pairs:
    """The people's shares; a text that nobody judged has none."""
    says = pl.when(pl.col("judgment") > 3).then(1.0).when(pl.col("judgment") < 3).then(0.0).otherwise(0.5)
    shares = judgments.group_by("title", "source").agg(says.mean().alias("score"))
    return _pair(
        {(title, source): score for title, source, score in shares.select("title", "source", "score").iter_rows()},
        titles,
    )


def _read_scores(bundle: Bundle, own: pl.DataFrame, detector: tuple[str, str, str], titles: Sequence[str]) -> _Pairs:
    name, scorer, given = detector
    rows = bundle.detectors.filter(
        (pl.col("detector") == name) & (pl.col("scorer").fill_null("") == scorer) & (pl.col("given") == given)
    ).join(own, on="stimulus")
    return _pair(
        {
            (item, "human" if arm is None else "model"): score if when == "high" else -score
            for item, arm, when, score in rows.select("item", "arm", "machine_when", "score").iter_rows()
            if score is not None
        },
        titles,
    )


def _pair(scores: dict[tuple[str, str], float], titles: Sequence[str]) -> _Pairs:
    human, model = (
        np.array([scores.get((title, source), np.nan) for title in titles], dtype=np.float64)
        for source in ("human", "model")
    )
    return _Pairs(tuple(titles), human, model)


def _judge(
    detector: tuple[str, str, str], arm: str, pairs: _Pairs, people: _Pairs | None, weights: NDArray[np.int64] | None
) -> Judge:
    whole = np.isfinite(pairs.human) & np.isfinite(pairs.model)
    n = int(whole.sum())
    if n < LEAST_TITLES or weights is None:
        return Judge(*detector, arm, n, reason=f"fewer than {LEAST_TITLES} titles have a score of both versions")
    human, model = pairs.human[whole], pairs.model[whole]
    drawn = weights[:, whole]
    area, areas = _measure_area(human, model, drawn)
    judge = Judge(*detector, arm, n, auc=_wrap(area, areas), rules=_count_alarms(human, model))
    if people is None:
        return judge
    both = whole & np.isfinite(people.human) & np.isfinite(people.model)
    difference = Estimate(None)
    if int(both.sum()) >= LEAST_TITLES:
        own, owns = _measure_area(pairs.human[both], pairs.model[both], weights[:, both])
        theirs, others = _measure_area(people.human[both], people.model[both], weights[:, both])
        difference = _wrap(own - theirs, owns - others)
    return Judge(
        *detector,
        arm,
        n,
        auc=judge.auc,
        difference=difference,
        rules=judge.rules,
        among_models=_correlate(pairs.model, people.model, weights),
        among_humans=_correlate(pairs.human, people.human, weights),
        added=_test_added(pairs, people),
    )


def _measure_area(human: Array, model: Array, weights: NDArray[np.int64]) -> tuple[float, Array]:
    """The area, and that of every draw of titles: Σ w_i w_j ψ(h_i, m_j) / (Σ w)²."""
    kernel = (model[None, :] > human[:, None]) + 0.5 * (model[None, :] == human[:, None])
    drawn = weights.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return float(kernel.mean()), ((drawn @ kernel) * drawn).sum(1) / drawn.sum(1) ** 2


def _wrap(value: float, drawn: Array) -> Estimate:
    low, high = np.nanquantile(drawn, (ALPHA / 2, 1 - ALPHA / 2))
    return Estimate(value, float(np.nanstd(drawn, ddof=1)), float(low), float(high), TITLES)


def _count_alarms(human: Array, model: Array) -> tuple[FalseAlarms, ...]:
    n = len(human)
    folds = np.arange(n) % min(FOLDS, n)
    counted = []
    for rule, choose in (("most_right", _split_best), ("one_in_twenty", _exceed_few)):
        hits = alarms = 0
        for fold in range(int(folds.max()) + 1):
            out = folds == fold
            threshold = choose(human[~out], model[~out])
            hits += int((model[out] > threshold).sum())
            alarms += int((human[out] > threshold).sum())
        interval = binomtest(alarms, n).proportion_ci(method="wilson")
        share = Estimate(alarms / n, None, float(interval.low), float(interval.high), "Wilson, over human texts")
        counted.append(FalseAlarms(rule, hits, n, alarms, n, share))
    return tuple(counted)


def _split_best(human: Array, model: Array) -> float:
    scores = np.unique(np.concatenate([human, model]))
    thresholds = np.concatenate([[-np.inf], (scores[:-1] + scores[1:]) / 2, [np.inf]])
    right = (model[None, :] > thresholds[:, None]).sum(1) + (human[None, :] <= thresholds[:, None]).sum(1)
    return float(thresholds[len(right) - 1 - int(np.argmax(right[::-1]))])


def _exceed_few(human: Array, model: Array) -> float:
    """Of n human scores the (⌊n/20⌋ + 1)-th from above: no more than ⌊n/20⌋ exceed it."""
    return float(np.sort(human)[len(human) - 1 - int(ALPHA * len(human) + 1e-9)])


def _correlate(scores: Array, shares: Array, weights: NDArray[np.int64]) -> Estimate:
    """Spearman's; None with fewer than `LEAST_CORRELATED` texts, or where all of a kind are equal."""
    both = np.isfinite(scores) & np.isfinite(shares)
    x, y = scores[both], shares[both]
    if len(x) < LEAST_CORRELATED or len(np.unique(x)) < 2 or len(np.unique(y)) < 2:
        return Estimate(None)
    drawn = weights[:, both].astype(np.float64)
    value = _weigh_correlation(rankdata(x)[None], rankdata(y)[None], np.ones((1, len(x))))[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        draws = _weigh_correlation(_rank_drawn(x, drawn), _rank_drawn(y, drawn), drawn)
    return _wrap(float(value), draws)


def _rank_drawn(values: Array, weights: Array) -> Array:
    """Mid-ranks of values that stand in the sample as often as their weights say, a row a draw."""
    _, place = np.unique(values, return_inverse=True)
    counts = np.zeros((len(weights), int(place.max()) + 1))
    for number, level in enumerate(place):
        counts[:, level] += weights[:, number]
    middle = np.cumsum(counts, axis=1) - counts / 2
    return np.asarray(middle[:, place], dtype=np.float64)


def _weigh_correlation(x: Array, y: Array, weights: Array) -> Array:
    total = weights.sum(1, keepdims=True)
    x = x - (weights * x).sum(1, keepdims=True) / total
    y = y - (weights * y).sum(1, keepdims=True) / total
    products = (weights * x * y).sum(1)
    return np.asarray(products / np.sqrt((weights * x * x).sum(1) * (weights * y * y).sum(1)), dtype=np.float64)


def _test_added(pairs: _Pairs, people: _Pairs) -> Added:
    scores, shares = np.concatenate([pairs.human, pairs.model]), np.concatenate([people.human, people.model])
    source = np.repeat([0.0, 1.0], len(pairs.titles))
    known = np.isfinite(scores) & np.isfinite(shares)
    titles = np.tile(np.array(pairs.titles), 2)[known]
    scores, shares, source = scores[known], shares[known], source[known]
    n = len(source)
    if len(set(titles)) < LEAST_CORRELATED:
        return Added(texts=n, reason=f"fewer than {LEAST_CORRELATED} titles have a score and judgments")
    if np.ptp(scores) == 0 or np.ptp(shares) == 0:
        return Added(texts=n, reason="all texts have the same score, or the same share")
    frame = pl.DataFrame({
        "source": source,
        "score": (scores - scores.mean()) / scores.std(),
        "people": (shares - shares.mean()) / shares.std(),
        "title": titles,
        "text": [str(number) for number in range(n)],
    })  # fmt: skip
    alone, both = (
        fit_robust(f"source ~ {right}", frame, clusters=("title", "text"), link="logit")
        for right in ("score", "score + people")
    )
    if not alone.converged or not both.converged:
        return Added(
            texts=n,
            reason="scores and people together part the sources without error, which leaves nothing to estimate",
        )
    ratio = max(0.0, 2 * (_log_likelihood(both, frame) - _log_likelihood(alone, frame)))
    slope, se = float(both.coefficients[-1]), float(both.covariance[-1, -1]) ** 0.5
    df = both.df
    half = float(student.ppf(1 - ALPHA / 2, df)) * se
    return Added(
        odds_ratio=float(np.exp(slope)),
        low=float(np.exp(slope - half)),
        high=float(np.exp(slope + half)),
        t=slope / se,
        df=df,
        p=float(2 * student.sf(abs(slope / se), df)),
        likelihood_ratio=ratio,
        likelihood_ratio_p=float(chi2.sf(ratio, 1)),
        texts=n,
    )


def _log_likelihood(fit: RobustFit, frame: pl.DataFrame) -> float:
    columns = [np.ones(frame.height), *(frame[name].to_numpy() for name in fit.names[1:])]
    eta = np.column_stack(columns) @ fit.coefficients
    signs = 2 * frame["source"].to_numpy() - 1
    return float(-np.logaddexp(0.0, -signs * eta).sum())
