"""What a model thinks of each token that stands in a text: its log-probability, rank, and how sure the model was.

All of it comes from the logits of one forward pass: with x the logits of a position, m their largest, y = x - m and
p = softmax(x), everything below is made of y of the token, the largest p, Σ p·y and Σ p·y².
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import Tensor

from generator.devices import can_compile

COLUMNS = ("log_probability", "rank", "entropy", "variance")
CROSS = "cross_entropy"  # the further column of two models
LEAST = -150.0  # below it exp is 0 in float32; keeps 0 · -inf out of the sums
_SUMS = 5  # of one model


class PositionMeter:
    """Measures positions, some at a time, and makes statistics of all that was measured.

    Of p = softmax(logits) and the token t that followed: ln p(t); its rank, 1 + the number of tokens with a larger
    logit; the entropy -Σ p ln p; and the variance Σ p (ln p)² - (Σ p ln p)² of the log-probability. With q a second
    model's prediction: the cross-entropy -Σ q ln p.

    On a CPU the work is done in the same memory again and again, which its cache then holds.
    """

    def __init__(self) -> None:
        self._rooms: list[Tensor] = []

    def measure(self, logits: Sequence[Tensor], targets: Tensor) -> Tensor:
        """The sums of N positions, for `finish`.

        Args:
            logits: (N, V) float32 of one model or two.
            targets: (N,) token numbers.
        """
        if targets.is_cuda:
            sum_up = _compile() if can_compile(targets.device) else _sum_up
            return sum_up(logits, targets, [(None, None)] * len(logits))
        rows, width = logits[0].shape
        if not self._rooms or len(self._rooms[0]) < rows:
            self._rooms = [torch.empty(rows, width) for _ in range(2 * len(logits))]
        cut = [room[:rows] for room in self._rooms]
        return _sum_up(logits, targets, list(zip(cut[::2], cut[1::2], strict=True)))

    @staticmethod
    def finish(sums: Tensor) -> list[Tensor]:
        """The statistics of positions by model in float64: COLUMNS, (N, 4), and of the first of two CROSS, (N, 5)."""
        found = []
        for model in range(sums.shape[1] // _SUMS):
            own, larger, largest, first, second = sums[:, model * _SUMS : (model + 1) * _SUMS].double().unbind(1)
            log_total = -largest.log()  # the largest p is exp(0) over the sum of all
            columns = [own - log_total, larger + 1, log_total - first, (second - first.square()).clamp(min=0)]
            if model == 0 and sums.shape[1] > _SUMS:
                columns.append(log_total - sums[:, -1].double())
            found.append(torch.stack(columns, dim=1))
        return found


def _sum_up(logits: Sequence[Tensor], targets: Tensor, rooms: Sequence[tuple[Tensor | None, Tensor | None]]) -> Tensor:
    """(N, 5) of one model: y of the token, larger logits, largest p, Σ p·y, Σ p·y²; (N, 11) of two, and Σ q·y."""
    looks = [_look(part, targets, *room) for part, room in zip(logits, rooms, strict=True)]
    crossed = [torch.linalg.vecdot(looks[1][-1], looks[0][-2])] if len(looks) > 1 else []
    columns = []
    for own, larger, y, p in looks:
        largest = p.amax(1)
        weighted = p.mul_(y)
        columns += [own, larger, largest, weighted.sum(1), torch.linalg.vecdot(weighted, y)]
    return torch.stack([*columns, *crossed], dim=1)


def _look(x: Tensor, targets: Tensor, y: Tensor | None, p: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """y of the token, how many logits are larger, y, and p; the latter two in the memory given."""
    wanted, most = x.gather(1, targets[:, None]), x.amax(1, keepdim=True)
    larger = torch.gt(x, wanted, out=p).sum(1)  # as floats on a CPU: five times as fast, exact to 2^24
    y = torch.sub(x, most, out=y).clamp_(min=LEAST)
    own = (wanted - most).clamp_(min=LEAST)[:, 0]
    return own, larger.float(), y, torch.softmax(y, 1, out=p)


@lru_cache(maxsize=1)
def _compile() -> Callable[..., Tensor]:
    """One fused kernel, which reads the logits instead of writing matrices of their size."""
    return torch.compile(_sum_up, dynamic=True)
