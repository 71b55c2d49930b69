"""Fine-tune any local model on articles, all its weights or an adapter, and measure what that changed.

python -m generator.finetune --model DIR|ORG/NAME --corpus FILE [--corpus FILE …] --out DIR
    [--lora RANK [--alpha X]] [--epochs X | --tokens N] [--lr X] [--batch-tokens N] [--context N]
    [--exclude FILE …] [--section NAME …] [--other FILE …] [--probes N] [--seed N] [--device cpu|cuda]

The model is a checkpoint of ours, a folder of transformers' files, or ORG/NAME of the local Hugging Face cache. Without
--lora all weights are trained and DIR becomes a model of the same kind; with it DIR holds an adapter of that rank
(generator.adapters), which opens wherever a model does, as long as its model is there too. The weights kept are those
of the lowest held-out loss. Afterwards `generator.tuning_costs` measures the model before and after: DIR/tuning.json,
and a section in DIR/README.md. A run cannot be taken up again half way; a checkpoint of ours is trained for longer by
`python -m generator.train --from DIR`.
"""

import argparse
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase

from generator.adapters import add_adapter, save_adapter
from generator.checkpoint_files import CONFIG_FILE, Codec, load_model, save_checkpoint
from generator.checkpoints import TransformersCodec, load_foreign
from generator.command import command
from generator.corpus import Corpus
from generator.devices import limit_threads, pick_device, pick_precision
from generator.hub_cache import find_snapshot
from generator.model_card import find_code_version, has_card, read_card
from generator.ngram_index import INDEX_FILE, build_index, join_indexes
from generator.progress import Board, open_board
from generator.tokenizer import TextCodec, load_tokenizer
from generator.training_run import StepReport, describe_start
from generator.tuning_costs import TuningCosts, add_text_arguments, gather_texts, measure_costs
from generator.tuning_run import Tuning, TuningError, TuningResult, find_own, make_stream, tune

EPOCHS = 3.0
LONGEST = 1024  # tokens of a sequence, unless more are asked for
BATCH_TOKENS = 8192
RATES = {"full": 5e-5, "lora": 3e-4}


@dataclass(frozen=True)
class Start:
    """The model that is started from, open in float32 to be trained. `tokenizer` is a foreign model's."""

    folder: Path
    name: str
    model: nn.Module
    codec: Codec
    context: int
    first_token: int | None
    tokenizer: PreTrainedTokenizerBase | None = None


@dataclass(frozen=True)
class Tuned:
    """A run that is over, and what it was made of."""

    corpus: Corpus
    plan: Tuning
    result: TuningResult
    corpus_sha256: str  # of its tokens


def open_start(name: str, *, device: torch.device) -> Start:
    """A folder, or a repository in the cache.

    Raises:
        CheckpointError: there is no such model.
    """
    folder = Path(name)
    if not folder.exists() and name.partition("@")[0].count("/") == 1:
        folder = find_snapshot(name).folder
    else:
        name = str(folder.resolve())
    if has_card(folder):
        own, codec = load_model(folder, device=device), load_tokenizer(folder)
        return Start(folder, name, own, codec, own.spec.context, codec.end_of_text)
    model, tokenizer = load_foreign(folder, dtype=torch.float32)
    context = int(getattr(model.config.get_text_config(), "max_position_embeddings", None) or LONGEST)
    codec = TransformersCodec(tokenizer, end_of_text=tokenizer.eos_token_id)
    return Start(folder, name, model.to(device), codec, context, tokenizer.bos_token_id, tokenizer)


def tune_and_measure(
    options: argparse.Namespace, *, board: Board, on_step: Callable[[StepReport], None] | None = None
) -> tuple[TuningResult, TuningCosts]:
    """All that the command does: fine-tune, then measure the model before and after, into `options.out`.

    Raises:
        TuningError, CheckpointError, CorpusError: as `fine_tune`.
    """
    result = fine_tune(options, board=board, on_step=on_step)
    board.say(f"{options.out}: held-out loss {result.curve[0][1]:.3f} before, {result.best_loss:.3f} after")
    measured = argparse.Namespace(**vars(options), before=options.model, after=options.out)
    measured.method = "lora" if options.lora else "full"
    costs = measure_costs(measured, board=board)
    costs.write(options.out)
    return result, costs


