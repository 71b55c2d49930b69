"""The GPT: GPT-2's architecture with alternating dense and locally banded attention (PROTOCOL §4).

Pre-normalisation, a final LayerNorm, tanh-GELU, learned positions, output embedding tied to the input's.
Shapes: B sequences, T positions, d model width, H heads of D numbers.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from torch.utils.checkpoint import checkpoint

from generator.loss import mean_cross_entropy
from generator.specs import GPTSpec

INIT_STD = 0.02
POSITION_STD = 0.01
LAYER_NORM_EPS = 1e-5


_twice: ContextVar[bool] = ContextVar("twice", default=False)


@contextmanager
def differentiable_twice() -> Iterator[None]:
    """Within it attention is made of plain operations: the fused kernels' gradient cannot be differentiated again."""
    token = _twice.set(True)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        _twice.reset(token)


def attend_causal(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Each position sees itself and all before it; (B, H, T, D) in and out."""
    return functional.scaled_dot_product_attention(query, key, value, is_causal=True)


def attend_banded(query: Tensor, key: Tensor, value: Tensor, *, band: int) -> Tensor:
    """Each position sees itself and the `band` − 1 before it; (B, H, T, D) in and out.

    The positions are parted into blocks of `band`: a block's queries can see keys of their own block and the one
    before only, so time and memory grow with T·band, not T². The first block has none before it and is plain causal.
    """
    batch, heads, length, width = query.shape
    if length <= band:
        return attend_causal(query, key, value)
    if (
        query.is_cuda and query.requires_grad and not _twice.get()
    ):  # in training alone: it is compiled anew for every length
        return _compile_flex_attention()(query, key, value, block_mask=make_band_mask(length, band, query.device))
    blocks = -(-length // band)
    padding = blocks * band - length
    if padding:
        query, key, value = (functional.pad(part, (0, 0, 0, padding)) for part in (query, key, value))
    first = attend_causal(query[:, :, :band], key[:, :, :band], value[:, :, :band])

    def pair_blocks(part: Tensor) -> Tensor:
        parted = part.view(batch, heads, blocks, band, width)
        return torch.cat((parted[:, :, :-1], parted[:, :, 1:]), dim=3).view(batch, -1, 2 * band, width)

    later = functional.scaled_dot_product_attention(
        query[:, :, band:].reshape(batch, heads * (blocks - 1), band, width),
        pair_blocks(key),
        pair_blocks(value),
        attn_mask=_mask_block_pair(band, query.device),
    ).view(batch, heads, -1, width)
    return torch.cat((first, later), dim=2)[:, :, :length]


@lru_cache(maxsize=8)
def make_band_mask(length: int, band: int, device: torch.device) -> BlockMask:
    """FlexAttention's mask of a band: blocks of keys that no query of a block may see are never read."""

    def is_seen(_batch: Tensor, _head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return (key <= query) & (query - key < band)

    return create_block_mask(is_seen, B=None, H=None, Q_LEN=length, KV_LEN=length, device=device)


@lru_cache(maxsize=1)
def _compile_flex_attention() -> Callable[..., Tensor]:
    """FlexAttention is a fused kernel only when it is compiled."""
    return torch.compile(flex_attention, dynamic=False)


def _mask_block_pair(band: int, device: torch.device) -> Tensor:
    """(band, 2·band), true where query i of a block may see key j of the pair: i < j ≤ i + band."""
    seen = torch.ones(band, 2 * band, dtype=torch.bool, device=device)
    return seen.triu(1).tril(band)


class Attention(nn.Module):
    def __init__(self, spec: GPTSpec, *, band: int | None) -> None:
        """`band` None is dense."""
        super().__init__()
        self.n_heads = spec.n_heads
        self.band = band
        self.query_key_value = nn.Linear(spec.d_model, 3 * spec.d_model)
        self.projection = nn.Linear(spec.d_model, spec.d_model)

    def forward(self, states: Tensor, kept: list[tuple[Tensor, Tensor]] | None) -> Tensor:
        batch, length, width = states.shape
        parts = self.query_key_value(states).view(batch, length, 3, self.n_heads, width // self.n_heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        if kept is not None:
            kept.append((key, value))
        if self.band is None:
            mixed = attend_causal(query, key, value)
        else:
            mixed = attend_banded(query, key, value, band=self.band)
        return self.projection(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, spec: GPTSpec, *, band: int | None) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(spec.d_model, eps=LAYER_NORM_EPS)
        self.attention = Attention(spec, band=band)
        self.feed_forward_norm = nn.LayerNorm(spec.d_model, eps=LAYER_NORM_EPS)
        self.expansion = nn.Linear(spec.d_model, spec.d_ff)
        self.contraction = nn.Linear(spec.d_ff, spec.d_model)

    def forward(self, states: Tensor, kept: list[tuple[Tensor, Tensor]] | None) -> Tensor:
        states = states + self.attention(self.attention_norm(states), kept)
        hidden = functional.gelu(self.expansion(self.feed_forward_norm(states)), approximate="tanh")
        return states + self.contraction(hidden)


class GPT(nn.Module):
    """A model of the family. `forward` gives final states; `project` makes logits of them."""

    def __init__(self, spec: GPTSpec, *, recompute: bool = False) -> None:
        """With `recompute` the backward pass makes a block's activations again instead of keeping them."""
        super().__init__()
        self.spec, self.recompute = spec, recompute
        self.tokens = nn.Embedding(spec.vocab_size, spec.d_model)
        self.positions = nn.Embedding(spec.context, spec.d_model)
        self.blocks = nn.ModuleList(
            Block(spec, band=spec.band if kind == "banded" else None) for kind in spec.layer_kinds()
        )
        self.final_norm = nn.LayerNorm(spec.d_model, eps=LAYER_NORM_EPS)

    def initialise(self, *, seed: int) -> None:
        """GPT-2's initialisation: 0.02, positions 0.01, what adds to the residual stream 0.02/√(2·layers)."""
        generator = torch.Generator().manual_seed(seed)
        residual_std = INIT_STD / math.sqrt(2 * self.spec.n_layers)
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.endswith("norm.weight"):
                    parameter.fill_(1.0)
                elif parameter.dim() < 2:
                    parameter.zero_()
                else:
                    std = POSITION_STD if name == "positions.weight" else INIT_STD
                    if name.endswith(("projection.weight", "contraction.weight")):
                        std = residual_std
                    # drawn on the CPU, so that a seed means the same model on every device
                    parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)

    def forward(self, tokens: Tensor, *, kept: list[tuple[Tensor, Tensor]] | None = None) -> Tensor:
        """Final states of a sequence.

        Args:
            tokens: (B, T) token numbers, T at most the context.
            kept: where given, each layer's keys and values, (B, H, T, D) each, are appended to it.

        Returns:
            (B, T, d), after the final LayerNorm.

        Raises:
            ValueError: the sequence is longer than the context.
        """
        length = tokens.shape[1]
        if length > self.spec.context:
            raise ValueError(f"a sequence of {length} tokens is longer than the context of {self.spec.context}")
        states = self.tokens(tokens) + self.positions.weight[:length]
        for block in self.blocks:
            if self.recompute and torch.is_grad_enabled():
                states = checkpoint(block, states, kept, use_reentrant=False)
            else:
                states = block(states, kept)
        return self.final_norm(states)

    def project(self, states: Tensor, *, out: Tensor | None = None) -> Tensor:
        """Logits (…, V) of final states (…, d); where `out` is given, those (N, V) of (N, d) into it."""
        if out is not None:
            return torch.mm(states, self.tokens.weight.t(), out=out)
        return functional.linear(states, self.tokens.weight)

    def measure_loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        """Mean loss of a position in nats; (B, T) both, `targets` being the tokens that follow."""
        return mean_cross_entropy(self(tokens), self.tokens.weight, targets)
