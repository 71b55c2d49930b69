"""Where the arithmetic is done: the device, and how many threads it may use."""

import os

import torch

THREADS_VARIABLE = "BYLINE_TORCH_THREADS"


def pick_device(name: str | None = None) -> torch.device:
    """The device of that name; without one CUDA where there is one, else the CPU."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def limit_threads() -> int:
    """Keep torch to BYLINE_TORCH_THREADS threads where that is set; the number it uses now.

    Raises:
        ValueError: the variable is no whole number above 0.
    """
    wanted = os.environ.get(THREADS_VARIABLE, "").strip()
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise ValueError(f"{THREADS_VARIABLE} is {wanted!r}; it must be a whole number above 0")
        torch.set_num_threads(int(wanted))
    return torch.get_num_threads()
