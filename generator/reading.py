"""Tokens read by open models: forward passes of padded batches, and logits of the predicted positions alone.

Windows of like length are batched, the longest first, so that memory runs out at once or never. Padding stands behind a
window, where no token of a causal model sees it, and nothing is made of it; so what is worked out of a window does not
hang on the batch but for rounding. No more logits are there at once than the device has room for.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from generator.checkpoint_files import Checkpoint
from generator.decoding import GPTDecoder
from generator.foreign_decoding import TransformersDecoder
from generator.model import GPT

BATCH_TOKENS = {"cpu": 4096, "cuda": 65_536}  # padding included
FULL_ENOUGH = {"cpu": 512, "cuda": 8192}  # tokens from which on a batch rather ends than is padded much
MOST_PADDED = 1.04  # tokens with padding over those without
LOGIT_BYTES = 2**29  # of one batch, with a model of transformers: its logits are made all at once
LOGITS_AT_ONCE = {"cpu": 2**24, "cuda": 2**28}  # so many that their product is fast
MEASURED_AT_ONCE = {"cpu": 2**18, "cuda": 2**28}  # so few that a CPU's cache keeps them

Measure = Callable[[Sequence[Tensor], Tensor], Tensor]


class ReadingError(ValueError):
    """Tokens that cannot be read, or a model that cannot read them; the message says why."""


@dataclass(frozen=True)
class Window:
    """Tokens of one forward pass; those from `begin` on (at least 1) are predicted, each from all that stand before."""

    tokens: tuple[int, ...]
    begin: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.begin < len(self.tokens):
            raise ReadingError(f"{len(self.tokens)} tokens have none to predict from the {self.begin}th on")

    @property
    def n_read(self) -> int:
        """The last token is predicted alone."""
        return len(self.tokens) - 1

    @property
    def n_predicted(self) -> int:
        return len(self.tokens) - self.begin


def find_model(checkpoint: Checkpoint) -> torch.nn.Module:
    """The model itself.

    Raises:
        ReadingError: it is not on this machine.
    """
    decoder = checkpoint.decoder
    if not isinstance(decoder, GPTDecoder | TransformersDecoder):
        raise ReadingError(f"{type(decoder).__name__} gives no probabilities; take a checkpoint on this machine")
    return decoder.model


def count_vocabulary(checkpoint: Checkpoint) -> int:
    """Logits of a position."""
    model = find_model(checkpoint)
    return model.spec.vocab_size if isinstance(model, GPT) else int(model.config.get_text_config().vocab_size)


def read_windows(
    windows: Sequence[Window], checkpoints: Sequence[Checkpoint], *, measure: Measure
) -> Iterator[dict[int, Tensor]]:
    """What `measure` makes of the predicted positions, batch by batch: each window's number with its rows, on the CPU.

    `measure` gets the logits of N positions by checkpoint, (N, V) float32 each, and the tokens there, (N,); it gives a
    tensor of N rows. Checkpoints that read together have one vocabulary and one device.

    Raises:
        ReadingError: a window is longer than a context.
    """
    context = min(checkpoint.decoder.context for checkpoint in checkpoints)
    if longest := max((len(window.tokens) for window in windows if window.n_read > context), default=0):
        raise ReadingError(f"{longest} tokens do not fit into the context of {context}")
    device = checkpoints[0].decoder.device.type
    vocabulary = max(map(count_vocabulary, checkpoints))
    is_ours = all(isinstance(checkpoint.decoder, GPTDecoder) for checkpoint in checkpoints)
    most_logits = None if is_ours else LOGIT_BYTES // (4 * vocabulary)
    reader = _Reader(checkpoints, measure, vocabulary=vocabulary)
    for numbers in gather_batches(
        windows, most=BATCH_TOKENS[device], enough=FULL_ENOUGH[device], most_logits=most_logits
    ):
        batch = [windows[number] for number in numbers]
        rows = reader.read(batch)
        yield dict(zip(numbers, rows.split([window.n_predicted for window in batch]), strict=True))


def gather_batches(
    windows: Sequence[Window], *, most: int, enough: int, most_logits: int | None = None
) -> Iterator[list[int]]:
    """Numbers of windows, like lengths together: a batch ends where it is full, or full enough to be worth no more
    padding.

    `most` tokens with padding; `enough` without; `most_logits` positions from the earliest predicted one on.
    """
    batch: list[int] = []
    longest = filled = earliest = 0
    for number in sorted(range(len(windows)), key=lambda number: windows[number].n_read, reverse=True):
        window = windows[number]
        if batch:
            rows = len(batch) + 1
            padded, logits = rows * longest, rows * (longest - min(earliest, window.begin) + 1)
            is_full = padded > most or (most_logits is not None and logits > most_logits)
            if is_full or (filled >= enough and padded > MOST_PADDED * (filled + window.n_read)):
                yield batch
                batch = []
        if not batch:
            longest, filled, earliest = window.n_read, 0, window.begin
        batch.append(number)
        filled, earliest = filled + window.n_read, min(earliest, window.begin)
    if batch:
        yield batch


class _Reader:
    """Checkpoints that read the same batches. On a CPU logits are written into the same memory again and again: fresh
    memory costs a fifth of the product."""

    def __init__(self, checkpoints: Sequence[Checkpoint], measure: Measure, *, vocabulary: int) -> None:
        self._checkpoints, self._measure = checkpoints, measure
        self._device = checkpoints[0].decoder.device
        self._rows = max(1, LOGITS_AT_ONCE[self._device.type] // vocabulary)
        self._measured_rows = max(1, MEASURED_AT_ONCE[self._device.type] // vocabulary)
        on_cpu = self._device.type == "cpu"
        self._rooms = [torch.empty(self._rows, vocabulary) if on_cpu else None for _ in checkpoints]

    @torch.inference_mode()
    def read(self, batch: Sequence[Window]) -> Tensor:
        """What is made of the batch's predicted positions, one window's after the other's."""
        tokens = pad_sequence([torch.tensor(window.tokens[:-1]) for window in batch], batch_first=True)
        length = tokens.shape[1]
        places = torch.cat([
            torch.arange(row * length + window.begin - 1, row * length + window.n_read)
            for row, window in enumerate(batch)
        ]).to(self._device)  # fmt: skip
        targets = torch.cat([torch.tensor(window.tokens[window.begin :]) for window in batch]).to(self._device)
        first = min(window.begin for window in batch) - 1
        projects = [
            _read(checkpoint, tokens.to(self._device), first=first, room=room)
            for checkpoint, room in zip(self._checkpoints, self._rooms, strict=True)
        ]
        parts: list[Tensor] = []
        for chosen, wanted in zip(places.split(self._rows), targets.split(self._rows), strict=True):
            logits = [project(chosen).split(self._measured_rows) for project in projects]
            slices = zip(*logits, wanted.split(self._measured_rows), strict=True)
            parts += [self._measure(one[:-1], one[-1]) for one in slices]
        return torch.cat(parts).cpu()


def _read(checkpoint: Checkpoint, tokens: Tensor, *, first: int, room: Tensor | None) -> Callable[[Tensor], Tensor]:
    """One forward pass over (B, T) tokens; what it gives makes the logits (N, V) of flat positions (N,), in `room`.

    None of them is before the `first` position of its row.
    """
    decoder = checkpoint.decoder
    if not isinstance(decoder, GPTDecoder):
        length = tokens.shape[1]
        kept = torch.arange(first, length, device=tokens.device)
        logits = find_model(checkpoint)(input_ids=tokens, use_cache=False, logits_to_keep=kept).logits
        return lambda places: logits[places // length, places % length - first].float()
    model, in_bf16 = decoder.model, decoder.dtype == torch.bfloat16
    with torch.autocast(tokens.device.type, torch.bfloat16, enabled=in_bf16):
        states = model(tokens).flatten(0, 1)

    def project(places: Tensor) -> Tensor:
        if room is not None and not in_bf16:
            return model.project(states[places], out=room[: len(places)])
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=in_bf16):
            return model.project(states[places]).float()

    return project
