"""Train a ladder of models on one corpus with one tokenizer, and draw their losses.

python -m generator.ladder FILE.toml [--corpus FILE …] [--exclude FILE …] --out DIR

FILE.toml:  [ladder]   vocab, and where wanted corpus (files, from the TOML file's folder), tokenizer (a folder),
                       context, seed, attention, band, patience
            [[model]]  name, size, tokens, and where wanted batch_tokens, lr        (one table a model)

DIR/NAME becomes the checkpoint of each model; what is there is skipped, what was begun goes on. DIR/ladder.csv,
ladder.svg and ladder.png give held-out loss against parameters and compute. With torchrun as `generator.train`.
"""

import argparse
import csv
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from generator.command import command
from generator.loss_figures import draw_ladder
from generator.model_card import ModelCard
from generator.packing import CorpusPlan
from generator.progress import Board, open_board
from generator.specs import GPTSpec, find_spec
from generator.train import train_model
from generator.training_run import StepReport, TrainingPlan

_LADDER_KEYS = {"corpus", "vocab", "tokenizer", "context", "seed", "attention", "band", "patience"}
_MODEL_KEYS = {"name", "size", "tokens", "batch_tokens", "lr"}
_OVERALL = "all models"
SMALL_MODEL_FLOPS = 5e6  # a token costs about so much time besides its own operations (measured on two CPU cores)


class LadderError(ValueError):
    """A ladder file that cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Rung:
    """One model of a ladder; `tokens` is its budget."""

    name: str
    spec: GPTSpec
    tokens: int


@dataclass(frozen=True)
class Ladder:
    corpus: tuple[Path, ...]
    vocab_size: int
    tokenizer: Path | None
    seed: int
    patience: int | None
    rungs: tuple[Rung, ...]


def read_ladder(path: Path) -> Ladder:
    """The ladder that a file describes.

    Raises:
        LadderError: it cannot be read, or says what cannot be.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        common, models = content.get("ladder", {}), content.get("model", [])
        _refuse_unknown(content, {"ladder", "model"})
        _refuse_unknown(common, _LADDER_KEYS)
        if not models:
            raise ValueError("no [[model]] is given")
        rungs = tuple(_read_rung(model, common) for model in models)
        names = [rung.name for rung in rungs]
        if len(set(names)) < len(names):
            raise ValueError("each [[model]] needs a name of its own")
        corpus = tuple(path.parent / name for name in common.get("corpus", []))
        return Ladder(
            corpus=corpus,
            vocab_size=common["vocab"],
            tokenizer=path.parent / common["tokenizer"] if "tokenizer" in common else None,
            seed=common.get("seed", 0),
            patience=common.get("patience"),
            rungs=rungs,
        )
    except OSError as error:
        raise LadderError(f"{path} cannot be read: {error.strerror}") from error
    except KeyError as error:
        raise LadderError(f"{path}: {error} is missing") from None
    except (ValueError, TypeError) as error:
        raise LadderError(f"{path}: {error}") from error


def _read_rung(model: Mapping[str, Any], common: Mapping[str, Any]) -> Rung:
    _refuse_unknown(model, _MODEL_KEYS)
    name, tokens = model["name"], model["tokens"]
    if not isinstance(tokens, int) or tokens < 1:
        raise ValueError(f"tokens of {name} must be a whole number above 0")
    spec = find_spec(
        model["size"],
        vocab_size=common["vocab"],
        context=common.get("context"),
        attention=common.get("attention"),
        band=common.get("band"),
    )
    batch, rate = model.get("batch_tokens", spec.batch_tokens), model.get("lr", spec.peak_lr)
    return Rung(name=name, spec=replace(spec, batch_tokens=batch, peak_lr=rate), tokens=tokens)


