"""What a model thinks of each token that stands in a text: its log-probability, rank, and how sure the model was.

All of it comes from the logits of one forward pass: with x the logits of a position, m their largest, y = x - m and
p = softmax(x), everything below is made of the largest p, Σ p·y and Σ p·y².
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from generator.devices import can_compile

COLUMNS = ("log_probability", "rank", "entropy", "variance")
CROSS = "cross_entropy"  # the further column of two models
CACHED_NUMBERS = 2**18  # logits that are worked on at once on a CPU, so that they stay in its cache
LEAST = -150.0  # below it exp is 0 in float32; keeps 0 · -inf out of the sums


def measure_positions(logits: Sequence[Tensor], targets: Tensor) -> Tensor:
    """The statistics of positions in float64: COLUMNS, (N, 4); of two models those of the first, CROSS, those of the
    second, (N, 9).

    Of p = softmax(logits) and the token t that followed: ln p(t); its rank, 1 + the number of tokens with a larger
    logit; the entropy -Σ p ln p; and the variance Σ p (ln p)² - (Σ p ln p)² of the log-probability. With q the second
    model's prediction: the cross-entropy -Σ q ln p.

    Args:
        logits: (N, V) float32 of one model or two.
        targets: (N,) token numbers.
    """
    if targets.is_cuda and can_compile(targets.device):
        return _compile()(logits, targets)
    rows = max(1, CACHED_NUMBERS // logits[0].shape[1])
    parts = zip(*(part.split(rows) for part in logits), targets.split(rows), strict=True)
    return torch.cat([_measure(part[:-1], part[-1]) for part in parts])


def _measure(logits: Sequence[Tensor], targets: Tensor) -> Tensor:
    largest = [part.amax(1, keepdim=True) for part in logits]
    centred = [(part - most).clamp_(min=LEAST) for part, most in zip(logits, largest, strict=True)]
    likely = [torch.softmax(part, 1) for part in centred]
    log_totals = [-part.amax(1).double().log() for part in likely]
    crossed = [] if len(logits) == 1 else [log_totals[0] - torch.linalg.vecdot(likely[1], centred[0]).double()]
    columns = []
    for x, most, y, p, log_total in zip(logits, largest, centred, likely, log_totals, strict=True):
        wanted = x.gather(1, targets[:, None])
        weighted = p.mul_(y)
        first = weighted.sum(1).double()
        second = torch.linalg.vecdot(weighted, y).double()
        columns += [
            (wanted - most).clamp_(min=LEAST)[:, 0].double() - log_total,
            _count_larger(x, wanted).double() + 1,
            log_total - first,
            (second - first.square()).clamp(min=0),
            *crossed,
        ]
        crossed = []
    return torch.stack(columns, dim=1)


def _count_larger(logits: Tensor, wanted: Tensor) -> Tensor:
    """In floats on a CPU, five times as fast as in truth values; exact to 2^24."""
    if logits.is_cuda:
        return (logits > wanted).sum(1)
    return torch.gt(logits, wanted, out=torch.empty_like(logits)).sum(1)


@lru_cache(maxsize=1)
def _compile() -> Callable[..., Tensor]:
    """One fused kernel, which reads the logits instead of writing matrices of their size."""
    return torch.compile(_measure, dynamic=True)
