"""A run of training: the model, its optimiser, and the loop from the first step to the last."""

import csv
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from generator.checkpoint_files import hash_weights, load_model
from generator.devices import Precision, can_compile, measure_matrix_rate, pick_device, pick_precision
from generator.loss import sum_cross_entropy
from generator.model import GPT
from generator.model_card import ModelCard, find_code_version
from generator.objectives import Objective
from generator.packing import CorpusPlan, PackedCorpus, find_start, read_sequence
from generator.parallel import ProcessGroup
from generator.progress import Board
from generator.schedule import Schedule
from generator.specs import GPTSpec
from generator.training_state import CurvePoint, RunProgress, restore_state, save_state

MICRO_BATCH_TOKENS = {"cpu": 16_384, "cuda": 65_536}  # of one forward and backward pass; more are accumulated
HELD_OUT_SEQUENCES = 64  # at most
CURVE_POINTS = 1000  # at most, about
STATE_SECONDS = 20.0
# Compiling takes half a minute and gains about an eighth (docs/benchmarks.md), on a CPU in bf16 only
WORTH_COMPILING_SECONDS = {"cpu": 900.0, "cuda": 180.0}
LIKELY_FLOP_USE = 0.4  # of the measured rate of matrix products, to guess how long a run takes

Compiling = Literal["auto", "on", "off"]
Keeping = Literal["best", "last"]


@dataclass(frozen=True)
class TrainingPlan:
    """One model to train.

    `tokens` is the budget, `corpus_folder` keeps the packed corpus (several models may share one), `label` is what
    the progress calls the model where that is not its size. `patience` ends the run after so many measures of
    held-out loss in a row without a new lowest. `precision` None takes bf16 where the chip has it. With `recompute`
    a layer's activations are made again in the backward pass, which takes a third more time and far less memory.

    A run may `start` from the weights of a checkpoint, and then for an `objective` over tasks; without one the loss is
    that of the stream. `keep` says whose weights are kept: the lowest held-out loss's, or the last step's; with the
    last, held-out loss is measured at the end alone unless there is a patience.
    """

    spec: GPTSpec
    tokens: int
    seed: int
    corpus: CorpusPlan
    out: Path
    corpus_folder: Path | None = None
    label: str = ""
    device: str | None = None
    state_seconds: float = STATE_SECONDS
    patience: int | None = None
    precision: Precision | None = None
    compiling: Compiling = "auto"
    recompute: bool = False
    micro_batch_tokens: int | None = None
    start: Path | None = None
    objective: Objective | None = None
    keep: Keeping = "best"

    @property
    def title(self) -> str:
        return self.label or self.spec.name

    def digest(self) -> str:
        """SHA-256 of all that decides the weights but for rounding."""
        parts = [asdict(self.spec), self.tokens, self.seed, self.corpus.digest()]
        if self.patience is not None:
            parts.append({"patience": self.patience})
        if self.start is not None:
            parts.append({"start": hash_weights(self.start)})
        if self.objective is not None:
            parts.append({"objective": asdict(self.objective)})
        if self.keep != "best":
            parts.append({"keep": self.keep})
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@dataclass(frozen=True)
class StepReport:
    """How far a run is after a step.

    Losses are nats a token (`held_out_loss` the latest, measured after `held_out_tokens`; None before the first);
    `flop_use` is the share of the device's measured rate of matrix products that the model's own operations reach,
    None where that is not known.
    """

    step: int
    n_steps: int
    tokens: int
    budget: int
    train_loss: float
    held_out_loss: float | None
    held_out_tokens: int | None
    tokens_per_second: float
    seconds_left: float
    flop_use: float | None

    @property
    def held_out(self) -> tuple[int, float] | None:
        """Tokens and loss of the latest measure."""
        if self.held_out_loss is None or self.held_out_tokens is None:
            return None
        return self.held_out_tokens, self.held_out_loss

    def describe(self) -> str:
        """The line beside a bar of progress."""
        parts = [f"step {self.step}/{self.n_steps}", f"loss {self.train_loss:.3f}"]
        if self.held_out_loss is not None:
            parts.append(f"held out {self.held_out_loss:.3f}")
        parts.append(f"{self.tokens_per_second:,.0f} tokens/s")
        if self.flop_use is not None:
            parts.append(f"{self.flop_use:.0%} of matrix rate")
        return "  ".join(parts)


