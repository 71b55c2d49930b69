"""The loss of each token of many texts under a model that is open: −ln p, in nats; forward passes and nothing else."""

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor
from torch.nn import functional

from generator.checkpoint_files import Checkpoint
from generator.reading import Window, find_model, read_windows


def count_parameters(checkpoint: Checkpoint) -> int:
    """Every number of the model, shared ones once."""
    return sum(parameter.numel() for parameter in find_model(checkpoint).parameters())


def measure_losses(
    checkpoint: Checkpoint, windows: Sequence[Window], *, on_tokens: Callable[[int], None] = lambda tokens: None
) -> list[np.ndarray]:
    """The losses of each window's predicted tokens, float32; `on_tokens` is told the tokens read, batch by batch.

    Raises:
        ReadingError: a window is longer than the model's context, or the model is not on this machine.
    """
    found: list[np.ndarray] = [np.empty(0, np.float32)] * len(windows)
    for batch in read_windows(windows, [checkpoint], measure=_measure):
        for number, losses in batch.items():
            found[number] = losses.numpy()
        on_tokens(sum(len(windows[number].tokens) for number in batch))
    return found


def _measure(logits: Sequence[Tensor], targets: Tensor) -> Tensor:
    return functional.cross_entropy(logits[0], targets, reduction="none")
