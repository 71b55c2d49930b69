"""Train one model of the family.

python -m generator.train --size 1m --corpus FILE [--corpus FILE …] --out DIR
    [--tokens N] [--context N] [--vocab N | --tokenizer DIR|ORG/NAME] [--exclude FILE …] [--seed N]
    [--batch-tokens N] [--lr X] [--attention alternating|alternating-banded-first|dense] [--band N]
    [--patience N] [--precision bf16|fp32] [--compile auto|on|off] [--recompute] [--micro-batch-tokens N]
    [--device cpu|cuda]
python -m generator.train --from CHECKPOINT --corpus FILE --out DIR [--tokens N] [--lr X] [--keep best|last]
    [--objective plain|maml|taml-entropy|taml-theil|taml-ge --alpha A|taml-atkinson --epsilon E|taml-gini|taml-varlog
     [--strength λ] [--first-order] [--tasks-by section|source] [--tasks M] [--shots K] [--task-tokens N]
     [--inner-steps N] [--inner-lr α]]
torchrun --nproc-per-node N -m generator.train …    the same on N devices (or processes), of one file system

DIR becomes a checkpoint (see `generator.checkpoints`) when the training is over; until then DIR/training keeps its
state, and the same command, after Ctrl-C or a crash, goes on exactly where it was. Recipe: PROTOCOL §4, scaled to the
token budget (`generator.schedule`); AdamW β 0.9/0.95, ε 1e-8, weight decay 0.1 on matrices, gradient norm at most 1.
The weights kept are those of the lowest held-out loss. Beside them lie loss.csv and its picture, loss.png.

--from trains a checkpoint further, at a tenth of its size's rate unless --lr says otherwise and with a batch that does
not grow. An --objective is over tasks, the sections of the paper (docs/meta-learning.md): loss.csv then has the judged
loss, and the held-out loss after adaptation, and adaptation.csv and the card the losses by section.
"""

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import get_args

from generator.adaptation import ADAPTATION_FILE, write_adaptation
from generator.checkpoint_files import CheckpointError, load_model, save_checkpoint
from generator.command import command
from generator.devices import PRECISIONS, limit_threads, pick_device
from generator.loss_figures import draw_curve
from generator.meta_run import MetaRun
from generator.model_card import CardError, ModelCard, has_card, read_card
from generator.ngram_index import INDEX_FILE, join_indexes
from generator.objective_arguments import add_objective_arguments, read_objective
from generator.packing import CorpusPlan, prepare_corpus
from generator.parallel import ProcessGroup, join_processes
from generator.progress import Board, SilentBoard, open_board
from generator.specs import ATTENTIONS, SIZES, GPTSpec, find_spec
from generator.tokenizer import find_cached_tokenizer
from generator.training_run import STATE_SECONDS, Compiling, OnStep, TrainingPlan, TrainingRun, write_curve
from generator.training_state import RunProgress, read_progress

TOKENS_PER_PARAMETER = 20  # the default budget: Hoffmann et al. 2022, the compute-optimal ratio
TOKENS_PER_PARAMETER_FURTHER = 1  # of a run that starts from a checkpoint
RATE_FURTHER = 0.1  # of the checkpoint's own highest rate
UNFINISHED = "training"  # folder within the out-dir


class TrainingRefusedError(ValueError):
    """The folder holds a run or a model of other settings; the message says which."""


def train_model(plan: TrainingPlan, *, board: Board, on_step: OnStep | None = None) -> ModelCard:
    """Train, or go on training, or find that it is done; the card of the finished model.

    `on_step` is told how far the run is, once a step. What it raises ends the run; its state stays as last saved.

    Raises:
        TrainingRefusedError: the folder holds something made with other settings.
        CorpusError: the corpus cannot be read.
    """
    settings = plan.digest()
    if has_card(plan.out):
        return _take_finished(plan, settings=settings, board=board)
    limit_threads()
    with join_processes(device=pick_device(plan.device)) as group:
        return _train(plan, settings=settings, group=group, board=board, on_step=on_step or (lambda report: None))


