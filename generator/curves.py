"""In-context learning curves: the loss of held-out articles given K articles before them, for models of any size.

python -m generator.curves --model DIR|ORG/NAME [--model …] --articles FILE [--articles FILE …] --out DIR
    [--shots 0,1,2,4] [--most-words N] [--limit N] [--seed N] [--resamples N] [--device cpu|cuda]

A model reads the prompt that it would write by (K articles, then the title and subtitle of the next), and then the
article that people wrote; measured is −ln p of that article's own tokens. No weight is changed. The same articles, with
the same ones before them, are measured with every model and every K. K is 0, 1, 2, 4, … as far as half the articles fit
unless given. Articles that a model was trained on (by the index beside its weights), that have more than --most-words,
or that do not fit with the largest K are left out and counted.

DIR gets curves.csv, gaps.csv, positions.csv, articles.csv, curves.json, curves.svg and curves.png (docs/curves.md).
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from generator.command import command
from generator.corpus import CorpusArticle, drop_duplicates, read_articles
from generator.curve_plan import CurveError, CurvePlan, Target, draw_targets, plan_curve
from generator.curve_tables import (
    CurveTables,
    ModelLosses,
    bin_positions,
    tabulate,
    write_rows,
    write_tables,
)
from generator.loss_figures import draw_shots
from generator.ngram_index import NgramIndex
from generator.overlap import list_words
from generator.progress import Board, open_board
from generator.prompts import build_prompt, render_story
from generator.reading import Window
from generator.token_losses import count_parameters, measure_losses
from generator.writer import Writer, open_writer

SEEN_SHARE = 0.5  # of an article's word 8-grams in the training text: the article itself, or nearly
LIMIT = 200
RESAMPLES = 2000


@dataclass(frozen=True)
class ArticleRow:
    """The loss, in nats, of an article's `tokens` with `shots` articles before it; `before` are their ids, as read."""

    model: str
    article: str
    shots: int
    before: str
    tokens: int
    loss: float


class ModelCurve(NamedTuple):
    losses: ModelLosses
    version: str
    context: int
    tokens_read: int
    seconds: float


def open_model(name: str, *, device: str | None) -> Writer:
    """A folder, or a repository in the local Hugging Face cache."""
    if not Path(name).exists() and name.partition("@")[0].count("/") == 1:
        from generator.hub_cache import open_cached_writer

        return open_cached_writer(name, device=device)
    return open_writer(name, device=device)


def leave_out(
    articles: Sequence[CorpusArticle], *, writers: Sequence[Writer], most_words: int | None
) -> tuple[list[CorpusArticle], dict[str, int]]:
    """What may be measured or stand before what is, and how many are left out by reason."""
    distinct = drop_duplicates(articles)
    short = [one for one in distinct if most_words is None or len(one.story.body.split()) <= most_words]
    indexes = [writer.checkpoint.training for writer in writers if isinstance(writer.checkpoint.training, NgramIndex)]
    kept = []
    for article in short:
        words = list_words(article.story.body)
        if all(index.measure(words)[1] < SEEN_SHARE for index in indexes):
            kept.append(article)
    counts = {
        "twice in the files": len(articles) - len(distinct),
        "longer than asked for": len(distinct) - len(short),
        "in a model's training text": len(short) - len(kept),
    }
    return kept, counts


def make_passage(writer: Writer, target: Target, *, shots: int) -> Window:
    """The prompt as the writer makes it, then the article. The two are encoded apart, so that the article's tokens are
    the same whatever stands before it."""
    story = target.article.story
    context = tuple(article.story for article in target.list_context(shots))
    prompt = writer.checkpoint.encode_prompt(build_prompt(context=context, title=story.title, subtitle=story.subtitle))
    body = render_story(story).removeprefix(build_prompt(context=(), title=story.title, subtitle=story.subtitle))
    return Window(tuple(prompt + writer.checkpoint.codec.encode(body)), begin=len(prompt))


