"""Train one model of the family.

python -m generator.train --size 1m --corpus FILE [--corpus FILE …] --out DIR
    [--tokens N] [--context N] [--vocab N | --tokenizer DIR] [--exclude FILE …] [--seed N]
    [--batch-tokens N] [--lr X] [--attention dense|alternating] [--device cpu|cuda]

DIR becomes a checkpoint (see `generator.checkpoints`) when the training is over; until then DIR/training keeps its
state, and the same command, after Ctrl-C or a crash, goes on exactly where it was. Recipe: PROTOCOL §4, scaled to the
token budget (`generator.schedule`); AdamW β 0.9/0.95, ε 1e-8, weight decay 0.1 on matrices, gradient norm at most 1.
The weights kept are those of the lowest held-out loss.
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from generator.checkpoint_files import save_checkpoint
from generator.devices import limit_threads
from generator.model_card import ModelCard, has_card, read_card
from generator.packing import CorpusPlan, prepare_corpus
from generator.progress import Board, open_board
from generator.specs import ATTENTIONS, SIZES, find_spec
from generator.training_run import STATE_SECONDS, TrainingPlan, TrainingRun, write_curve
from generator.training_state import RunProgress, read_progress

TOKENS_PER_PARAMETER = 20  # the default budget: Hoffmann et al. 2022, the compute-optimal ratio
UNFINISHED = "training"  # folder within the out-dir


class TrainingRefusedError(ValueError):
    """The folder holds a run or a model of other settings; the message says which."""


def train_model(plan: TrainingPlan, *, board: Board, on_progress: Callable[[int], None] | None = None) -> ModelCard:
    """Train, or go on training, or find that it is done; the card of the finished model.

    `on_progress` is given the tokens seen so far, about once a step.

    Raises:
        TrainingRefusedError: the folder holds something made with other settings.
        CorpusError: the corpus cannot be read.
    """
    settings = plan.digest()
    if has_card(plan.out):
        return _take_finished(plan, settings=settings, board=board)
    unfinished = plan.out / UNFINISHED
    progress = read_progress(unfinished) or RunProgress(settings_sha256=settings)
    if progress.settings_sha256 != settings:
        raise TrainingRefusedError(
            f"{plan.out} holds an unfinished run with other settings; give the same ones, remove it, or take another"
        )
    corpus = prepare_corpus(plan.corpus, folder=plan.corpus_folder or unfinished / "corpus")
    limit_threads()
    run = TrainingRun(plan, corpus, progress)
    if progress.step:
        board.say(f"{plan.title}: goes on at step {progress.step}")
        run.restore(unfinished)
    run.carry_out(board, unfinished, on_progress or (lambda tokens: None))
    card = run.make_card(settings=settings)
    run.model.load_state_dict(run.best_weights)
    write_curve(plan.out / "loss.csv", progress.curve)
    save_checkpoint(plan.out, model=run.model, codec=corpus.codec, card=card)
    shutil.rmtree(unfinished, ignore_errors=True)
    return card


def _take_finished(plan: TrainingPlan, *, settings: str, board: Board) -> ModelCard:
    card = read_card(plan.out)
    if card.settings_sha256 != settings:
        wanted = {"size": plan.spec.name, "tokens": plan.tokens, "seed": plan.seed}
        there = {"size": card.spec.name, "tokens": card.tokens_budget, "seed": card.seed}
        others = [f"{key} {there[key]}" for key in wanted if wanted[key] != there[key]]
        what = ", ".join(others) or "another corpus, tokenizer or shape"
        raise TrainingRefusedError(f"{plan.out} holds a model of other settings ({what}); remove it or take another")
    board.say(f"{plan.out}: already trained, held-out loss {card.held_out_loss:.3f}")
    return card


def parse_arguments(arguments: list[str] | None) -> TrainingPlan:
    parser = argparse.ArgumentParser(
        prog="python -m generator.train", description="Train one model of the family; run again, it goes on."
    )
    parser.add_argument("--size", required=True, help=f"one of {', '.join(SIZES)}")
    parser.add_argument("--corpus", type=Path, action="append", required=True, help=".jsonl, .jsonl.gz or .csv")
    parser.add_argument("--exclude", type=Path, action="append", default=[], help="study articles, to be kept out")
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the checkpoint")
    parser.add_argument("--tokens", type=int, help=f"budget; {TOKENS_PER_PARAMETER} a parameter unless given")
    parser.add_argument("--context", type=int, help="tokens a sequence")
    vocabulary = parser.add_mutually_exclusive_group()
    vocabulary.add_argument("--vocab", type=int, help="tokens of the vocabulary that is trained")
    vocabulary.add_argument("--tokenizer", type=Path, help="folder with a tokenizer.json to take instead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch-tokens", type=int, help="tokens an optimiser step")
    parser.add_argument("--lr", type=float, help="highest learning rate")
    parser.add_argument("--attention", choices=ATTENTIONS)
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    parser.add_argument("--state-seconds", type=float, default=STATE_SECONDS, help="between two saves of the state")
    options = parser.parse_args(arguments)
    try:
        spec = find_spec(options.size, vocab_size=options.vocab, context=options.context, attention=options.attention)
        spec = replace(spec, batch_tokens=options.batch_tokens or spec.batch_tokens, peak_lr=options.lr or spec.peak_lr)
    except ValueError as error:
        parser.error(str(error))
    return TrainingPlan(
        spec=spec,
        tokens=options.tokens or TOKENS_PER_PARAMETER * spec.n_params,
        seed=options.seed,
        corpus=CorpusPlan(
            files=tuple(options.corpus),
            exclude=tuple(options.exclude),
            vocab_size=spec.vocab_size,
            tokenizer=options.tokenizer,
        ),
        out=options.out,
        device=options.device,
        state_seconds=options.state_seconds,
    )


def main(arguments: list[str] | None = None) -> int:
    plan = parse_arguments(arguments)
    try:
        with open_board() as board:
            card = train_model(plan, board=board)
            board.say(f"{plan.out}: {card.n_params:,} parameters, held-out loss {card.held_out_loss:.3f}")
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