def _train(plan: TrainingPlan, *, settings: str, group: ProcessGroup, board: Board, on_step: OnStep) -> ModelCard:
    unfinished = plan.out / UNFINISHED
    progress = read_progress(unfinished) or RunProgress(settings_sha256=settings)
    if progress.settings_sha256 != settings:
        raise TrainingRefusedError(
            f"{plan.out} holds an unfinished run with other settings; give the same ones, remove it, or take another"
        )
    corpus_folder = plan.corpus_folder or unfinished / "corpus"
    if group.is_first:
        prepare_corpus(plan.corpus, folder=corpus_folder)
    group.wait()  # the others read what the first has packed
    corpus = prepare_corpus(plan.corpus, folder=corpus_folder)
    kind = MetaRun if plan.objective else TrainingRun
    run = kind(plan, corpus, progress, group=group)
    if progress.step:
        board.say(f"{plan.title}: goes on at step {progress.step}")
        run.restore(unfinished)
    run.carry_out(board if group.is_first else SilentBoard(), unfinished, on_step)
    run.model.load_state_dict(run.best_weights)
    card = run.make_card(settings=settings)
    if isinstance(run, MetaRun):
        card = _add_adaptation(card, run)
    if group.is_first:
        if progress.has_stopped_early:
            board.say(f"{plan.title}: stopped early, no lower held-out loss since step {progress.best_step}")
        write_curve(plan.out / "loss.csv", progress.curve)
        draw_curve(progress.curve, title=f"{plan.title}: {card.n_params:,} parameters", out=plan.out)
        folders = [corpus_folder, *([plan.start] if plan.start else [])]
        join_indexes([folder / INDEX_FILE for folder in folders], plan.out / INDEX_FILE)
        save_checkpoint(plan.out, model=run.model, codec=corpus.codec, card=card)
        shutil.rmtree(unfinished, ignore_errors=True)
    group.wait()
    return card


def _add_adaptation(card: ModelCard, run: MetaRun) -> ModelCard:
    """The card with the tasks' losses of the kept weights and of those that the run started from, and their record."""
    trained, held_out = run.measure_adaptation(), run.measure_plain_held_out()
    run.model.load_state_dict(load_model(run.plan.start).state_dict())
    start = run.measure_adaptation()
    run.model.load_state_dict(run.best_weights)
    if run.group.is_first:
        write_adaptation(run.plan.out / ADAPTATION_FILE, {"start": start, "trained": trained})
    return replace(card, held_out_loss=held_out, adaptation_at_start=start, adaptation=trained)


def _take_finished(plan: TrainingPlan, *, settings: str, board: Board) -> ModelCard:
    card = read_card(plan.out)
    if card.settings_sha256 != settings:
        wanted = {"size": plan.spec.name, "tokens": plan.tokens, "seed": plan.seed}
        there = {"size": card.spec.name, "tokens": card.tokens_budget, "seed": card.seed}
        others = [f"{key} {there[key]}" for key in wanted if wanted[key] != there[key]]
        what = ", ".join(others) or "another corpus, tokenizer, shape, start or objective"
        raise TrainingRefusedError(f"{plan.out} holds a model of other settings ({what}); remove it or take another")
    board.say(f"{plan.out}: already trained, held-out loss {card.held_out_loss:.3f}")
    return card


def find_tokenizer(name: str) -> Path:
    """A folder with a tokenizer, or the place of a repository's in the Hugging Face cache."""
    folder = Path(name)
    return folder if folder.is_dir() else find_cached_tokenizer(name) or folder


