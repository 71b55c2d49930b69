"""Which articles a curve is measured on, and which stand before each: drawn by seed, the same for every model. Pure."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from generator.corpus import CorpusArticle

MOST_NEIGHBOURS = 128
FITTING_SHARE = 0.5  # the largest K taken by itself is one at which this share of the articles still fits


class CurveError(ValueError):
    """Nothing can be measured; the message says what to change."""


@dataclass(frozen=True)
class Target:
    """An article, and those that may stand before it, the nearest first: K before it are the first K, nearest last."""

    article: CorpusArticle
    neighbours: tuple[CorpusArticle, ...]

    def list_context(self, shots: int) -> tuple[CorpusArticle, ...]:
        """In the order in which the model reads them."""
        return self.neighbours[:shots][::-1]


@dataclass(frozen=True)
class CurvePlan:
    """`left_out` counts articles by why they are not measured."""

    targets: tuple[Target, ...]
    shots: tuple[int, ...]
    left_out: Mapping[str, int]


def draw_targets(articles: Sequence[CorpusArticle], *, seed: int, limit: int) -> tuple[Target, ...]:
    """At most `limit` articles, and before each of them others out of all."""
    chosen = sorted(articles, key=lambda article: random.Random(f"{seed}/{article.sha256}").random())
    pool = sorted(articles, key=lambda article: article.sha256)
    targets = []
    for article in chosen[:limit]:
        others = [other for other in pool if other.sha256 != article.sha256]
        rng = random.Random(f"{seed}/before/{article.sha256}")
        targets.append(Target(article, tuple(rng.sample(others, min(MOST_NEIGHBOURS, len(others))))))
    return tuple(targets)


def find_largest_shots(shots: int, *, fits: Callable[[int], float]) -> tuple[int, ...]:
    """0, 1, 2, 4, … up to `shots`, as long as `fits` (the share of articles that fit) is at least `FITTING_SHARE`."""
    found = [0]
    step = 1
    while step <= shots and fits(step) >= FITTING_SHARE:
        found.append(step)
        step *= 2
    return tuple(found)


def plan_curve(
    targets: Sequence[Target],
    *,
    shots: Sequence[int] | None,
    fits: Callable[[Target, int], bool],
    left_out: Mapping[str, int],
) -> CurvePlan:
    """The targets that fit with the largest K, so that every K is measured on the same ones.

    Raises:
        CurveError: fewer than two fit, or there are too few articles for so many before one.
    """
    if not targets:
        raise CurveError(f"no article is left to measure ({_describe(left_out) or 'the file has none'})")
    most = min(len(target.neighbours) for target in targets)
    if shots is None:
        shots = find_largest_shots(
            most, fits=lambda number: sum(fits(target, number) for target in targets) / len(targets)
        )
    wanted = tuple(sorted(set(shots)))
    if wanted[0] < 0 or wanted[-1] > most:
        raise CurveError(f"0 to {most} articles can stand before another here, not {wanted[0]} to {wanted[-1]}")
    fitting = tuple(target for target in targets if fits(target, wanted[-1]))
    if len(fitting) < 2:
        raise CurveError(
            f"{len(fitting)} of {len(targets)} articles fit into every model's context with {wanted[-1]} before them, "
            "and two are needed; give fewer --shots, shorter articles (--most-words), or models of a longer context"
        )
    too_long = {"too long for a context": len(targets) - len(fitting)}
    return CurvePlan(fitting, wanted, {**left_out, **too_long})


def _describe(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items() if count)
