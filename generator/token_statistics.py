"""What a model thinks of each token that stands in a text: its log-probability, rank, and how sure the model was.

All of it comes from the logits of one forward pass, and from reading them once: with x the logits of a position, m
their largest, y = x - m and Z = Σ exp(y), everything below is made of Z, Σ exp(y)·y and Σ exp(y)·y².
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

import torch
from torch import Tensor

from generator.devices import can_compile

COLUMNS = ("log_probability", "rank", "entropy", "variance")
CROSS = "cross_entropy"  # the further column of two models
CACHED_NUMBERS = 2**18  # logits that are worked on at once on a CPU, so that they stay in its cache
LEAST = -150.0  # below it exp is 0 in float32; keeps 0 · -inf out of the sums


def measure_positions(logits: Tensor, targets: Tensor, *, observer: Tensor | None = None) -> Tensor:
    """The statistics of positions in float64, (N, 4), or (N, 5) with an observer.

    Of p = softmax(logits) and the token t that followed: ln p(t); its rank, 1 + the number of tokens with a larger
    logit; the entropy -Σ p ln p; and the variance Σ p (ln p)² - (Σ p ln p)² of the log-probability. With the logits of
    an observer, q = softmax(observer): the cross-entropy -Σ q ln p.

    Args:
        logits: (N, V) float32; `observer` too.
        targets: (N,) token numbers.
    """
    if logits.is_cuda and can_compile(logits.device):
        return _compile()(logits, targets, observer)
    rows = max(1, CACHED_NUMBERS // logits.shape[1])
    parts = zip(logits.split(rows), targets.split(rows), _split(observer, rows), strict=False)
    return torch.cat([_measure(*part) for part in parts])


def _split(observer: Tensor | None, rows: int) -> Iterator[Tensor | None]:
    if observer is None:
        while True:
            yield None
    yield from observer.split(rows)


def _measure(logits: Tensor, targets: Tensor, observer: Tensor | None) -> Tensor:
    wanted = logits.gather(1, targets[:, None])
    ranks = (logits - wanted).clamp_(min=0).sign_().sum(1) + 1  # in floats twice as fast as by comparing; exact to 2^24
    largest = logits.amax(1, keepdim=True)
    y = (logits - largest).clamp_(min=LEAST)
    weights = y.exp()
    total = weights.sum(1).double()
    log_total = total.log()
    first = torch.linalg.vecdot(weights, y).double() / total
    second = torch.linalg.vecdot(weights.mul_(y), y).double() / total
    columns = [
        (wanted - largest).clamp_(min=LEAST)[:, 0].double() - log_total,
        ranks.double(),
        log_total - first,
        (second - first.square()).clamp(min=0),
    ]
    if observer is not None:
        seen = torch.softmax(observer, dim=1)
        columns.append(log_total - torch.linalg.vecdot(seen, y).double())
    return torch.stack(columns, dim=1)


@lru_cache(maxsize=1)
def _compile() -> Callable[..., Tensor]:
    """One fused kernel, which reads the logits instead of writing five matrices of their size."""
    return torch.compile(_measure, dynamic=True)
