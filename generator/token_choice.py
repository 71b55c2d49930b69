"""From logits to a token: a ladder of small functions. All are row-wise: a row's token never hangs on another row."""

import numpy as np
import torch
from torch import Tensor


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
    if top_k or top_p < 1:
        least = find_least_probability(probabilities, top_p=top_p, top_k=top_k)
        probabilities = probabilities.masked_fill_(probabilities < least, 0.0)
    return invert_cumulative(probabilities, uniforms)


def find_least_probability(probabilities: Tensor, *, top_p: float, top_k: int) -> Tensor:
    """The probability of the last token that may be drawn, (B, 1).

    The nucleus (Holtzman et al. 2020) is the fewest likeliest tokens whose mass reaches `top_p` of that of the
    `top_k` likeliest. Tokens exactly as likely as the last one are in it too.
    """
    ordered = sort_falling(probabilities)
    last = min(top_k or ordered.shape[1], ordered.shape[1]) - 1
    cumulative = ordered[:, : last + 1].cumsum(1, dtype=torch.float64)
    place = torch.searchsorted(cumulative, cumulative[:, -1:] * top_p).clamp_(max=last)
    return ordered.gather(1, place)


def sort_falling(probabilities: Tensor) -> Tensor:
    """Each row, largest first. On the CPU by numpy, which sorts a vocabulary thirty times as fast as torch does."""
    if probabilities.is_cuda:
        return probabilities.sort(dim=1, descending=True).values
    return torch.from_numpy(np.sort(probabilities.neg().numpy(), axis=1)).neg_()


def invert_cumulative(probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """The token at which each row's cumulative probability passes its uniform's share of the row's mass: (B,)."""
    cumulative = probabilities.cumsum(1, dtype=torch.float64)
    mass = cumulative[:, -1:]
    # a share that rounds up to the whole mass would be passed at no token
    wanted = (uniforms.unsqueeze(1) * mass).minimum(torch.nextafter(mass, torch.zeros_like(mass)))
    return torch.searchsorted(cumulative, wanted, right=True).squeeze(1)


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
