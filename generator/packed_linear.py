"""Products with weights that stay the same, for decoding: packed once, and not anew for every step's few rows."""

import torch
from torch import Tensor
from torch.nn import functional

_LIKELY_ROWS = 64  # what the packed form is chosen for; it serves any number


class PackedLinear:
    """states → states · weightᵀ + bias, in the precision of the products; float32 in and out.

    On a CPU in float32 the weights are kept in oneDNN's own blocked form (a copy), which torch.compile uses too: a step
    of few rows takes a half to a third of the time, and each row gets the same bits however many rows there are (both
    measured, docs/benchmarks.md). Elsewhere they are multiplied as they lie.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, dtype: torch.dtype) -> None:
        """weight (out, in), bias (out,) or None."""
        self._weight = weight.detach().to(dtype)
        self._bias = None if bias is None else bias.detach().to(dtype)
        self._packed: Tensor | None = None
        if self._weight.device.type == "cpu" and dtype == torch.float32 and torch.backends.mkldnn.is_available():
            with torch.inference_mode():
                self._packed = torch.ops.mkldnn._reorder_linear_weight(self._weight, _LIKELY_ROWS)

    def __call__(self, states: Tensor, *, gelu: bool = False) -> Tensor:
        """(rows, in) → (rows, out); with `gelu` its tanh form is taken of what comes out, while it is at hand."""
        if self._packed is not None:
            after = ("gelu", [], "tanh") if gelu else ("none", [], "")
            return torch.ops.mkldnn._linear_pointwise(states, self._packed, self._bias, *after)
        product = functional.linear(states.to(self._weight.dtype), self._weight, self._bias).float()
        return functional.gelu(product, approximate="tanh") if gelu else product
