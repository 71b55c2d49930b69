"""From logits to a token: a ladder of small functions. All are row-wise: a row's token never hangs on another row."""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

WORTH_THREADS = 100_000  # logits of a step, below which handing rows to threads takes longer than it saves


def draw_uniforms(*, seed: int, count: int) -> Tensor:
    """The random numbers of one candidate, one a token, from a generator of its own: (count,), float64 in [0, 1)."""
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def choose_tokens(logits: Tensor, uniforms: Tensor, *, temperature: float, top_p: float, top_k: int) -> Tensor:
    """Draw a token a row: temperature, then the `top_k` likeliest (0: all), then the nucleus of mass `top_p`.

    Args:
        logits: (B, V), float32.
        uniforms: (B,), float64 in [0, 1): the number that decides each row.

    Returns:
        (B,) token numbers.
    """
    probabilities = torch.softmax(logits if temperature == 1 else logits / temperature, dim=1)
    if probabilities.is_cuda:
        return choose_together(probabilities, uniforms, top_p=top_p, top_k=top_k)
    rows = list(zip(probabilities.numpy(), uniforms.tolist(), strict=True))

    def choose_some(some: list[tuple[np.ndarray, float]]) -> list[int]:
        return [choose_in_row(row, uniform, top_p=top_p, top_k=top_k) for row, uniform in some]

    threads = torch.get_num_threads()
    if threads == 1 or logits.numel() < WORTH_THREADS:
        return torch.tensor(choose_some(rows))
    share = -(-len(rows) // threads)
    parts = [rows[start : start + share] for start in range(0, len(rows), share)]
    return torch.tensor([token for part in _open_pool(threads).map(choose_some, parts) for token in part])


@lru_cache(maxsize=1)
def _open_pool(threads: int) -> ThreadPoolExecutor:
    """numpy sorts and sums without the interpreter's lock."""
    return ThreadPoolExecutor(threads)


def choose_in_row(probabilities: np.ndarray, uniform: float, *, top_p: float, top_k: int) -> int:
    """The token of one row, (V,) float32: what `choose_together` does, without sorting what cannot be drawn.

    Of a large vocabulary few tokens can be in a nucleus: those less likely than (1 - `top_p`)/V of the row's mass have
    together less than the nucleus leaves out. numpy sorts and sums many times as fast as torch does on a CPU.
    """
    top_k = 0 if top_k >= len(probabilities) else top_k
    if not top_k and top_p >= 1:
        return _invert(probabilities, uniform)
    if top_k:
        bound = np.partition(probabilities, -top_k)[-top_k]
    else:
        bound = (1 - top_p) / len(probabilities) * probabilities.sum()
    likely = np.flatnonzero(probabilities >= bound)
    of_likely = probabilities[likely]
    falling = np.sort(of_likely)[::-1][: top_k or None]
    cumulative = falling.cumsum(dtype=np.float64)
    mass = cumulative[-1] if top_k else probabilities.sum(dtype=np.float64)
    last = min(int(np.searchsorted(cumulative, top_p * mass)), len(falling) - 1)
    in_nucleus = of_likely >= falling[last]
    return int(likely[in_nucleus][_invert(of_likely[in_nucleus], uniform)])


def _invert(probabilities: np.ndarray, uniform: float) -> int:
    """The place at which the cumulative probability passes the uniform's share of the mass."""
    cumulative = probabilities.cumsum(dtype=np.float64)
    # a share that rounds up to the whole mass would be passed at no token
    wanted = min(uniform * cumulative[-1], np.nextafter(cumulative[-1], 0))
    return int(np.searchsorted(cumulative, wanted, side="right"))


def choose_together(probabilities: Tensor, uniforms: Tensor, *, top_p: float, top_k: int) -> Tensor:
    """The tokens of all rows at once, for a device that waits for every single number: (B, V), (B,) → (B,)."""
    if top_k or top_p < 1:
        least = find_least_probability(probabilities, top_p=top_p, top_k=top_k)
        probabilities = probabilities.masked_fill(probabilities < least, 0.0)
    cumulative = probabilities.cumsum(1, dtype=torch.float64)
    mass = cumulative[:, -1:]
    wanted = (uniforms.unsqueeze(1) * mass).minimum(torch.nextafter(mass, torch.zeros_like(mass)))
    return torch.searchsorted(cumulative, wanted, right=True).squeeze(1)


def find_least_probability(probabilities: Tensor, *, top_p: float, top_k: int) -> Tensor:
    """The probability of the last token that may be drawn, (B, 1).

    The nucleus (Holtzman et al. 2020) is the fewest likeliest tokens whose mass reaches `top_p` of that of the
    `top_k` likeliest. Tokens exactly as likely as the last one are in it too.
    """
    ordered = probabilities.sort(dim=1, descending=True).values
    last = min(top_k or ordered.shape[1], ordered.shape[1]) - 1
    cumulative = ordered[:, : last + 1].cumsum(1, dtype=torch.float64)
    place = torch.searchsorted(cumulative, cumulative[:, -1:] * top_p).clamp_(max=last)
    return ordered.gather(1, place)


def penalise_repetition(logits: Tensor, drawn: list[list[int]], *, penalty: float) -> Tensor:
    """Make every token that a row has drawn already less likely: positive logits divided, negative multiplied.

    The rule of Keskar et al. 2019 (CTRL), on the candidate's own tokens alone: the title's words may come again.
    """
    for row, tokens in enumerate(drawn):
        if tokens:
            places = torch.tensor(sorted(set(tokens)), device=logits.device)
            own = logits[row, places]
            logits[row, places] = torch.where(own > 0, own / penalty, own * penalty)
    return logits