def parse_arguments(arguments: list[str] | None) -> TrainingPlan:
    parser = argparse.ArgumentParser(
        prog="python -m generator.train", description="Train one model of the family; run again, it goes on."
    )
    parser.add_argument("--size", help=f"one of {', '.join(SIZES)}")
    parser.add_argument("--corpus", type=Path, action="append", required=True, help=".jsonl, .jsonl.gz or .csv")
    parser.add_argument("--exclude", type=Path, action="append", default=[], help="study articles, to be kept out")
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the checkpoint")
    parser.add_argument("--tokens", type=int, help=f"budget; {TOKENS_PER_PARAMETER} a parameter unless given")
    parser.add_argument("--context", type=int, help="tokens a sequence")
    vocabulary = parser.add_mutually_exclusive_group()
    vocabulary.add_argument("--vocab", type=int, help="tokens of the vocabulary that is trained")
    vocabulary.add_argument("--tokenizer", type=find_tokenizer, help="folder, or a cached ORG/NAME, to take one from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-tokens", type=int, help="tokens an optimiser step")
    parser.add_argument("--lr", type=float, help="highest learning rate")
    parser.add_argument("--attention", choices=ATTENTIONS, help="order of dense and banded layers")
    parser.add_argument("--band", type=int, help="keys that a query of a banded layer sees")
    parser.add_argument("--patience", type=int, help="measures of held-out loss without a new lowest, then stop")
    parser.add_argument("--precision", choices=PRECISIONS, help="bf16 where the chip has it unless given")
    parser.add_argument("--compile", choices=get_args(Compiling), default="auto", help="auto: where it pays")
    parser.add_argument("--recompute", action="store_true", help="less memory, a third more time")
    parser.add_argument("--micro-batch-tokens", type=int, help="of one forward and backward pass")
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    parser.add_argument("--state-seconds", type=float, default=STATE_SECONDS, help="between two saves of the state")
    add_objective_arguments(parser)
    options = parser.parse_args(arguments)
    try:
        spec = _choose_spec(options)
        objective = read_objective(options)
    except ValueError as error:
        parser.error(str(error))
    ratio = TOKENS_PER_PARAMETER_FURTHER if options.start else TOKENS_PER_PARAMETER
    return TrainingPlan(
        spec=spec,
        tokens=options.tokens or ratio * spec.n_params,
        seed=options.seed,
        corpus=CorpusPlan(
            files=tuple(options.corpus),
            exclude=tuple(options.exclude),
            vocab_size=spec.vocab_size,
            tokenizer=options.start or options.tokenizer,
        ),
        out=options.out,
        device=options.device,
        state_seconds=options.state_seconds,
        patience=options.patience,
        precision=options.precision,
        compiling=options.compile,
        recompute=options.recompute,
        micro_batch_tokens=options.micro_batch_tokens,
        start=options.start,
        objective=objective,
        keep=options.keep,
    )


def _choose_spec(options: argparse.Namespace) -> GPTSpec:
    """The shape to train, with batch and rate.

    Raises:
        SpecError: it cannot be.
        ValueError: both a size and a checkpoint, or neither.
    """
    shape = {name: getattr(options, name) for name in ("context", "attention", "band")}
    if options.start is None:
        if options.size is None:
            raise ValueError("give the --size to train, or --from a checkpoint to train further")
        spec = find_spec(options.size, vocab_size=options.vocab, **shape)
        return replace(spec, batch_tokens=options.batch_tokens or spec.batch_tokens, peak_lr=options.lr or spec.peak_lr)
    fixed = {"size": options.size, "vocab": options.vocab, "tokenizer": options.tokenizer, **shape}
    if given := [f"--{name}" for name, value in fixed.items() if value is not None]:
        raise ValueError(f"a run --from a checkpoint has its shape and tokenizer; leave out {', '.join(given)}")
    return make_further_spec(options.start, batch_tokens=options.batch_tokens, peak_lr=options.lr)


def make_further_spec(start: Path, *, batch_tokens: int | None = None, peak_lr: float | None = None) -> GPTSpec:
    """A checkpoint's shape, with the batch and the rate that it is trained further with.

    Raises:
        CheckpointError: it is not one that `train_model` wrote.
    """
    try:
        spec = read_card(start).spec
    except CardError as error:
        raise CheckpointError(f"only checkpoints that Byline has trained can be trained further: {error}") from None
    rate = peak_lr or RATE_FURTHER * spec.peak_lr
    return replace(spec, batch_tokens=batch_tokens or spec.batch_tokens, peak_lr=rate)


@command
def main(arguments: list[str] | None) -> None:
    plan = parse_arguments(arguments)
    with open_board() as board:
        card = train_model(plan, board=board)
        board.say(f"{plan.out}: {card.n_params:,} parameters, held-out loss {card.held_out_loss:.3f}")


if __name__ == "__main__":
    sys.exit(main())
