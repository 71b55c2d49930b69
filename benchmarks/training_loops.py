"""One loop trains for some steps, in a process of its own: python -m benchmarks.training_loops LOOP SHAPE.

Prints one JSON line: tokens a second (median step), model FLOPs over the rate of matrix products measured just before,
and the peak memory of the process. All see the same random tokens, AdamW, and a gradient norm of at most 1.
"""

import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from generator.devices import measure_matrix_rate
from generator.specs import GPTSpec, find_spec

SIZES = {"tiny": "0.3m", "10m": "10m", "30m": "30m", "124m": "small", "350m": "medium", "1.3b": "xl"}
WARM_UP_STEPS = 2


@dataclass(frozen=True)
class Shape:
    """`sequences` of `context` tokens make a step."""

    size: str
    sequences: int
    context: int = 1024
    attention: str = "dense"
    precision: str = "fp32"
    threads: int = 2
    steps: int = 5
    device: str = "cpu"

    @property
    def spec(self) -> GPTSpec:
        spec = find_spec(SIZES[self.size], context=self.context, attention=self.attention)
        return replace(spec, batch_tokens=self.sequences * self.context)

    def draw_tokens(self, step: int) -> torch.Tensor:
        """(sequences, context + 1)."""
        rng = torch.Generator().manual_seed(step)
        return torch.randint(self.spec.vocab_size, (self.sequences, self.context + 1), generator=rng)

    def dump(self) -> str:
        return json.dumps(asdict(self))


def train_with_byline(shape: Shape, *, compiling: str = "off", recompute: bool = False) -> Callable[[int], None]:
    """The steps of a real run, reading its batches from a packed corpus."""
    from generator.packing import CorpusPlan, CorpusRecord, PackedCorpus
    from generator.parallel import ProcessGroup
    from generator.training_run import TrainingPlan, TrainingRun
    from generator.training_state import RunProgress

    class Codec:
        vocab_size = shape.spec.vocab_size

    stream = np.concatenate([shape.draw_tokens(step).numpy().ravel() for step in range(shape.steps + WARM_UP_STEPS)])
    record = CorpusRecord("", "", (), 0, 0, 0, 0, (), len(stream), 0, 1.0, shape.spec.vocab_size)
    corpus = PackedCorpus(
        train=stream.astype(np.uint16), held_out=stream[:10], codec=Codec(), record=record, folder=Path()
    )
    plan = TrainingPlan(
        spec=shape.spec,
        tokens=10**9,
        seed=0,
        corpus=CorpusPlan(files=(), exclude=(), vocab_size=shape.spec.vocab_size),
        out=Path(tempfile.gettempdir()),
        device=shape.device,
        precision=shape.precision,
        compiling=compiling,
        recompute=recompute,
        micro_batch_tokens=shape.sequences * shape.context,
    )
    run = TrainingRun(plan, corpus, RunProgress(settings_sha256=""), group=ProcessGroup())
    return lambda step: run.take_step() and None


def train_with_nanogpt(shape: Shape, *, compiled: bool) -> Callable[[int], None]:
    """nanoGPT's model and optimiser, stepped as its train.py does. NANOGPT names the folder of a clone."""
    sys.path.insert(0, os.environ["NANOGPT"])
    from model import GPT, GPTConfig

    spec = shape.spec
    config = GPTConfig(
        block_size=spec.context,
        vocab_size=spec.vocab_size,
        n_layer=spec.n_layers,
        n_head=spec.n_heads,
        n_embd=spec.d_model,
        dropout=0.0,
        bias=True,
    )
    model = GPT(config).to(shape.device)
    optimizer = model.configure_optimizers(0.1, 1e-4, (0.9, 0.95), shape.device)
    forward = torch.compile(model) if compiled else model

    def step(number: int) -> None:
        tokens = shape.draw_tokens(number).to(shape.device)
        with torch.autocast(shape.device, dtype=torch.bfloat16, enabled=shape.precision == "bf16"):
            _, loss = forward(tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()

    return step


def train_with_trainer(shape: Shape) -> None:
    """Hugging Face's Trainer on transformers' GPT-2; it keeps its own loop, so it is timed by a callback."""
    from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainerCallback, TrainingArguments

    spec, times = shape.spec, []
    config = GPT2Config(
        vocab_size=spec.vocab_size,
        n_positions=spec.context,
        n_embd=spec.d_model,
        n_layer=spec.n_layers,
        n_head=spec.n_heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )

    class Rows(torch.utils.data.Dataset):
        def __len__(self) -> int:
            return (shape.steps + WARM_UP_STEPS) * shape.sequences

        def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
            row = shape.draw_tokens(index // shape.sequences)[index % shape.sequences, :-1]
            return {"input_ids": row, "labels": row}

    class Clock(TrainerCallback):
        def on_step_begin(self, *_: object, **__: object) -> None:
            times.append([time.perf_counter()])

        def on_step_end(self, *_: object, **__: object) -> None:
            times[-1].append(time.perf_counter())

    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        per_device_train_batch_size=shape.sequences,
        max_steps=shape.steps + WARM_UP_STEPS,
        bf16=shape.precision == "bf16",
        use_cpu=shape.device == "cpu",
        max_grad_norm=1.0,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        logging_strategy="no",
    )
    Trainer(model=GPT2LMHeadModel(config), args=arguments, train_dataset=Rows(), callbacks=[Clock()]).train()
    _print_result(shape, [end - begin for begin, end in times[WARM_UP_STEPS:]])


LOOPS: dict[str, Callable[[Shape], Callable[[int], None]]] = {
    "Byline": train_with_byline,
    "Byline, compiled": lambda shape: train_with_byline(shape, compiling="on"),
    "Byline, activations made again": lambda shape: train_with_byline(shape, recompute=True),
    "nanoGPT": lambda shape: train_with_nanogpt(shape, compiled=False),
    "nanoGPT, compiled": lambda shape: train_with_nanogpt(shape, compiled=True),
}
TRAINER = "Hugging Face Trainer"


def _print_result(shape: Shape, seconds: list[float]) -> None:
    speed = shape.sequences * shape.context / statistics.median(seconds)
    rate = measure_matrix_rate(torch.device(shape.device), "bf16" if shape.precision == "bf16" else "fp32")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if shape.device == "cuda":
        peak = torch.cuda.max_memory_allocated()
    use = speed * shape.spec.count_training_flops() / rate
    print(json.dumps({"tokens_per_second": speed, "flop_use": use, "matrix_rate": rate, "peak_bytes": peak}))


def main() -> None:
    loop, shape = sys.argv[1], Shape(**json.loads(sys.argv[2]))
    torch.set_num_threads(shape.threads)
    if loop == TRAINER:
        train_with_trainer(shape)
        return
    step = LOOPS[loop](shape)
    seconds = []
    for number in range(WARM_UP_STEPS + shape.steps):
        began = time.perf_counter()
        step(number)
        seconds.append(time.perf_counter() - began)
    _print_result(shape, seconds[WARM_UP_STEPS:])


if __name__ == "__main__":
    main()