def make_window(writer: Writer, target: Target) -> Window:
    """The article and others after it, as many as fill the model's context."""
    context, stories, n_words = writer.checkpoint.decoder.context, [], 0
    for article in (target.article, *target.neighbours):
        if n_words > context:  # a token is hardly ever more than a word
            break
        stories.append(render_story(article.story))
        n_words += len(stories[-1].split())
    return Window(tuple(writer.checkpoint.encode_prompt("\n\n".join(stories))[:context]))


def make_plan(
    writers: Sequence[Writer], targets: Sequence[Target], *, shots: Sequence[int] | None, left_out: dict[str, int]
) -> CurvePlan:
    lengths: dict[tuple[int, str, int], int] = {}

    def fits(target: Target, number: int) -> bool:
        for place, writer in enumerate(writers):
            key = (place, target.article.sha256, number)
            if key not in lengths:
                lengths[key] = len(make_passage(writer, target, shots=number).tokens)
            if lengths[key] > writer.checkpoint.decoder.context:
                return False
        return True

    return plan_curve(targets, shots=shots, fits=fits, left_out=left_out)


def measure_model(writer: Writer, plan: CurvePlan, *, ranges: Sequence[tuple[int, int]], board: Board) -> ModelCurve:
    """All losses of a model: every article at every K, and by position in a context that is full."""
    began, n_read = time.perf_counter(), 0
    passages = [make_passage(writer, target, shots=number) for number in plan.shots for target in plan.targets]
    passages += [make_window(writer, target) for target in plan.targets]
    total = sum(len(passage.tokens) for passage in passages)

    def tell(tokens: int) -> None:
        nonlocal n_read
        n_read += tokens
        speed = n_read / (time.perf_counter() - began)
        board.show(writer.name, done=n_read, total=total, note=f"{speed:,.0f} tokens/s")

    losses = measure_losses(writer.checkpoint, passages, on_tokens=tell)
    n = len(plan.targets)
    by_shots = np.array([part.sum(dtype=np.float64) for part in losses[:-n]]).reshape(len(plan.shots), n)
    windows = [(passage.begin, part) for passage, part in zip(passages[-n:], losses[-n:], strict=True)]
    sums = [
        [part[low - begin : high + 1 - begin].sum(dtype=np.float64) for low, high in ranges] for begin, part in windows
    ]
    counts = [[len(part[low - begin : high + 1 - begin]) for low, high in ranges] for begin, part in windows]
    found = ModelLosses(
        name=writer.name,
        n_params=count_parameters(writer.checkpoint),
        tokens=np.array([len(passage.tokens) - passage.begin for passage in passages[:n]]),
        by_shots=by_shots,
        by_position=np.array(sums),
        position_tokens=np.array(counts),
    )
    version = "; ".join(filter(None, (writer.version, writer.checkpoint.decoder.engine)))
    seconds = time.perf_counter() - began
    return ModelCurve(found, version, writer.checkpoint.decoder.context, total, seconds)


def measure_curves(options: argparse.Namespace, *, board: Board) -> CurveTables:
    """Plan, measure each model, and write everything.

    Raises:
        CurveError: nothing can be measured.
        CorpusError, CheckpointError: a file or a model cannot be read.
    """
    writers = [open_model(name, device=options.device) for name in options.model]
    names = [writer.name for writer in writers]
    if twice := {name for name in names if names.count(name) > 1}:
        raise CurveError(f"two models are called {', '.join(sorted(twice))}; name their folders differently")
    articles = [article for path in options.articles for article in read_articles(path)]
    kept, left_out = leave_out(articles, writers=writers, most_words=options.most_words)
    targets = draw_targets(kept, seed=options.seed, limit=options.limit)
    left_out["beyond --limit"] = len(kept) - len(targets)
    plan = make_plan(writers, targets, shots=options.shots, left_out=left_out)
    board.say(_describe_plan(plan))
    ranges = bin_positions(max(writer.checkpoint.decoder.context for writer in writers))
    curves = [measure_model(writer, plan, ranges=ranges, board=board) for writer in writers]
    tables = tabulate(
        [curve.losses for curve in curves],
        shots=plan.shots,
        words=np.array([len(target.article.story.body.split()) for target in plan.targets]),
        ranges=ranges,
        seed=options.seed,
        resamples=options.resamples,
    )
    options.out.mkdir(parents=True, exist_ok=True)
    write_tables(tables, out=options.out)
    write_rows(options.out / "articles.csv", _list_articles(curves, plan), row_type=ArticleRow)
    same_tokens = all(np.array_equal(curve.losses.tokens, curves[0].losses.tokens) for curve in curves)
    draw_shots(tables, out=options.out, a_word=not same_tokens)
    _write_record(options, plan, curves)
    return tables


