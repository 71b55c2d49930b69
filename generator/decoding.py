"""One token a step for several rows at once: prefill, keys and values, and the step, for our models and for others.

A row's logits do not hang on the rows beside it: for a given number of threads, matrix products whose number of rows
is a multiple of `ROW_BLOCK` give every row the same bits wherever it stands and however many there are (measured with
MKL in float32, on one and two threads), so a session always computes whole blocks.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from generator.model import GPT, LAYER_NORM_EPS

ROW_BLOCK = 4  # what remains beyond whole blocks goes through other kernels, whose last bits differ


def round_up_rows(count: int) -> int:
    """The rows that are computed for `count` rows: whole blocks."""
    return -(-count // ROW_BLOCK) * ROW_BLOCK


class DecodingSession(Protocol):
    """The state of some rows that began with one prompt."""

    def step(self, tokens: Tensor) -> Tensor:
        """Append a token to each row, (B,), and give the next logits, (B, V) float32 on the CPU."""

    def keep_rows(self, rows: Tensor) -> None:
        """Go on with these rows only, in this order; (B',) numbers of rows."""


class Decoder(Protocol):
    """A model that can decode: what the sampler knows of it."""

    context: int  # tokens

    def start(self, prompt: list[int], *, rows: int, max_new: int) -> tuple[DecodingSession, Tensor]:
        """Read the prompt once for `rows` rows; the session and the next logits, (1, V) float32 on the CPU."""


class _Layer(NamedTuple):
    """A block's weights as the step multiplies them: matrices (in, out), so that no product transposes."""

    attention_norm: tuple[Tensor, Tensor]
    query_key_value: tuple[Tensor, Tensor]
    projection: tuple[Tensor, Tensor]
    feed_forward_norm: tuple[Tensor, Tensor]
    expansion: tuple[Tensor, Tensor]
    contraction: tuple[Tensor, Tensor]
    band: int | None


class GPTDecoder:
    """Decodes with a `GPT` of ours."""

    def __init__(self, model: GPT) -> None:
        self.model = model.eval()
        self.context = model.spec.context
        self.layers = tuple(self._gather_weights(block) for block in model.blocks)

    @staticmethod
    def _gather_weights(block: torch.nn.Module) -> _Layer:
        def transpose(linear: torch.nn.Linear) -> tuple[Tensor, Tensor]:
            return linear.bias.detach(), linear.weight.detach().t().contiguous()

        def pair(norm: torch.nn.LayerNorm) -> tuple[Tensor, Tensor]:
            return norm.weight.detach(), norm.bias.detach()

        return _Layer(
            attention_norm=pair(block.attention_norm),
            query_key_value=transpose(block.attention.query_key_value),
            projection=transpose(block.attention.projection),
            feed_forward_norm=pair(block.feed_forward_norm),
            expansion=transpose(block.expansion),
            contraction=transpose(block.contraction),
            band=block.attention.band,
        )

    def start(self, prompt: list[int], *, rows: int, max_new: int) -> tuple["GPTSession", Tensor]:
        device = self.model.tokens.weight.device
        kept: list[tuple[Tensor, Tensor]] = []
        states = self.model(torch.tensor([prompt], device=device), kept=kept)
        session = GPTSession(self, kept, rows=round_up_rows(rows), max_new=max_new)
        return session, self.model.project(states[:, -1]).float().cpu()


class _Memory(NamedTuple):
    """A layer's keys and values: the prompt's once for all rows, then each row's own in a buffer of its final size."""

    prompt_keys: Tensor  # (H, P, D)
    prompt_values: Tensor
    own: Tensor  # (2, B, H, max_new, D): keys, values


class GPTSession:
    """Rows that share their prompt's keys and values, so that a step reads them once and not once a row."""

    def __init__(self, decoder: GPTDecoder, prompt: list[tuple[Tensor, Tensor]], *, rows: int, max_new: int) -> None:
        self._decoder = decoder
        _, heads, self._prompt_length, width = prompt[0][0].shape
        self._rows, self._written = rows, 0  # `_written` positions of each row's own
        self._memory = [
            _Memory(key[0].contiguous(), value[0].contiguous(), key.new_zeros(2, rows, heads, max_new, width))
            for key, value in prompt
        ]

    def step(self, tokens: Tensor) -> Tensor:
        model, count = self._decoder.model, tokens.shape[0]
        if count < self._rows:  # the rows that only fill up repeat the first
            tokens = torch.cat((tokens, tokens[:1].expand(self._rows - count)))
        position = self._prompt_length + self._written
        states = model.tokens.weight[tokens.to(model.tokens.weight.device)] + model.positions.weight[position]
        for layer, memory in zip(self._decoder.layers, self._memory, strict=True):
            states = self._step_layer(layer, memory, states)
        self._written += 1
        norm = model.final_norm
        final = functional.layer_norm(states, states.shape[1:], norm.weight, norm.bias, LAYER_NORM_EPS)
        return model.project(final)[:count].float().cpu()

    def _step_layer(self, layer: _Layer, memory: _Memory, states: Tensor) -> Tensor:
        rows, width = states.shape
        heads, _, d_head = memory.prompt_keys.shape
        normal = functional.layer_norm(states, (width,), *layer.attention_norm, LAYER_NORM_EPS)
        parts = torch.addmm(layer.query_key_value[0], normal, layer.query_key_value[1]).view(rows, 3, heads, d_head)
        memory.own[:, :, :, self._written] = parts[:, 1:].transpose(0, 1)
        mixed = self._attend(parts[:, 0], memory, band=layer.band).reshape(rows, width)
        states = torch.addmm(layer.projection[0], mixed, layer.projection[1]).add_(states)
        normal = functional.layer_norm(states, (width,), *layer.feed_forward_norm, LAYER_NORM_EPS)
        hidden = functional.gelu(torch.addmm(layer.expansion[0], normal, layer.expansion[1]), approximate="tanh")
        return torch.addmm(layer.contraction[0], hidden, layer.contraction[1]).add_(states)

    def _attend(self, query: Tensor, memory: _Memory, *, band: int | None) -> Tensor:
        """(B, H, D) queries → (B, H, D): one softmax over the prompt's keys and the row's own."""
        length = self._written + 1
        first = 0 if band is None else max(0, self._prompt_length + length - band)
        own_keys, own_values = memory.own[:, :, :, max(0, first - self._prompt_length) : length]
        query = query * query.shape[2] ** -0.5
        own_scores = torch.matmul(own_keys, query.unsqueeze(3)).squeeze(3).transpose(0, 1)  # (H, B, t)
        if first >= self._prompt_length:
            weights = own_scores.softmax(2)
            return torch.matmul(weights.transpose(0, 1).unsqueeze(2), own_values).squeeze(2)
        prompt_keys, prompt_values = memory.prompt_keys[:, first:], memory.prompt_values[:, first:]
        prompt_scores = torch.bmm(query.transpose(0, 1), prompt_keys.transpose(1, 2))  # (H, B, P)
        weights = torch.cat((prompt_scores, own_scores), dim=2).softmax(2)
        from_prompt, from_own = weights.split((prompt_keys.shape[1], own_scores.shape[2]), dim=2)
        own = torch.matmul(from_own.transpose(0, 1).unsqueeze(2), own_values).squeeze(2)
        return torch.bmm(from_prompt, prompt_values).transpose(0, 1) + own

    def keep_rows(self, rows: Tensor) -> None:
        kept = round_up_rows(len(rows))
        if kept == self._rows and torch.equal(rows, torch.arange(len(rows))):
            return
        filled = torch.cat((rows, rows[:1].expand(kept - len(rows)))).to(self._memory[0].own.device)
        self._memory = [memory._replace(own=memory.own.index_select(1, filled)) for memory in self._memory]
        self._rows = kept


class TransformersDecoder:
    """Decodes with any causal language model of transformers."""

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model.eval()
        self.context = int(getattr(model.config, "max_position_embeddings", None) or 2048)

    def start(self, prompt: list[int], *, rows: int, max_new: int) -> tuple["TransformersSession", Tensor]:
        tokens = torch.tensor([prompt], device=self.model.device)
        output = self.model(input_ids=tokens, use_cache=True, logits_to_keep=1)
        cache = output.past_key_values
        cache.batch_repeat_interleave(round_up_rows(rows))
        return TransformersSession(self.model, cache, rows=round_up_rows(rows)), output.logits[:, -1].float().cpu()


class TransformersSession:
    """Keys and values in the model's own cache."""

    def __init__(self, model: torch.nn.Module, cache, *, rows: int) -> None:
        self._model, self._cache, self._rows = model, cache, rows

    def step(self, tokens: Tensor) -> Tensor:
        count = tokens.shape[0]
        filled = torch.cat((tokens, tokens[:1].expand(self._rows - count))).unsqueeze(1).to(self._model.device)
        logits = self._model(input_ids=filled, past_key_values=self._cache, use_cache=True).logits
        return logits[:count, -1].float().cpu()

    def keep_rows(self, rows: Tensor) -> None:
        self._rows = round_up_rows(len(rows))
        filled = torch.cat((rows, rows[:1].expand(self._rows - len(rows))))
        self._cache.batch_select_indices(filled.to(self._model.device))
