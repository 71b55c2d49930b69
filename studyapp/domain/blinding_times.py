"""Does a page take longer with one source than with the other? Exchanged fetches are compared, trial by trial.

Of each trial the difference is that of the medians of its fetches with either source (the same words, in turns). That
differences lie around zero is tested by Wilcoxon's signed-rank test, exact for up to 15 trials and by its normal
approximation with the correction for ties beyond. A difference that no network would let anybody see is never more than
a warning.

Reference: Wilcoxon (1945), Individual comparisons by ranking methods, Biometrics Bulletin 1, 80-83.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from studyapp.domain.blinding_audit import Exchange
from studyapp.domain.launch_facts import Finding

TELLING_SECONDS = 0.005  # less than that is lost in the network between a site and its readers
TELLING_P = 0.001
NOTABLE_SECONDS = 0.001
NOTABLE_P = 0.01
MOST_EXACT = 15


@dataclass(frozen=True)
class TimeComparison:
    """Seconds a page with either source (medians over trials), the median difference model - human, and its p."""

    n: int
    human: float
    model: float
    difference: float
    p: float


def compare_times(exchanges: Sequence[Exchange]) -> TimeComparison | None:
    """None without exchanges that have both sources."""
    pairs = [
        tuple(median(sent.seconds for sent in exchange.of(source)) for source in ("human", "model"))
        for exchange in exchanges
        if exchange.of("human") and exchange.of("model")
    ]
    if not pairs:
        return None
    differences = [model - human for human, model in pairs]
    return TimeComparison(
        n=len(pairs),
        human=median(human for human, _ in pairs),
        model=median(model for _, model in pairs),
        difference=median(differences),
        p=find_signed_rank_p(differences),
    )


def audit_times(times: TimeComparison | None) -> list[Finding]:
    """The numbers, and whether anybody could see them."""
    if times is None:
        return []
    words = (
        f"{1000 * times.human:.1f} ms with the human text, {1000 * times.model:.1f} ms with the model's; median "
        f"difference {1000 * times.difference:+.2f} ms over {times.n} pages (signed-rank p = {times.p:.2g})"
    )
    size = abs(times.difference)
    if times.p < TELLING_P and size >= TELLING_SECONDS:
        return [Finding("refuse", "Times", f"{words}: somebody who measures could tell the sources apart.")]
    if times.p < NOTABLE_P and size >= NOTABLE_SECONDS:
        return [Finding("warn", "Times", f"{words}: too small to be seen over a network; run the audit again.")]
    return [Finding("pass", "Times", f"{words}.")]


def find_signed_rank_p(differences: Sequence[float]) -> float:
    """The two-sided p of Wilcoxon's signed-rank test; 1 where nothing differs."""
    values = sorted((value for value in differences if value), key=abs)
    ranks: list[float] = []
    ties = 0
    for _, group in itertools.groupby(values, key=abs):
        size = len(list(group))
        ranks += [len(ranks) + (size + 1) / 2] * size
        ties += size**3 - size
    n = len(values)
    if n == 0:
        return 1.0
    positive = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    mean = n * (n + 1) / 4
    if n <= MOST_EXACT:
        sums = {0.0: 1}
        for rank in ranks:
            with_rank: dict[float, int] = dict(sums)
            for total, ways in sums.items():
                with_rank[total + rank] = with_rank.get(total + rank, 0) + ways
            sums = with_rank
        as_far = sum(ways for total, ways in sums.items() if abs(total - mean) >= abs(positive - mean) - 1e-9)
        return float(as_far / 2**n)
    spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48)
    return math.erfc(max(0.0, abs(positive - mean) - 0.5) / spread / math.sqrt(2))
