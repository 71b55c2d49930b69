"""The steps of a fine-tuning: full or of an adapter, of our models and of transformers' alike."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from generator.checkpoint_files import Codec
from generator.corpus import CorpusArticle
from generator.devices import pick_precision
from generator.model import GPT
from generator.packing import find_start, read_sequence
from generator.progress import Board
from generator.prompts import render_story
from generator.schedule import Schedule
from generator.training_run import StepReport, make_optimizer

HELD_OUT_SEQUENCES = 32  # at most
AT_ONCE_TOKENS = 8192  # of one forward and backward pass
MEASURES = 10  # of held-out loss in a run


class TuningError(ValueError):
    """Fine-tuning that cannot be; the message says what to change."""


@dataclass(frozen=True)
class Tuning:
    """`tokens` is the budget, `rate` the highest learning rate; lengths and batches in tokens."""

    tokens: int
    rate: float
    batch_tokens: int
    context: int
    seed: int


@dataclass
class TuningResult:
    """`curve` is (tokens, held-out loss), the model as it was first; the weights of the lowest are kept."""

    steps: int = 0
    tokens: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    train_losses: list[float] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0


def make_stream(codec: Codec, articles: Sequence[CorpusArticle], *, first_token: int | None) -> np.ndarray:
    """(n,) tokens: each document behind the model's first token, or its end-of-text mark where it has none."""
    mark = first_token if first_token is not None else codec.end_of_text
    begin = [] if mark is None else [mark]
    end = [codec.end_of_text] if codec.end_of_text not in (None, mark) else []
    parts = [[*begin, *codec.encode(render_story(article.story)), *end] for article in articles]
    return np.array([token for part in parts for token in part], dtype=np.int64)


def tune(
    model: nn.Module,
    train: np.ndarray,
    held_out: np.ndarray,
    *,
    plan: Tuning,
    board: Board,
    on_step: Callable[[StepReport], None] | None = None,
) -> TuningResult:
    """Train what of the model's weights wants a gradient, and leave it with those of the lowest held-out loss.

    `on_step` is told of every step, and may end the run by raising.

    Raises:
        TuningError: the corpus is shorter than a sequence, or the loss is no number.
    """
    if min(len(train), len(held_out)) <= plan.context:
        raise TuningError(
            f"{len(train)} tokens to train on and {len(held_out)} held out are fewer than a sequence's {plan.context}; "
            "give more articles or a shorter --context"
        )
    began, result = time.perf_counter(), TuningResult()
    schedule = Schedule(plan.tokens, plan.batch_tokens, plan.context, plan.rate, grows=False)
    n_steps, n_sequences = schedule.count_steps(), schedule.count_sequences(0)
    optimizer = make_optimizer(model)
    best = _copy_trained(model)
    _measure(model, held_out, plan, result)
    for step in range(n_steps):
        model.train()
        rate = schedule.find_rate(result.tokens + n_sequences * plan.context)
        for group in optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        starts = [
            find_start(number, n_tokens=len(train), context=plan.context, seed=plan.seed)
            for number in range(step * n_sequences, (step + 1) * n_sequences)
        ]
        for batch in _read_batches(train, starts, context=plan.context):
            loss = _find_loss(model, batch) * len(batch) / n_sequences
            loss.backward()
            total += loss.item()
        if not math.isfinite(total):
            raise TuningError(f"the loss is {total} at step {step + 1}; give a lower --lr")
        torch.nn.utils.clip_grad_norm_([p for p in model.parameters() if p.requires_grad], 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        result.steps, result.tokens = step + 1, result.tokens + n_sequences * plan.context
        result.train_losses.append(total)
        is_measured = (step + 1) % max(1, n_steps // MEASURES) == 0 or step + 1 == n_steps
        if is_measured and _measure(model, held_out, plan, result):
            best = _copy_trained(model)
        note = f"loss {total:.3f}  held out {result.curve[-1][1]:.3f}"
        board.show("fine-tuning", done=step + 1, total=n_steps, note=note)
        if on_step is not None:
            on_step(_report(result, plan=plan, n_steps=n_steps, seconds=time.perf_counter() - began))
    _restore(model, best)
    model.eval()
    result.seconds = time.perf_counter() - began
    return result


def _report(result: TuningResult, *, plan: Tuning, n_steps: int, seconds: float) -> StepReport:
    measured_at, held_out_loss = result.curve[-1]
    speed = result.tokens / seconds
    return StepReport(
        step=result.steps,
        n_steps=n_steps,
        tokens=result.tokens,
        budget=plan.tokens,
        train_loss=result.train_losses[-1],
        held_out_loss=held_out_loss,
        held_out_tokens=measured_at,
        tokens_per_second=speed,
        seconds_left=max(0.0, plan.tokens - result.tokens) / speed,
        flop_use=None,
    )


def _measure(model: nn.Module, held_out: np.ndarray, plan: Tuning, result: TuningResult) -> bool:
    """Add a point to the curve; whether it is the lowest."""
    model.eval()
    n = min(HELD_OUT_SEQUENCES, (len(held_out) - 1) // plan.context)
    with torch.no_grad():
        starts = [number * plan.context for number in range(n)]
        losses = [
            _find_loss(model, batch).item() * len(batch)
            for batch in _read_batches(held_out, starts, context=plan.context)
        ]
    loss = sum(losses) / n
    result.curve.append((result.tokens, loss))
    is_lowest = loss < result.best_loss
    if is_lowest:
        result.best_loss, result.best_step = loss, result.steps
    return is_lowest


def _read_batches(stream: np.ndarray, starts: Sequence[int], *, context: int) -> Iterator[np.ndarray]:
    """The sequences from these places on, (B, context + 1), as many at once as `AT_ONCE_TOKENS` hold."""
    most = max(1, AT_ONCE_TOKENS // context)
    for first in range(0, len(starts), most):
        yield np.stack([read_sequence(stream, start, length=context + 1) for start in starts[first : first + most]])


def _find_loss(model: nn.Module, sequences: np.ndarray) -> Tensor:
    """The mean loss of the sequences' next tokens; (B, context + 1) tokens."""
    own = find_own(model)
    device = next(model.parameters()).device
    tokens = torch.from_numpy(sequences).to(device)
    precision = pick_precision(device)
    with torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        if own is not None:
            return own.measure_loss(tokens[:, :-1], tokens[:, 1:])
        return model(input_ids=tokens, labels=tokens, use_cache=False).loss


def find_own(model: nn.Module) -> GPT | None:
    """The `GPT` of ours that a model is, or that an adapter was put into; None for a model of transformers."""
    unwrap: Callable[[], nn.Module] | None = getattr(model, "get_base_model", None)
    inner = unwrap() if unwrap else model
    return inner if isinstance(inner, GPT) else None


def _copy_trained(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: parameter.detach().cpu().clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def _restore(model: nn.Module, weights: dict[str, Tensor]) -> None:
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            parameters[name].copy_(weight)
