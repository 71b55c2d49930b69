"""A run of training: the model, its optimiser, and the loop from the first step to the last."""

import csv
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from generator.devices import pick_device
from generator.loss import sum_cross_entropy
from generator.model import GPT
from generator.model_card import ModelCard, find_code_version
from generator.packing import CorpusPlan, PackedCorpus, find_start, read_sequence
from generator.progress import Board
from generator.schedule import Schedule
from generator.specs import GPTSpec
from generator.training_state import CurvePoint, RunProgress, restore_state, save_state

MICRO_BATCH_TOKENS = 16_384  # of one forward and backward pass; more are accumulated
HELD_OUT_SEQUENCES = 64  # at most
CURVE_POINTS = 1000  # at most, about
STATE_SECONDS = 20.0


@dataclass(frozen=True)
class TrainingPlan:
    """One model to train.

    `tokens` is the budget, `corpus_folder` keeps the packed corpus (several models may share one), `label` is what
    the progress calls the model where that is not its size.
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

    @property
    def title(self) -> str:
        return self.label or self.spec.name

    def digest(self) -> str:
        """SHA-256 of all that decides the weights."""
        parts = [asdict(self.spec), self.tokens, self.seed, self.corpus.digest()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class TrainingRun:
    """The model in training and all that a step needs."""

    def __init__(self, plan: TrainingPlan, corpus: PackedCorpus, progress: RunProgress) -> None:
        self.plan, self.corpus, self.progress = plan, corpus, progress
        # a small corpus may fill less of the vocabulary than was asked for
        self.spec = replace(plan.spec, vocab_size=corpus.codec.vocab_size)
        self.device = pick_device(plan.device)
        self.model = GPT(self.spec)
        self.model.initialise(seed=plan.seed)
        self.model.to(self.device)
        self.optimizer = make_optimizer(self.model)
        self.schedule = Schedule(
            budget=plan.tokens,
            batch_tokens=self.spec.batch_tokens,
            context=self.spec.context,
            peak_lr=self.spec.peak_lr,
        )
        self.n_steps = self.schedule.count_steps()
        self.best_weights = self._copy_weights()
        self.begun_at = time.perf_counter() - progress.seconds

    def restore(self, folder: Path) -> None:
        self.best_weights = restore_state(folder, step=self.progress.step, model=self.model, optimizer=self.optimizer)

    def carry_out(self, board: Board, folder: Path, on_progress: Callable[[int], None]) -> None:
        """Every step that is left. Ctrl-C keeps the state and ends."""
        progress, plan = self.progress, self.plan
        measure_every = max(1, self.n_steps // min(40, max(8, self.n_steps // 25)))
        record_every = max(1, self.n_steps // CURVE_POINTS)
        saved_at, first_tokens, first_time = time.monotonic(), progress.tokens, time.monotonic()
        try:
            while progress.step < self.n_steps:
                rate, loss = self.take_step()
                is_last = progress.step == self.n_steps
                held_out = self.measure_held_out() if is_last or progress.step % measure_every == 0 else None
                if held_out is not None or progress.step % record_every == 0:
                    progress.curve.append(CurvePoint(progress.step, progress.tokens, rate, loss, held_out))
                if held_out is not None and held_out < progress.best_loss:
                    progress.best_loss, progress.best_step = held_out, progress.step
                    self.best_weights = self._copy_weights()
                progress.seconds = time.perf_counter() - self.begun_at
                speed = (progress.tokens - first_tokens) / (time.monotonic() - first_time)
                note = f"step {progress.step}/{self.n_steps}  loss {loss:.3f}  {speed:,.0f} tokens/s"
                board.show(plan.title, done=progress.step, total=self.n_steps, note=note)
                on_progress(progress.tokens)
                if time.monotonic() - saved_at >= plan.state_seconds and not is_last:
                    self.save(folder)
                    saved_at = time.monotonic()
        except KeyboardInterrupt:
            self.save(folder)
            board.say(f"{plan.title}: stopped at step {progress.step}; the same command goes on from there")
            raise

    def take_step(self) -> tuple[float, float]:
        """One optimiser step; its learning rate and its mean loss in nats a token."""
        progress, spec = self.progress, self.spec
        n_sequences = self.schedule.count_sequences(progress.tokens)
        n_positions = n_sequences * spec.context
        rate = self.schedule.find_rate(progress.tokens + n_positions)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = torch.zeros((), device=self.device)
        at_once = max(1, MICRO_BATCH_TOKENS // spec.context)
        for start in range(0, n_sequences, at_once):
            batch = self._read_batch(progress.sequences + start, min(at_once, n_sequences - start))
            loss = self._sum_loss(batch[:, :-1], batch[:, 1:])
            (loss / n_positions).backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        progress.step += 1
        progress.tokens += n_positions
        progress.sequences += n_sequences
        return rate, float(total) / n_positions

    @torch.no_grad()
    def measure_held_out(self) -> float:
        """Mean loss of a position of the held-out stream (its first 64 sequences), in nats."""
        stream, context = self.corpus.held_out, self.spec.context
        total, n_positions = 0.0, 0
        for start in range(0, min(len(stream) - 1, HELD_OUT_SEQUENCES * context), context):
            sequence = torch.from_numpy(stream[start : start + context + 1].astype(np.int64))[None].to(self.device)
            total += float(self._sum_loss(sequence[:, :-1], sequence[:, 1:]))
            n_positions += sequence.shape[1] - 1
        return total / n_positions

    def _sum_loss(self, tokens: Tensor, targets: Tensor) -> Tensor:
        halves = self.device.type == "cuda" and torch.cuda.is_bf16_supported()
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=halves):
            return sum_cross_entropy(self.model(tokens), self.model.tokens.weight, targets)

    def _read_batch(self, first: int, count: int) -> Tensor:
        """(count, context + 1) tokens: the sequences numbered from `first`."""
        stream, context = self.corpus.train, self.spec.context
        starts = [
            find_start(index, n_tokens=len(stream), context=context, seed=self.plan.seed)
            for index in range(first, first + count)
        ]
        rows = [read_sequence(stream, start, length=context + 1) for start in starts]
        return torch.from_numpy(np.stack(rows)).to(self.device, non_blocking=True)

    def save(self, folder: Path) -> None:
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
            device=str(self.device),
            code_version=find_code_version(),
            torch_version=torch.__version__,
        )


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
