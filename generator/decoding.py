"""Many rows decoded together: a prefix that all share is read once, rows come and go, and each step is one batch.

The rows of a decoding session all begin with its prefix (the context articles of a study); each goes on with the
suffix of its own prompt (the title) and with what it draws. Keys and values of the prefix are kept once, and a step
reads them once for all rows.

What a row gets does not hang on the rows beside it but for rounding, and mostly not even there: matrix products give
each row the same bits, with oneDNN whatever the number of rows (`generator.packed_linear`), with MKL in whole blocks of
`ROW_BLOCK` (both measured in float32 for 4 to 128 rows), and what attention adds for a shorter row are zeros.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from generator.devices import Precision, pick_sampling_precision
from generator.model import GPT, LAYER_NORM_EPS
from generator.packed_linear import PackedLinear

ROW_BLOCK = 4  # what remains beyond whole blocks goes through other kernels, whose last bits differ
KEY_BLOCK = 16  # positions; whole vectors, so that a row's sums are the same however long the longest row is
MAX_ROWS = {"cpu": 128, "cuda": 256}  # beyond these the products gain little (docs/benchmarks.md)
CPU_CACHE_BYTES = 2 * 2**30  # of the rows' own keys and values
CUDA_CACHE_SHARE = 0.4  # of the memory that is free


def round_up(count: int, block: int) -> int:
    return -(-count // block) * block


class DecodingSession(Protocol):
    """Rows that share a prefix. They are numbered from 0 in the order in which they came."""

    def count_free(self) -> int:
        """How many rows may be admitted now."""

    def admit(self, suffix: Sequence[int], *, rows: int) -> Tensor:
        """Read a prompt's suffix, (at least one token), add `rows` rows after it; the next logits, (1, V) float32."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append a token to each row, (B,), and give the next logits, (B, V) float32."""

    def release(self, row: int) -> None:
        """End a row; the last one takes its number."""


class Decoder(Protocol):
    """A model that can decode: what the sampler knows of it."""

    context: int  # tokens
    device: torch.device  # where logits are given and tokens are taken
    engine: str  # what computes, in what precision and where: with a seed it decides a text to the last bit, mostly

    def open(self, prefix: Sequence[int], *, rows: int, own: int) -> DecodingSession:
        """A session for at most `rows` rows at once, each of at most `own` tokens (suffix and drawn) after `prefix`."""


class _Layer(NamedTuple):
    """A block's weights; a norm's are (weight, bias)."""

    attention_norm: tuple[Tensor, Tensor]
    query_key_value: PackedLinear
    projection: PackedLinear
    feed_forward_norm: tuple[Tensor, Tensor]
    expansion: PackedLinear
    contraction: PackedLinear
    band: int | None