def _refuse_unknown(table: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(table.keys() - known):
        raise ValueError(f"there is no {', '.join(unknown)}; the keys are {', '.join(sorted(known))}")


def plan_rung(ladder: Ladder, rung: Rung, *, exclude: Sequence[Path], out: Path) -> TrainingPlan:
    """How one model of a ladder is trained: into out/NAME, from the packed corpus that all of them share."""
    return TrainingPlan(
        spec=rung.spec,
        tokens=rung.tokens,
        seed=ladder.seed,
        corpus=CorpusPlan(
            files=ladder.corpus, exclude=tuple(exclude), vocab_size=ladder.vocab_size, tokenizer=ladder.tokenizer
        ),
        out=out / rung.name,
        corpus_folder=out / "corpus",
        label=rung.name,
        patience=ladder.patience,
    )


def train_ladder(ladder: Ladder, *, exclude: Sequence[Path], out: Path, board: Board) -> dict[str, ModelCard]:
    """Train every rung that is not there yet, smallest or not, in the file's order; the cards by name.

    Raises:
        TrainingRefusedError: a folder holds a model of other settings.
        CorpusError: the corpus cannot be read.
    """
    weights = [rung.spec.count_training_flops() + SMALL_MODEL_FLOPS for rung in ladder.rungs]
    total = sum(rung.tokens * weight for rung, weight in zip(ladder.rungs, weights, strict=True))
    done, cards = 0.0, {}
    for number, (rung, weight) in enumerate(zip(ladder.rungs, weights, strict=True), start=1):
        note = f"model {number} of {len(ladder.rungs)}"

        def show(report: StepReport, *, begun: float = done, weight: float = weight, note: str = note) -> None:
            board.show(_OVERALL, done=min(begun + report.tokens * weight, total), total=total, note=note)

        cards[rung.name] = train_model(plan_rung(ladder, rung, exclude=exclude, out=out), board=board, on_step=show)
        done += rung.tokens * weight
    board.show(_OVERALL, done=total, total=total)
    return cards


def write_ladder(cards: Mapping[str, ModelCard], *, out: Path) -> None:
    """ladder.csv: a model a row, losses in nats a token."""
    with (out / "ladder.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "size", "n_params", "tokens", "train_flops", "train_loss", "held_out_loss", "seconds"])
        for name, card in cards.items():
            losses = (f"{card.train_loss:.4f}", f"{card.held_out_loss:.4f}")
            flops = "" if card.train_flops is None else f"{card.train_flops:.4g}"
            size = [name, card.spec.name, card.n_params, card.tokens_seen]
            writer.writerow([*size, flops, *losses, f"{card.seconds:.1f}"])


def make_table(cards: Mapping[str, ModelCard]) -> Table:
    """The table that is printed at the end."""
    table = Table("model", "size", box=box.SIMPLE)  # narrow enough for 80 columns
    for column in ("n_params", "tokens", "train loss", "held-out loss", "seconds"):
        table.add_column(column, justify="right")
    for name, card in cards.items():
        losses = (f"{card.train_loss:.3f}", f"{card.held_out_loss:.3f}")
        table.add_row(
            name, card.spec.name, f"{card.n_params:,}", f"{card.tokens_seen:,}", *losses, f"{card.seconds:.0f}"
        )
    return table


@command
def main(arguments: list[str] | None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m generator.ladder", description="Train a ladder of models; run again, it goes on."
    )
    parser.add_argument("file", type=Path, help="the ladder, TOML")
    parser.add_argument("--corpus", type=Path, action="append", help="in place of the file's own corpus")
    parser.add_argument("--exclude", type=Path, action="append", default=[], help="study articles, to be kept out")
    parser.add_argument("--out", type=Path, required=True, help="folder of the checkpoints")
    options = parser.parse_args(arguments)
    ladder = read_ladder(options.file)
    ladder = replace(ladder, corpus=tuple(options.corpus or ladder.corpus))
    if not ladder.corpus:
        raise LadderError(f"{options.file} names no corpus; give one with --corpus")
    with open_board() as board:
        cards = train_ladder(ladder, exclude=options.exclude, out=options.out, board=board)
    write_ladder(cards, out=options.out)
    draw_ladder(cards, out=options.out)
    Console().print(make_table(cards))


if __name__ == "__main__":
    sys.exit(main())