def fine_tune(
    options: argparse.Namespace, *, board: Board, on_step: Callable[[StepReport], None] | None = None
) -> TuningResult:
    """Train, and write the model or the adapter to `options.out`.

    Raises:
        TuningError: the folder is not empty, or the settings cannot be.
        CheckpointError, CorpusError: the model or the articles cannot be read.
    """
    if options.out.exists() and any(options.out.iterdir()):
        raise TuningError(f"{options.out} is not empty; remove it, or take another folder")
    limit_threads()
    corpus, _ = gather_texts(options.corpus, exclude=options.exclude, sections=options.section, others=())
    start = open_start(options.model, device=pick_device(options.device))
    train, held_out = (
        make_stream(start.codec, part, first_token=start.first_token) for part in (corpus.train, corpus.held_out)
    )
    method = "lora" if options.lora else "full"
    longest = max(2, min(len(train), len(held_out)) - 1)
    plan = Tuning(
        tokens=options.tokens or round(options.epochs * len(train)),
        rate=options.lr or RATES[method],
        batch_tokens=options.batch_tokens,
        context=options.context or min(start.context, LONGEST, longest),
        seed=options.seed,
    )
    if plan.context > start.context:
        raise TuningError(f"--context {plan.context} is longer than the model's own, {start.context}")
    model = start.model
    if options.lora:
        alpha = options.alpha or 2.0 * options.lora
        is_ours = find_own(model) is not None
        model = add_adapter(model, rank=options.lora, alpha=alpha, base=start.name, is_ours=is_ours)
    result = tune(model, train, held_out, plan=plan, board=board, on_step=on_step)
    done = Tuned(corpus, plan, result, hashlib.sha256(train.tobytes() + held_out.tobytes()).hexdigest())
    options.out.mkdir(parents=True, exist_ok=True)
    own = options.out / "own-ngrams.npy"
    build_index((article.story.body for article in corpus.train), own)
    join_indexes([start.folder / INDEX_FILE, own], options.out / INDEX_FILE)
    own.unlink()
    if options.lora:
        save_adapter(model, options.out)
        # what the shelf lists a model by, and what a reader looks at first
        shutil.copyfile(start.folder / CONFIG_FILE, options.out / CONFIG_FILE)
    elif start.tokenizer is not None:
        model.save_pretrained(str(options.out), safe_serialization=True)
        start.tokenizer.save_pretrained(str(options.out))
    else:
        _save_own(start, done, out=options.out, files=options.corpus)
    return result


def _save_own(start: Start, done: Tuned, *, out: Path, files: Sequence[Path]) -> None:
    """A checkpoint of ours, whose card says of this run what it says of a training."""
    model, codec, plan, result = find_own(start.model), start.codec, done.plan, done.result
    if model is None or not isinstance(codec, TextCodec):
        raise TuningError(f"{start.folder} is no checkpoint of ours")
    started_from = describe_start(start.folder)
    settings = f"{started_from} {done.corpus_sha256} {json.dumps(asdict(plan))}"
    device = next(model.parameters()).device
    latest = result.train_losses[-max(1, len(result.train_losses) // 10) :]
    card = replace(
        read_card(start.folder),
        tokens_seen=result.tokens,
        tokens_budget=plan.tokens,
        steps=result.steps,
        best_step=result.best_step,
        train_loss=sum(latest) / len(latest),
        held_out_loss=result.best_loss,
        corpus_sha256=done.corpus_sha256,
        corpus_files=tuple(path.name for path in files),
        excluded_articles=done.corpus.excluded,
        settings_sha256=hashlib.sha256(settings.encode()).hexdigest(),
        seed=plan.seed,
        seconds=result.seconds,
        device=device.type,
        code_version=find_code_version(),
        torch_version=torch.__version__,
        precision=pick_precision(device),
        is_compiled=False,
        n_processes=1,
        train_flops=result.tokens * model.spec.count_training_flops(),
        started_from=started_from,
        objective=None,
        adaptation_at_start=None,
        adaptation=None,
    )
    save_checkpoint(out, model=model, codec=codec, card=card)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m generator.finetune", description="Fine-tune a local model, and measure what that changed."
    )
    parser.add_argument("--model", required=True, help="folder, or cached ORG/NAME")
    parser.add_argument("--out", type=Path, required=True, help="folder that becomes the model, or its adapter")
    parser.add_argument("--lora", type=int, metavar="RANK", help="train an adapter of this rank, and no weight")
    parser.add_argument("--alpha", type=float, help="scale of the adapter (twice the rank)")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--epochs", type=float, default=EPOCHS, help=f"over the training articles ({EPOCHS:g})")
    budget.add_argument("--tokens", type=int, help="to train on, in place of --epochs")
    parser.add_argument("--lr", type=float, help=f"highest rate ({RATES['full']:g}; with --lora {RATES['lora']:g})")
    parser.add_argument("--batch-tokens", type=int, default=BATCH_TOKENS, help=f"a step ({BATCH_TOKENS})")
    parser.add_argument("--context", type=int, help=f"tokens of a sequence ({LONGEST}, or the model's where shorter)")
    add_text_arguments(parser)
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    options = parser.parse_args(arguments)
    if options.lora is not None and options.lora < 1:
        parser.error("--lora must be a rank of at least 1")
    if options.alpha is not None and options.lora is None:
        parser.error("--alpha belongs to --lora")
    if min(options.epochs, options.tokens or 1, options.batch_tokens, options.probes) <= 0:
        parser.error("--epochs, --tokens, --batch-tokens and --probes must be above 0")
    return options


@command
def main(arguments: list[str] | None) -> None:
    options = parse_arguments(arguments)
    with open_board() as board:
        _, costs = tune_and_measure(options, board=board)
        board.say(costs.render())


if __name__ == "__main__":
    sys.exit(main())