OnStep = Callable[[StepReport], None]


class TrainingRun:
    """The model in training and all that a step needs."""

    def __init__(self, plan: TrainingPlan, corpus: PackedCorpus, progress: RunProgress, *, group: ProcessGroup) -> None:
        self.plan, self.corpus, self.progress, self.group = plan, corpus, progress, group
        # a small corpus may fill less of the vocabulary than was asked for
        self.spec = replace(plan.spec, vocab_size=corpus.codec.vocab_size)
        length = self.spec.context
        if plan.objective:
            length = plan.objective.length or length
            self.spec = replace(self.spec, batch_tokens=plan.objective.n_sequences * length)
        self.device = pick_device(plan.device)
        if self.device.type == "cuda" and self.device.index is None:
            self.device = torch.device("cuda", group.local_rank)
            torch.cuda.set_device(self.device)
        self.schedule = Schedule(
            budget=plan.tokens,
            batch_tokens=self.spec.batch_tokens,
            context=length,
            peak_lr=self.spec.peak_lr,
            grows=plan.start is None,
        )
        self.n_steps = self.schedule.count_steps()
        self._settle_arithmetic()
        self.model = GPT(self.spec, recompute=plan.recompute)
        if plan.start:
            self.model.load_state_dict(load_model(plan.start).state_dict())
        else:
            self.model.initialise(seed=plan.seed)
        self.model.to(self.device)
        self._shared = self._share_model()
        self._compiled = torch.compile(self._shared, dynamic=False) if progress.compiled else self._shared
        micro_tokens = plan.micro_batch_tokens or MICRO_BATCH_TOKENS[self.device.type]
        self._at_once = max(1, micro_tokens // self.spec.context)  # sequences
        self.optimizer = make_optimizer(self.model)
        self.best_weights = self._copy_weights()
        self.begun_at = time.perf_counter() - progress.seconds

    def _share_model(self) -> nn.Module:
        return self.group.share(self.model)

    def _settle_arithmetic(self) -> None:
        """Choose precision and compiling when the run begins; a run that goes on keeps what it began with."""
        plan, progress = self.plan, self.progress
        precision = progress.precision or plan.precision or pick_precision(self.device)
        self._matrix_rate = measure_matrix_rate(self.device, precision) * self.group.size
        if progress.precision is None:
            seconds = plan.tokens * self.spec.count_training_flops() / (LIKELY_FLOP_USE * self._matrix_rate)
            pays = seconds > WORTH_COMPILING_SECONDS[self.device.type] and precision == "bf16"
            wanted = plan.compiling == "on" or (plan.compiling == "auto" and pays)
            wanted = wanted and plan.objective is None  # what is compiled cannot be differentiated twice
            progress.precision, progress.compiled = precision, wanted and can_compile(self.device)

    def restore(self, folder: Path) -> None:
        self.best_weights = restore_state(folder, step=self.progress.step, model=self.model, optimizer=self.optimizer)

    def carry_out(self, board: Board, folder: Path, on_step: OnStep) -> None:
        """Every step that is left, or until the patience is at its end. Ctrl-C keeps the state and ends."""
        progress, plan = self.progress, self.plan
        measure_every = self.schedule.space_measures(
            n_steps=self.n_steps, held_out_tokens=self._count_held_out() * self.schedule.context
        )
        if plan.keep == "last" and plan.patience is None:
            measure_every = self.n_steps  # nothing hangs on an earlier one
        record_every = max(1, self.n_steps // CURVE_POINTS)
        saved_at, first_tokens, first_time = time.monotonic(), progress.tokens, time.monotonic()
        try:
            while progress.step < self.n_steps and not progress.has_stopped_early:
                rate, loss = self.take_step()
                is_last = progress.step == self.n_steps
                held_out = self.measure_held_out() if is_last or progress.step % measure_every == 0 else None
                if held_out is not None or progress.step % record_every == 0:
                    progress.curve.append(CurvePoint(progress.step, progress.tokens, rate, loss, held_out))
                if held_out is not None:
                    self._note_held_out(held_out)
                progress.seconds = time.perf_counter() - self.begun_at
                speed = (progress.tokens - first_tokens) / (time.monotonic() - first_time)
                report = self._report(loss, speed=speed)
                board.show(plan.title, done=progress.step, total=self.n_steps, note=report.describe())
                on_step(report)
                if time.monotonic() - saved_at >= plan.state_seconds and not is_last:
                    self.save(folder)
                    saved_at = time.monotonic()
        except KeyboardInterrupt:
            self.save(folder)
            board.say(f"{plan.title}: stopped at step {progress.step}; the same command goes on from there")
            raise

    def _count_held_out(self) -> int:
        """Sequences that held-out loss is measured on; at least one, which may be shorter than the context."""
        return max(1, min((len(self.corpus.held_out) - 1) // self.spec.context, HELD_OUT_SEQUENCES))

    def _note_held_out(self, loss: float) -> None:
        """Keep the weights of a new lowest loss; end the run when there was none for too long."""
        progress = self.progress
        progress.held_out_loss, progress.held_out_tokens = loss, progress.tokens
        if loss < progress.best_loss or self.plan.keep == "last":
            progress.best_loss, progress.best_step, progress.n_without_gain = loss, progress.step, 0
            self.best_weights = self._copy_weights()
            return
        progress.n_without_gain += 1
        progress.has_stopped_early = self.plan.patience is not None and progress.n_without_gain >= self.plan.patience

    def _report(self, loss: float, *, speed: float) -> StepReport:
        progress = self.progress
        return StepReport(
            step=progress.step,
            n_steps=self.n_steps,
            tokens=progress.tokens,
            budget=self.plan.tokens,
            train_loss=loss,
            held_out_loss=progress.held_out_loss,
            held_out_tokens=progress.held_out_tokens,
            tokens_per_second=speed,
            seconds_left=max(0, self.plan.tokens - progress.tokens) / speed,
            # an inner step's own cost is not counted in the model's operations
            flop_use=None if self.plan.objective else speed * self.spec.count_training_flops() / self._matrix_rate,
        )

    def take_step(self) -> tuple[float, float]:
        """One optimiser step; its learning rate and its mean loss in nats a token."""
        progress = self.progress
        n_sequences = self.schedule.count_sequences(progress.tokens)
        n_positions = n_sequences * self.schedule.context
        rate = self.schedule.find_rate(progress.tokens + n_positions)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        loss = self._add_gradient(n_sequences)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.tokens += n_positions
        progress.sequences += n_sequences
        return rate, loss

    def _add_gradient(self, n_sequences: int) -> float:
        """Leave the gradient of a step's mean loss on the weights, and give that loss."""
        n_positions = n_sequences * self.spec.context
        total = torch.zeros((), device=self.device)
        parts = self._part_share(n_sequences)
        for number, part in enumerate(parts, start=1):
            batch = self._read_batch(part)
            with self.group.accumulate(self._shared, is_last=number == len(parts)):
                loss = self._sum_loss(batch[:, :-1], batch[:, 1:]) * self._weigh_share(n_sequences)
                # the group's average of what each makes `size` times too large is the sum
                (loss * self.group.size / n_positions).backward()
            total += loss.detach()
        self.group.add_up(total)
        return float(total) / n_positions

    def _part_share(self, n_sequences: int) -> list[range]:
        """This process's sequences of a step of `n_sequences`, in micro-batches; at least one sequence."""
        own = self.group.take_share(self.progress.sequences, n_sequences)
        own = own or range(self.progress.sequences, self.progress.sequences + 1)
        return [own[start : start + self._at_once] for start in range(0, len(own), self._at_once)]

    def _weigh_share(self, n_sequences: int) -> int:
        """0 for a process that has no sequence of its own in the step and only keeps the others company, else 1."""
        return int(self.group.rank < n_sequences)

    @torch.no_grad()
    def measure_held_out(self) -> float:
        """Mean loss of a position of the held-out stream (its first 64 sequences), in nats."""
        stream, context = self.corpus.held_out, self.spec.context
        sums = torch.zeros(2, dtype=torch.float64, device=self.device)  # of losses, and how many
        for index in self.group.take_share(0, self._count_held_out()):
            sequence = stream[index * context : (index + 1) * context + 1].astype(np.int64)
            tokens = torch.from_numpy(sequence)[None].to(self.device)
            sums[0] += self._sum_loss(tokens[:, :-1], tokens[:, 1:])
            sums[1] += len(sequence) - 1
        self.group.add_up(sums)
        return float(sums[0] / sums[1])

    def _sum_loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        # compiled for full micro-batches only: every other shape would be compiled anew
        trained = self._compiled if tokens.shape[0] == self._at_once else self._shared
        model = trained if torch.is_grad_enabled() else self.model
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.progress.precision == "bf16"):
            return sum_cross_entropy(model(tokens), self.model.tokens.weight, targets)

    def _read_batch(self, numbers: range) -> Tensor:
        """(len(numbers), context + 1) tokens: the run's sequences of these numbers."""
        stream, context = self.corpus.train, self.spec.context
        starts = [find_start(index, n_tokens=len(stream), context=context, seed=self.plan.seed) for index in numbers]
        rows = torch.from_numpy(np.stack([read_sequence(stream, start, length=context + 1) for start in starts]))
        return rows.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else rows

    def save(self, folder: Path) -> None:
        """Write the state and the curve; the group's first process does."""
        if not self.group.is_first:
            return
        save_state(
            folder,
            progress=self.progress,
            model=self.model,
            optimizer=self.optimizer,
            best_weights=self.best_weights,
        )
        write_curve(self.plan.out / "loss.csv", self.progress.curve)

    def _copy_weights(self) -> dict[str, Tensor]:
        return {name: weight.detach().cpu().clone() for name, weight in self.model.state_dict().items()}

    def make_card(self, *, settings: str) -> ModelCard:
        record, progress = self.corpus.record, self.progress
        latest = [point.train_loss for point in progress.curve[-max(1, len(progress.curve) // 10) :]]
        return ModelCard(
            spec=self.spec,
            n_params=self.spec.n_params,
            tokens_seen=progress.tokens,
            tokens_budget=self.plan.tokens,
            steps=progress.step,
            best_step=progress.best_step,
            train_loss=sum(latest) / len(latest),
            held_out_loss=progress.best_loss,
            tokens_per_word=record.tokens_per_word,
            corpus_sha256=record.corpus_sha256,
            corpus_files=record.files,
            excluded_articles=record.excluded,
            settings_sha256=settings,
            seed=self.plan.seed,
            seconds=progress.seconds,
            device=self.device.type,
            code_version=find_code_version(),
            torch_version=torch.__version__,
            precision=progress.precision or "fp32",
            is_compiled=progress.compiled,
            n_processes=self.group.size,
            train_flops=None if self.plan.objective else progress.tokens * self.spec.count_training_flops(),
            started_from=describe_start(self.plan.start) if self.plan.start else "",
            objective=self.plan.objective,
        )


def describe_start(folder: Path) -> str:
    """A checkpoint's name and what identifies its weights."""
    return f"{folder.resolve().name}, SHA-256 {hash_weights(folder)}"


def make_optimizer(model: GPT) -> torch.optim.AdamW:
    """AdamW as published; weight decay on matrices and embeddings, none on biases and LayerNorms."""
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.95), eps=1e-8, fused=True)


def write_curve(path: Path, curve: list[CurvePoint]) -> None:
    """loss.csv: step, tokens, rate, train_loss, held_out_loss (empty where it was not measured)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(CurvePoint.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(point) for point in curve)
