"""The loss of each token of many texts under a model that is open, in padded batches: forward passes and nothing else.

A text's losses are −ln p of its tokens, in nats. Padding stands behind a text, where no token of a causal model sees
it. Logits are made of the wanted positions alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from generator.checkpoint_files import Checkpoint
from generator.decoding import GPTDecoder
from generator.foreign_decoding import TransformersDecoder

BATCH_TOKENS = {"cpu": 8192, "cuda": 65_536}  # padding included
LOGIT_BYTES = 2**29  # of one batch's logits, with a model of transformers
CHUNK = 1024  # positions whose logits are made at once, with a model of ours


class LossError(ValueError):
    """A text whose losses cannot be had; the message says why."""


@dataclass(frozen=True)
class Passage:
    """Tokens that a model reads; the losses of those from `begin` on (at least 1) are wanted."""

    tokens: tuple[int, ...]
    begin: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.begin < len(self.tokens):
            raise LossError(f"a passage of {len(self.tokens)} tokens has none to predict from the {self.begin}th on")


def count_parameters(checkpoint: Checkpoint) -> int:
    """Every number of the model, shared ones once."""
    return sum(parameter.numel() for parameter in _find_model(checkpoint).parameters())


def measure_losses(
    checkpoint: Checkpoint, passages: Sequence[Passage], *, on_tokens: Callable[[int], None] = lambda tokens: None
) -> list[np.ndarray]:
    """A (len(tokens) − begin,) float32 array for each passage; `on_tokens` is told the tokens read, batch by batch.

    Raises:
        LossError: a passage is longer than the model's context.
    """
    context = checkpoint.decoder.context
    if longest := max((len(passage.tokens) for passage in passages if len(passage.tokens) > context), default=0):
        raise LossError(f"a passage of {longest} tokens is longer than the context of {context}")
    found: list[np.ndarray] = [np.empty(0, np.float32)] * len(passages)
    model = _find_model(checkpoint)
    with torch.inference_mode():
        for numbers in _batch(passages, model=model, device=checkpoint.decoder.device):
            batch = [passages[number] for number in numbers]
            losses = _measure_batch(checkpoint, batch).cpu().numpy()
            ends = np.cumsum([len(passage.tokens) - passage.begin for passage in batch])
            for number, part in zip(numbers, np.split(losses, ends[:-1]), strict=True):
                found[number] = part
            on_tokens(sum(len(passage.tokens) for passage in batch))
    return found


def _find_model(checkpoint: Checkpoint) -> torch.nn.Module:
    decoder = checkpoint.decoder
    if not isinstance(decoder, GPTDecoder | TransformersDecoder):
        raise LossError(f"{type(decoder).__name__} gives no losses; take a checkpoint on this machine")
    return decoder.model


def _batch(passages: Sequence[Passage], *, model: torch.nn.Module, device: torch.device) -> Iterator[list[int]]:
    """Numbers of passages, longest first, so that what is padded is little and memory runs out at once or never."""
    vocabulary = 0 if not hasattr(model, "config") else int(model.config.get_text_config().vocab_size)
    batch: list[int] = []
    for number in sorted(range(len(passages)), key=lambda number: len(passages[number].tokens), reverse=True):
        longest = len(passages[batch[0]].tokens) if batch else len(passages[number].tokens)
        tokens = (len(batch) + 1) * longest
        span = longest - min(passages[one].begin for one in [*batch, number]) + 1
        logits = 4 * vocabulary * span * (len(batch) + 1)
        if batch and (tokens > BATCH_TOKENS[device.type] or logits > LOGIT_BYTES):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _measure_batch(checkpoint: Checkpoint, batch: Sequence[Passage]) -> Tensor:
    """The losses of the batch's passages, one after another, (N,) float32."""
    length = max(len(passage.tokens) for passage in batch)
    tokens = torch.zeros(len(batch), length, dtype=torch.long)
    wanted = torch.zeros(len(batch), length, dtype=torch.bool)
    for row, passage in enumerate(batch):
        tokens[row, : len(passage.tokens)] = torch.tensor(passage.tokens)
        wanted[row, passage.begin : len(passage.tokens)] = True
    decoder = checkpoint.decoder
    tokens, wanted = tokens.to(decoder.device), wanted.to(decoder.device)
    targets, before = tokens[wanted], wanted.roll(-1, dims=1)  # the position from which a token is predicted
    if isinstance(decoder, GPTDecoder):
        with torch.autocast(decoder.device.type, torch.bfloat16, enabled=decoder.dtype == torch.bfloat16):
            states = decoder.model(tokens)[before]
            return torch.cat(
                [
                    _cross(decoder.model.project(part), target)
                    for part, target in zip(states.split(CHUNK), targets.split(CHUNK), strict=True)
                ]
            )
    first = min(passage.begin for passage in batch) - 1
    kept = torch.arange(first, length, device=decoder.device)
    logits = decoder.model(input_ids=tokens, use_cache=False, logits_to_keep=kept).logits
    return _cross(logits[before[:, -logits.shape[1] :]], targets)


def _cross(logits: Tensor, targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits.float(), targets, reduction="none")