class GPTDecoder:
    """Decodes with a `GPT` of ours. In bf16 products are taken in it, while sums of the residual stream stay float32.

    The last prefix is kept: the next session that begins with it does not read it again.
    """

    def __init__(self, model: GPT, *, precision: Precision | None = None) -> None:
        self.model = model.eval()
        self.context = model.spec.context
        self.device = model.tokens.weight.device
        precision = precision or pick_sampling_precision(self.device)
        self.engine = f"byline {precision} {self.device.type}"
        self.dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.layers = tuple(self._gather_weights(block) for block in model.blocks)
        self.output = PackedLinear(model.tokens.weight, None, dtype=self.dtype)
        self._prefix: tuple[tuple[int, ...], list[_Prefix]] = ((), [])

    def _gather_weights(self, block: torch.nn.Module) -> _Layer:
        def pack(linear: torch.nn.Linear) -> PackedLinear:
            return PackedLinear(linear.weight, linear.bias, dtype=self.dtype)

        def norm(norm: torch.nn.LayerNorm) -> tuple[Tensor, Tensor]:
            return norm.weight.detach(), norm.bias.detach()

        return _Layer(
            attention_norm=norm(block.attention_norm),
            query_key_value=pack(block.attention.query_key_value),
            projection=pack(block.attention.projection),
            feed_forward_norm=norm(block.feed_forward_norm),
            expansion=pack(block.expansion),
            contraction=pack(block.contraction),
            band=block.attention.band,
        )

    def open(self, prefix: Sequence[int], *, rows: int, own: int) -> "GPTSession":
        most = min(MAX_ROWS[self.device.type], self._count_rows_that_fit(own))
        return GPTSession(self, self._read_prefix(tuple(prefix)), rows=min(rows, most), own=own)

    def _count_rows_that_fit(self, own: int) -> int:
        """Rows whose keys and values, 2 · layers · width numbers a token, fit into the memory set aside."""
        spec = self.model.spec
        a_row = 2 * spec.n_layers * spec.d_model * round_up(own, KEY_BLOCK) * 4
        if self.device.type == "cuda":
            free, _ = torch.cuda.mem_get_info(self.device)
            return max(ROW_BLOCK, int(CUDA_CACHE_SHARE * free) // a_row)
        return max(ROW_BLOCK, CPU_CACHE_BYTES // a_row)

    def _read_prefix(self, prefix: tuple[int, ...]) -> list["_Prefix"]:
        if prefix and self._prefix[0] != prefix:
            kept: list[tuple[Tensor, Tensor]] = []
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16):
                self.model(torch.tensor([prefix], device=self.device), kept=kept)
            layers = [_Prefix(key[0].float().transpose(1, 2).contiguous(), value[0].float()) for key, value in kept]
            self._prefix = (prefix, layers)
        if prefix:
            return self._prefix[1]
        nothing = torch.empty(self.model.spec.n_heads, 0, self.model.spec.d_head, device=self.device)
        return [_Prefix(nothing.transpose(1, 2), nothing)] * len(self.layers)

    def run_layer(self, layer: _Layer, states: Tensor, attend: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        """(B, d) states through a block; `attend` mixes (B, H, D) queries, keys and values into (B, H, D)."""
        rows, width = states.shape
        normal = functional.layer_norm(states, (width,), *layer.attention_norm, LAYER_NORM_EPS)
        parts = layer.query_key_value(normal).view(rows, 3, self.model.spec.n_heads, -1)
        mixed = attend(parts[:, 0] * parts.shape[3] ** -0.5, parts[:, 1], parts[:, 2]).reshape(rows, width)
        states = states + layer.projection(mixed)
        normal = functional.layer_norm(states, (width,), *layer.feed_forward_norm, LAYER_NORM_EPS)
        return states.add_(layer.contraction(layer.expansion(normal, gelu=True)))

    def project(self, states: Tensor) -> Tensor:
        """Logits (B, V) of states (B, d) after the last block."""
        norm = self.model.final_norm
        final = functional.layer_norm(states, states.shape[1:], norm.weight, norm.bias, LAYER_NORM_EPS)
        return self.output(final)


class _Prefix(NamedTuple):
    """A layer's keys and values of the shared prefix."""

    keys: Tensor  # (H, D, P): a step multiplies queries with them as they lie
    values: Tensor  # (H, P, D)


class _Own(NamedTuple):
    """A layer's keys and values of the rows' own tokens, in buffers of their final size."""

    keys: Tensor  # (B, H, D, T)
    values: Tensor  # (B, H, T, D)


class GPTSession:
    """Rows of a `GPTDecoder`; the first `len(self._lengths)` places of the buffers are in use."""

    def __init__(self, decoder: GPTDecoder, prefix: list[_Prefix], *, rows: int, own: int) -> None:
        self._decoder, self._prefix = decoder, prefix
        self._prefix_length = prefix[0].values.shape[1]
        self._rows = rows
        spec, device = decoder.model.spec, decoder.device
        room, places = round_up(own, KEY_BLOCK), round_up(rows, ROW_BLOCK)
        self._own = [
            _Own(
                torch.zeros(places, spec.n_heads, spec.d_head, room, device=device),
                torch.zeros(places, spec.n_heads, room, spec.d_head, device=device),
            )
            for _ in decoder.layers
        ]
        self._lengths: list[int] = []  # own tokens of each row

    def count_free(self) -> int:
        return self._rows - len(self._lengths)

    def admit(self, suffix: Sequence[int], *, rows: int) -> Tensor:
        model, device = self._decoder.model, self._decoder.device
        places = slice(len(self._lengths), len(self._lengths) + rows)
        first, length = self._prefix_length, len(suffix)
        tokens = torch.tensor(suffix, device=device)
        states = model.tokens.weight[tokens] + model.positions.weight[first : first + length]
        distance = torch.arange(length, device=device)[:, None] + first - torch.arange(first + length, device=device)
        for layer, prefix, own in zip(self._decoder.layers, self._prefix, self._own, strict=True):
            hidden = (distance < 0) if layer.band is None else (distance < 0) | (distance >= layer.band)
            attend = partial(_attend_suffix, memory=(prefix, own), places=places, hidden=hidden)
            states = self._decoder.run_layer(layer, states, attend)
        self._lengths += [length] * rows
        return self._decoder.project(states[-1:])

    def step(self, tokens: Tensor) -> Tensor:
        decoder, model, count = self._decoder, self._decoder.model, len(self._lengths)
        filling = round_up(count, ROW_BLOCK) - count  # rows that only fill up the block; what they give is dropped
        lengths = torch.tensor(self._lengths + [0] * filling, device=decoder.device)
        tokens = functional.pad(tokens.to(decoder.device), (0, filling))
        states = model.tokens.weight[tokens] + model.positions.weight[self._prefix_length + lengths]
        windows = {band: self._find_window(lengths, band) for band in {layer.band for layer in decoder.layers}}
        for layer, prefix, own in zip(decoder.layers, self._prefix, self._own, strict=True):
            attend = partial(_attend_window, memory=(prefix, own), lengths=lengths, window=windows[layer.band])
            states = decoder.run_layer(layer, states, attend)
        self._lengths = [length + 1 for length in self._lengths]
        return decoder.project(states)[:count]

    def _find_window(self, lengths: Tensor, band: int | None) -> "_Window":
        """Which keys the rows see that now append a token after `lengths` own ones."""
        first = self._prefix_length
        last = round_up(max(self._lengths) + 1, KEY_BLOCK)
        position = first + lengths[:, None]
        oldest = 0 if band is None else max(0, first + min(self._lengths) + 1 - band)
        from_prefix = min(oldest, first) // KEY_BLOCK * KEY_BLOCK if oldest < first else first
        from_own = max(0, oldest - first) // KEY_BLOCK * KEY_BLOCK
        places = torch.cat((torch.arange(from_prefix, first), torch.arange(first + from_own, first + last)))
        places = places.to(lengths.device)
        hidden = places > position
        if band is not None:
            hidden |= places <= position - band
        return _Window(from_prefix, slice(from_own, last), hidden, hides_prefix=band is not None)

    def release(self, row: int) -> None:
        last = len(self._lengths) - 1
        if row != last:
            length = self._lengths[last]
            for keys, values in self._own:
                keys[row, :, :, :length] = keys[last, :, :, :length]
                values[row, :, :length] = values[last, :, :length]
            self._lengths[row] = self._lengths[last]
        self._lengths.pop()


class _Window(NamedTuple):
    """The keys that a step looks at: the prefix from a place on, a slice of each row's own, and which are hidden."""

    from_prefix: int
    own: slice
    hidden: Tensor  # (B, keys of the prefix and of the slice), true where a row must not look
    hides_prefix: bool  # whether that is anywhere in the prefix


def _attend_suffix(
    query: Tensor, key: Tensor, value: Tensor, *, memory: tuple[_Prefix, _Own], places: slice, hidden: Tensor
) -> Tensor:
    """(S, H, D) each → (S, H, D): a prompt's suffix over the prefix and itself; kept for the rows at `places`."""
    prefix, own = memory
    keys, values = key.permute(1, 2, 0), value.transpose(0, 1)  # (H, D, S) and (H, S, D)
    length = values.shape[1]
    own.keys[places, :, :, :length], own.values[places, :, :length] = keys, values
    scores = torch.bmm(query.transpose(0, 1), torch.cat((prefix.keys, keys), dim=2))
    weights = scores.masked_fill_(hidden, float("-inf")).softmax(2)
    return torch.bmm(weights, torch.cat((prefix.values, values), dim=1)).transpose(0, 1)


def _attend_window(
    query: Tensor, key: Tensor, value: Tensor, *, memory: tuple[_Prefix, _Own], lengths: Tensor, window: _Window
) -> Tensor:
    """(B, H, D) each → (B, H, D): keep keys and values, then one softmax over the prefix and the row's own."""
    prefix, own = memory
    rows = query.shape[0]
    places = torch.arange(rows, device=query.device)
    own.keys[places, :, :, lengths], own.values[places, :, lengths] = key, value
    own_keys, own_values = own.keys[:rows, :, :, window.own], own.values[:rows, :, window.own]
    prefix_keys, prefix_values = prefix.keys[:, :, window.from_prefix :], prefix.values[:, window.from_prefix :]
    n_prefix = prefix_values.shape[1]
    scores = torch.matmul(query.unsqueeze(2), own_keys).squeeze(2)  # (B, H, T)
    scores.masked_fill_(window.hidden[:, None, n_prefix:], float("-inf"))
    if n_prefix:
        prefix_scores = torch.bmm(query.transpose(0, 1), prefix_keys).transpose(0, 1)
        if window.hides_prefix:
            prefix_scores.masked_fill_(window.hidden[:, None, :n_prefix], float("-inf"))
        scores = torch.cat((prefix_scores, scores), dim=2)
    weights = scores.softmax(2)
    mixed = torch.matmul(weights[:, :, n_prefix:].unsqueeze(2), own_values).squeeze(2)
    if n_prefix:
        mixed += torch.bmm(weights[:, :, :n_prefix].transpose(0, 1), prefix_values).transpose(0, 1)
    return mixed
