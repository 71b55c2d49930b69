"""Cross-entropy of next tokens, in chunks: the logits of all positions are never in memory at once.

`measure_prediction` alone holds them all, for losses whose gradient is differentiated in its turn.
"""

import torch
from torch import Tensor

CHUNK = 1024  # positions; at a vocabulary of 50,257 a chunk's logits take 200 MB


class _ChunkedCrossEntropy(torch.autograd.Function):
    """Sum of −log softmax(h·Wᵀ)[target] over positions.

    The gradient with respect to the logits, softmax − one-hot, is known as soon as a chunk's logits are. It is
    carried on to hidden states and weights at once, so that the backward pass need not make the logits again.
    """

    @staticmethod
    def forward(ctx, hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
        """hidden (N, d), weight (V, d), targets (N,) → a scalar, in float32."""
        wants_gradient = hidden.requires_grad or weight.requires_grad
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        grad_hidden = torch.empty_like(hidden) if wants_gradient else None
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if wants_gradient else None
        cast_weight = weight.to(hidden.dtype)
        for start in range(0, hidden.shape[0], CHUNK):
            part, wanted = hidden[start : start + CHUNK], targets[start : start + CHUNK].unsqueeze(1)
            log_probabilities = torch.log_softmax((part @ cast_weight.t()).float(), dim=1)
            total -= log_probabilities.gather(1, wanted).sum()
            if wants_gradient:
                slope = log_probabilities.exp_().scatter_add_(1, wanted, -torch.ones_like(wanted, dtype=torch.float32))
                slope = slope.to(hidden.dtype)
                torch.mm(slope, cast_weight, out=grad_hidden[start : start + CHUNK])
                grad_weight += slope.t() @ part
        if wants_gradient:
            ctx.save_for_backward(grad_hidden, grad_weight.to(weight.dtype))
        return total

    @staticmethod
    def backward(ctx, slope: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_hidden, grad_weight = ctx.saved_tensors
        return grad_hidden * slope.to(grad_hidden.dtype), grad_weight * slope, None


def sum_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """The summed loss of all positions, in nats.

    Args:
        hidden: (…, d), the states after the final LayerNorm; under autocast they are taken to its precision.
        weight: (V, d), the output embedding.
        targets: (…), the token that follows each position.
    """
    device = hidden.device.type
    flat = hidden.reshape(-1, hidden.shape[-1])
    if torch.is_autocast_enabled(device):
        flat = flat.to(torch.get_autocast_dtype(device))
    with torch.autocast(device, enabled=False):
        return _ChunkedCrossEntropy.apply(flat, weight, targets.reshape(-1))


def mean_cross_entropy(hidden: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """The loss of a position, in nats; shapes as `sum_cross_entropy`."""
    return sum_cross_entropy(hidden, weight, targets) / targets.numel()


def measure_prediction(hidden: Tensor, weight: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss of a position and mean entropy of the predicted next token, in nats; shapes as `sum_cross_entropy`.

    Made of plain operations, so that it can be differentiated any number of times: `sum_cross_entropy` has its first
    gradient ready in the forward pass, and a second one would silently be wrong.
    """
    logits = hidden @ weight.t()
    log_probabilities = torch.log_softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), dim=-1)
    loss = -log_probabilities.gather(-1, targets.unsqueeze(-1)).mean()
    return loss, -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