def _list_articles(curves: Sequence[ModelCurve], plan: CurvePlan) -> list[ArticleRow]:
    return [
        ArticleRow(
            model=curve.losses.name,
            article=target.article.ref,
            shots=number,
            before=";".join(article.ref for article in target.list_context(number)),
            tokens=int(curve.losses.tokens[column]),
            loss=float(curve.losses.by_shots[row, column]),
        )
        for curve in curves
        for row, number in enumerate(plan.shots)
        for column, target in enumerate(plan.targets)
    ]


def _describe_plan(plan: CurvePlan) -> str:
    left_out = ", ".join(f"{count} {reason}" for reason, count in plan.left_out.items() if count)
    shots = ", ".join(map(str, plan.shots))
    shots = ", ".join(map(str, plan.shots))
    return f"{len(plan.targets)} articles, with {shots} before them; left out: {left_out or 'none'}"


def _write_record(options: argparse.Namespace, plan: CurvePlan, curves: Sequence[ModelCurve]) -> None:
    models = [
        {
            "model": curve.losses.name,
            "version": curve.version,
            "context": curve.context,
            "tokens_read": curve.tokens_read,
            "seconds": round(curve.seconds, 3),
            "tokens_per_second": round(curve.tokens_read / curve.seconds, 1),
        }
        for curve in curves
    ]
    record = {
        "seed": options.seed,
        "resamples": options.resamples,
        "files": [path.name for path in options.articles],
        "most_words": options.most_words,
        "shots": plan.shots,
        "articles": len(plan.targets),
        "left_out": dict(plan.left_out),
        "models": models,
    }
    (options.out / "curves.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def parse_shots(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} must be whole numbers with commas between, as 0,1,2,4") from None


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m generator.curves", description="Loss of held-out articles given K articles before them."
    )
    parser.add_argument("--model", action="append", required=True, help="folder, or cached ORG/NAME; one or more")
    parser.add_argument("--articles", type=Path, action="append", required=True, help=".jsonl, .jsonl.gz or .csv")
    parser.add_argument("--out", type=Path, required=True, help="folder for the tables and the figure")
    parser.add_argument("--shots", type=parse_shots, help="K, commas between; 0,1,2,4,… as far as they fit")
    parser.add_argument("--most-words", type=int, help="leave longer articles out, before and as what is measured")
    parser.add_argument("--limit", type=int, default=LIMIT, help=f"articles measured, at most ({LIMIT}), drawn by seed")
    parser.add_argument("--seed", type=int, default=0, help="of the articles drawn and of the resamples")
    parser.add_argument("--resamples", type=int, default=RESAMPLES, help=f"of the bootstrap ({RESAMPLES})")
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    options = parser.parse_args(arguments)
    if options.limit < 2 or options.resamples < 100:
        parser.error("--limit must be at least 2, and --resamples at least 100")
    return options


@command
def main(arguments: list[str] | None) -> None:
    options = parse_arguments(arguments)
    with open_board() as board:
        tables = measure_curves(options, board=board)
        for row in tables.gaps:
            board.say(
                f"{row.model}: {row.to_shots} articles before instead of {row.from_shots} save {row.gap:+.4f} nats "
                f"a token ({row.ci_low:+.4f} to {row.ci_high:+.4f})"
            )


if __name__ == "__main__":
    sys.exit(main())
