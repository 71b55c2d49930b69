"""Decoding with any causal language model of transformers, behind the same seam as our own (`generator.decoding`)."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from generator.decoding import MAX_ROWS, ROW_BLOCK, round_up

UNKNOWN_CONTEXT = 2048  # tokens, of a model whose configuration says nothing


class TransformersDecoder:
    """The rows of a session are those of one prompt: a cache of transformers knows no rows of other lengths.

    The last prefix is kept, as in `GPTDecoder`.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self.model = model.eval()
        self.device: torch.device = model.device
        self.engine = f"transformers {str(model.dtype).removeprefix('torch.')} {self.device.type}"
        self.context = int(getattr(model.config, "max_position_embeddings", None) or UNKNOWN_CONTEXT)
        self._prefix: tuple[tuple[int, ...], object] = ((), None)

    def open(self, prefix: Sequence[int], *, rows: int, own: int) -> "TransformersSession":
        if prefix and self._prefix[0] != tuple(prefix):
            tokens = torch.tensor([list(prefix)], device=self.device)
            output = self.model(input_ids=tokens, use_cache=True, logits_to_keep=1)
            self._prefix = (tuple(prefix), output.past_key_values)
        return TransformersSession(
            self, self._prefix[1] if prefix else None, rows=min(rows, MAX_ROWS[self.device.type])
        )


class TransformersSession:
    """Keys and values in the model's own cache, with whole blocks of rows."""

    def __init__(self, decoder: TransformersDecoder, prefix: object, *, rows: int) -> None:
        self._decoder, self._prefix, self._most = decoder, prefix, rows
        self._cache = None
        self._count = self._places = 0

    def count_free(self) -> int:
        return 0 if self._count else self._most

    def admit(self, suffix: Sequence[int], *, rows: int) -> Tensor:
        tokens = torch.tensor([list(suffix)], device=self._decoder.device)
        prefix = copy.deepcopy(self._prefix)  # the cache is written to
        output = self._decoder.model(input_ids=tokens, past_key_values=prefix, use_cache=True, logits_to_keep=1)
        self._cache = output.past_key_values
        self._count, self._places = rows, round_up(rows, ROW_BLOCK)
        self._cache.batch_repeat_interleave(self._places)
        return output.logits[:, -1].float()

    def step(self, tokens: Tensor) -> Tensor:
        filled = torch.cat((tokens, tokens[:1].expand(self._places - self._count))).unsqueeze(1)
        output = self._decoder.model(
            input_ids=filled.to(self._decoder.device), past_key_values=self._cache, use_cache=True
        )
        return output.logits[: self._count, -1].float()

    def release(self, row: int) -> None:
        kept = list(range(self._count))
        kept[row] = kept[-1]
        kept.pop()
        self._count = len(kept)
        places = round_up(self._count, ROW_BLOCK)
        if not kept:
            self._cache = None
            return
        if places == self._places and row == self._count:
            return
        kept += kept[:1] * (places - self._count)
        self._cache.batch_select_indices(torch.tensor(kept, device=self._decoder.device))
        self._places = places
