"""Where the arithmetic is done and how: the device, its precision, its threads, and how fast it multiplies."""

import os
import shutil
import time
from typing import Literal, get_args

import torch

THREADS_VARIABLE = "BYLINE_TORCH_THREADS"
PRECISION_VARIABLE = "BYLINE_SAMPLING_PRECISION"
Precision = Literal["bf16", "fp32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
_MEASURED_SECONDS = 0.3
_MATRIX = {"cpu": 1536, "cuda": 8192}  # rows and columns of the product that is timed


def pick_device(name: str | None = None) -> torch.device:
    """The device of that name; without one CUDA where there is one, else the CPU."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def pick_precision(device: torch.device) -> Precision:
    """bf16 where the chip multiplies it faster than float32, which only some do; weights stay float32 either way."""
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp32"
    capabilities = torch.cpu.get_capabilities()
    return "bf16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "fp32"


def pick_sampling_precision(device: torch.device) -> Precision:
    """float32 on a CPU, where a text then comes from the weights as they are; what the chip is best at on CUDA.

    BYLINE_SAMPLING_PRECISION chooses otherwise: bf16 is two to three times as fast on a CPU that multiplies it.

    Raises:
        ValueError: the variable names no precision.
    """
    wanted = os.environ.get(PRECISION_VARIABLE, "").strip()
    if wanted and wanted not in PRECISIONS:
        raise ValueError(f"{PRECISION_VARIABLE} is {wanted!r}; it must be {' or '.join(PRECISIONS)}")
    if wanted:
        return "bf16" if wanted == "bf16" else "fp32"
    return pick_precision(device) if device.type == "cuda" else "fp32"


def can_compile(device: torch.device) -> bool:
    """Whether torch.compile has what it needs: on the CPU a C++ compiler, on CUDA Triton, which torch brings along."""
    return device.type == "cuda" or any(shutil.which(name) for name in (os.environ.get("CXX") or "g++", "clang++"))


def measure_matrix_rate(device: torch.device, precision: Precision) -> float:
    """FLOP/s of a large matrix product on random numbers, here and now: what model-FLOP use is a share of."""
    size = _MATRIX[device.type]
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    product = left @ right
    _wait(device)
    count, began = 0, time.perf_counter()
    while (seconds := time.perf_counter() - began) < _MEASURED_SECONDS:
        torch.mm(left, right, out=product)
        _wait(device)
        count += 1
    return 2 * size**3 * count / seconds


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


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
