"""From logits to a token: a ladder of small functions. All are row-wise: a row's token never hangs on another row."""

import torch
from torch import Tensor

HEAD = 256  # tokens; the nucleus is looked for among the likeliest first, for a full sort costs ten times as much


def draw_uniforms(*, seed: int, count: int) -> Tensor:
    """The random numbers of one candidate, one a token, from a generator of its own: (count,), float64 in [0, 1)."""
    return torch.rand(count, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def choose_tokens(logits: Tensor, uniforms: Tensor, *, temperature: float, top_p: float, top_k: int) -> Tensor:
    """Draw a token a row: temperature, then the `top_k` likeliest (0: all), then the nucleus of mass `top_p`.

    Args:
        logits: (B, V), float32 on the CPU.
        uniforms: (B,), float64 in [0, 1): the number that decides each row.

    Returns:
        (B,) token numbers.
    """
    log_probabilities = torch.log_softmax(logits if temperature == 1 else logits / temperature, dim=1)
    if top_k == 0 and top_p >= 1:
        return invert_cumulative(log_probabilities.exp(), uniforms, mass=1.0)
    vocabulary = logits.shape[1]
    size = min(top_k or vocabulary, vocabulary)
    head = min(size, HEAD)
    probabilities, tokens = sort_head(log_probabilities, head)
    chosen = choose_in_nucleus(probabilities, uniforms, top_p=top_p, complete=head == size)
    picked = tokens.gather(1, chosen.clamp(min=0).unsqueeze(1)).squeeze(1)
    for row in (chosen < 0).nonzero().flatten().tolist():  # a nucleus larger than the head: sort this row in full
        probabilities, tokens = sort_head(log_probabilities[row : row + 1], size)
        place = choose_in_nucleus(probabilities, uniforms[row : row + 1], top_p=top_p, complete=True)
        picked[row] = tokens[0, place[0]]
    return picked


def sort_head(log_probabilities: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The `size` likeliest tokens of each row, likeliest first: probabilities (B, size) and token numbers."""
    values, tokens = log_probabilities.topk(size, dim=1)
    return values.exp(), tokens


def choose_in_nucleus(probabilities: Tensor, uniforms: Tensor, *, top_p: float, complete: bool) -> Tensor:
    """Places drawn from the nucleus: the fewest likeliest tokens whose mass reaches `top_p`.

    Args:
        probabilities: (B, K), falling along a row; they need not sum to one.
        complete: these are all the tokens there are to choose from, and `top_p` is a share of their mass.

    Returns:
        (B,) places within the row; −1 where the nucleus reaches beyond the K tokens given.
    """
    cumulative = probabilities.double().cumsum(1)
    wanted = cumulative[:, -1:] * top_p if complete else torch.full_like(cumulative[:, :1], top_p)
    last = torch.searchsorted(cumulative, wanted)
    beyond = last >= cumulative.shape[1]
    last = last.clamp(max=cumulative.shape[1] - 1)
    mass = cumulative.gather(1, last)
    place = torch.searchsorted(cumulative, uniforms.unsqueeze(1) * mass, right=True).minimum(last)
    return torch.where(beyond & (not complete), -1, place).squeeze(1)


def invert_cumulative(probabilities: Tensor, uniforms: Tensor, *, mass: float) -> Tensor:
    """The token at which each row's cumulative probability passes its uniform's share of `mass`: (B,)."""
    cumulative = probabilities.double().cumsum(1)
    place = torch.searchsorted(cumulative, (uniforms * mass).unsqueeze(1) * cumulative[:, -1:], right=True)
    return place.clamp(max=probabilities.shape[1] - 1).squeeze(1)
