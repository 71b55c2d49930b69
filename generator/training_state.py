"""The state of an unfinished training run: one file, replaced at one stroke, from which it goes on exactly."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from generator.devices import Precision

_FILE = "state.safetensors"


@dataclass(frozen=True)
class CurvePoint:
    """A row of loss.csv. Losses in nats a token; `held_out_loss` only where it was measured."""

    step: int
    tokens: int
    rate: float
    train_loss: float
    held_out_loss: float | None


@dataclass
class RunProgress:
    """How far a run is. `sequences` counts those drawn; `best_*` belong to the lowest held-out loss so far.

    `held_out_loss` is the latest, `n_without_gain` how often in a row it was no new lowest; `precision` and `compiled`
    are settled when the run begins.
    """

    settings_sha256: str
    step: int = 0
    tokens: int = 0
    sequences: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best_loss: float = float("inf")
    held_out_loss: float | None = None
    held_out_tokens: int | None = None
    n_without_gain: int = 0
    has_stopped_early: bool = False
    precision: Precision | None = None
    compiled: bool = False
    curve: list[CurvePoint] = field(default_factory=list)


def save_state(
    folder: Path,
    *,
    progress: RunProgress,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    best_weights: dict[str, Tensor],
) -> None:
    """Write weights, the optimiser's moments and the best weights so far, with the progress in the file's header."""
    tensors = {f"best.{name}": weight for name, weight in best_weights.items()}
    for name, parameter in model.named_parameters():
        tensors[f"model.{name}"] = parameter.detach()
        for moment in ("exp_avg", "exp_avg_sq"):
            if parameter in optimizer.state:
                tensors[f"{moment}.{name}"] = optimizer.state[parameter][moment]
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{_FILE}.new"
    content = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    save_file(content, unfinished, metadata={"progress": json.dumps(asdict(progress))})
    unfinished.replace(folder / _FILE)


def read_progress(folder: Path) -> RunProgress | None:
    """How far the run in this folder is; None where none was begun."""
    path = folder / _FILE
    if not path.is_file():
        return None
    with safe_open(path, framework="pt") as file:
        content = json.loads(file.metadata()["progress"])
    content["curve"] = [CurvePoint(**point) for point in content["curve"]]
    return RunProgress(**content)


def restore_state(folder: Path, *, step: int, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Put weights and moments back as they were after `step` steps; gives the best weights so far."""
    tensors = load_file(folder / _FILE)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(tensors[f"model.{name}"])
            if f"exp_avg.{name}" in tensors:
                moments = {moment: tensors[f"{moment}.{name}"] for moment in ("exp_avg", "exp_avg_sq")}
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(step), device=parameter.device),
                    **{moment: value.to(parameter.device) for moment, value in moments.items()},
                }
    return {name.removeprefix("best."): weight for name, weight in tensors.items() if name.startswith("best.")}
