"""What fine-tuning did to a model: losses on other text, and what it can be made to say of its training text.

python -m generator.tuning_costs --before DIR|ORG/NAME --after DIR --corpus FILE [--corpus FILE …]
    [--exclude FILE …] [--section NAME …] [--other FILE …] [--probes 20] [--seed N] [--device cpu|cuda]

--corpus and --section are those of the fine-tuning. Measured before and after, on the same texts:

loss a token, in nats, of articles held out of the corpus; of the corpus's other sections, where --section names some;
and of each --other file (another newspaper): is what the model knew forgotten?
memorisation: the model greedily continues the first `PREFIX` tokens of training articles for `CONTINUED` more, and what
is the article's own, word for word, is counted (Carlini et al. 2021: extraction by prefix), beside the same of held-out
articles; and it writes texts for titles of held-out articles, which are held against the training text: the longest run
of words that stands in it, and the share of their word 8-grams that do.

DIR of --after gets tuning.json, and a section in its README.md.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

import torch

from generator.article_request import ArticleOrder, ArticleRequest, Sampling
from generator.command import command
from generator.corpus import Corpus, CorpusArticle, CorpusError, find_overlaps, gather_corpus, read_articles
from generator.curves import open_model
from generator.ngram_index import NgramIndex, index_texts
from generator.overlap import list_words
from generator.progress import Board, open_board
from generator.prompts import render_story
from generator.reading import Window
from generator.token_losses import count_parameters, measure_losses
from generator.writer import Writer

COSTS_FILE = "tuning.json"
COSTS_FORMAT = 1
PREFIX, CONTINUED = 50, 50  # tokens
PROBES = 20
MOST_MEASURED = 100  # articles of each kind whose loss is measured
WRITTEN_TOKENS = 200  # of a text that is held against the training text
_HEADING = "## What fine-tuning changed"


@dataclass(frozen=True)
class Memorisation:
    """Of `probes` articles each. Shares and means are 0 to 1, runs in words.

    `extracted` is the share of training articles of which every token came back, `recalled` the mean share of tokens
    before the first that differs, `recalled_held_out` the same of articles that the model was not trained on.
    `longest_run` is the longest of any text that the model wrote, `mean_run` their mean, `ngram_share` the mean share
    of a text's 8-grams that stand in the training text.
    """

    probes: int
    extracted: float
    recalled: float
    recalled_held_out: float
    longest_run: int
    mean_run: float
    ngram_share: float


@dataclass(frozen=True)
class TuningState:
    """A model's losses, nats a token, by the name of what was measured; and its memorisation."""

    losses: Mapping[str, float]
    memorisation: Memorisation


@dataclass(frozen=True)
class TuningCosts:
    """`method` is full or lora, empty where it is not known; `n_params` are the model's, an adapter counted in.

    `articles` counts those whose loss was measured, by name.
    """

    started_from: str
    method: str
    n_params: int
    corpus_files: tuple[str, ...]
    sections: tuple[str, ...]
    seed: int
    articles: Mapping[str, int]
    before: TuningState
    after: TuningState

    def write(self, folder: Path) -> None:
        """tuning.json, and the section of README.md, in the place of an earlier one."""
        content = {"format": COSTS_FORMAT, **asdict(self)}
        (folder / COSTS_FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        readme = folder / "README.md"
        text = readme.read_text(encoding="utf-8") if readme.is_file() else f"# {folder.name}\n"
        readme.write_text(f"{text.partition(_HEADING)[0].rstrip()}\n\n{self.render()}", encoding="utf-8")

    def render(self) -> str:
        """The section of a model's card, in Markdown."""
        was, now = self.before.memorisation, self.after.memorisation
        rows = [(f"loss: {name}", self.before.losses[name], self.after.losses[name]) for name in self.after.losses]
        rows += [
            ("training articles that came back whole", was.extracted, now.extracted),
            ("tokens of training articles that came back", was.recalled, now.recalled),
            ("the same of held-out articles", was.recalled_held_out, now.recalled_held_out),
            ("longest run of words from the training text", was.longest_run, now.longest_run),
            ("mean of a text's longest run", was.mean_run, now.mean_run),
            ("8-grams of written texts in the training text", was.ngram_share, now.ngram_share),
        ]
        table = "".join(f"| {name} | {_show(before)} | {_show(after)} |\n" for name, before, after in rows)
        method = {"full": "All weights", "lora": "Adapters (LoRA)"}.get(self.method, "A model")
        trained = f"{method}, from {self.started_from}, on {', '.join(self.corpus_files)}"
        if self.sections:
            trained += f" (sections: {', '.join(self.sections)})"
        return (
            f"{_HEADING}\n\n{trained}. Losses in nats a token; articles come back when the model continues their first "
            f"{PREFIX} tokens for {CONTINUED} more, greedily; {now.probes} articles each.\n\n"
            f"| | before | after |\n|---|--:|--:|\n{table}"
        )


def _show(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.4f}"


@dataclass(frozen=True)
class TestTexts:
    """What is measured: articles by the name of what they are, the training articles, and their index."""

    __test__ = False  # no test, whatever its name begins with

    by_name: Mapping[str, tuple[CorpusArticle, ...]]
    train: tuple[CorpusArticle, ...]
    held_out: tuple[CorpusArticle, ...]
    index: NgramIndex


def gather_texts(
    files: Sequence[Path], *, exclude: Sequence[Path], sections: Sequence[str], others: Sequence[Path]
) -> tuple[Corpus, TestTexts]:
    """The corpus that is trained on (of these sections alone, where some are named), and what is measured.

    Raises:
        CorpusError: a file cannot be read, or too few articles are left.
    """
    whole = gather_corpus(files, exclude=exclude)
    corpus, by_name = whole, {"held out": whole.held_out}
    if sections:
        wanted = {section.casefold() for section in sections}
        train, held_out = (
            tuple(article for article in part if article.section.casefold() in wanted)
            for part in (whole.train, whole.held_out)
        )
        if len(train) < 2 or not held_out:
            known = ", ".join(sorted({article.section for article in whole.train if article.section}))
            raise CorpusError(
                f"{len(train)} articles to train on and {len(held_out)} held out are in the sections "
                f"{', '.join(sections)}; the corpus has {known or 'no sections'}; "
                "name more sections, or give more articles"
            )
        corpus = replace(whole, train=train, held_out=held_out)
        rest = [article for article in (*whole.train, *whole.held_out) if article.section.casefold() not in wanted]
        by_name = {"held out": held_out, "other sections": tuple(rest)}
    for path in others:
        articles = read_articles(path)
        seen = find_overlaps(articles, study=corpus.train)
        by_name[path.name] = tuple(article for article in articles if article.sha256 not in seen)
    kept = {name: articles[:MOST_MEASURED] for name, articles in by_name.items() if articles}
    index = index_texts(article.story.body for article in corpus.train)
    return corpus, TestTexts(kept, corpus.train, corpus.held_out, index)


def measure_state(
    writer: Writer, texts: TestTexts, *, probes: int, seed: int, board: Board | None = None
) -> TuningState:
    """A model's losses and its memorisation; a board is told of every article that was to come back."""
    losses = {name: _measure_loss(writer, articles) for name, articles in texts.by_name.items()}
    tried = [*texts.train[:probes], *texts.held_out[:probes]]
    recalled = []
    for article in tried:
        recalled.append(measure_recall(writer, article))
        if board is not None:
            board.show(f"{Path(writer.name).name}: what comes back", done=len(recalled), total=len(tried))
    came_back, held_out = recalled[: len(texts.train[:probes])], recalled[len(texts.train[:probes]) :]
    measured = [texts.index.measure(list_words(text)) for text in _write(writer, texts.held_out[:probes], seed=seed)]
    memorisation = Memorisation(
        probes=len(came_back),
        extracted=fmean(share == 1 for share in came_back),
        recalled=fmean(came_back),
        recalled_held_out=fmean(held_out),
        longest_run=max(run for run, _ in measured),
        mean_run=fmean(run for run, _ in measured),
        ngram_share=fmean(share for _, share in measured),
    )
    return TuningState(losses, memorisation)


def _encode(writer: Writer, article: CorpusArticle) -> tuple[int, ...]:
    tokens = writer.checkpoint.encode_prompt(render_story(article.story))
    return tuple(tokens[: writer.checkpoint.decoder.context])


def _measure_loss(writer: Writer, articles: Sequence[CorpusArticle]) -> float:
    """Σ losses / Σ tokens over the articles, each cut off at the model's context."""
    passages = [Window(tokens) for article in articles if len(tokens := _encode(writer, article)) > 1]
    losses = measure_losses(writer.checkpoint, passages)
    return float(sum(part.sum(dtype=float) for part in losses)) / sum(len(part) for part in losses)


def measure_recall(writer: Writer, article: CorpusArticle) -> float:
    """The share of the tokens after an article's beginning that come back greedily before the first that differs."""
    tokens = _encode(writer, article)
    begin = min(PREFIX, len(tokens) // 2)
    wanted = tokens[begin : begin + CONTINUED]
    session = writer.checkpoint.decoder.open((), rows=1, own=begin + len(wanted))
    with torch.inference_mode():
        logits = session.admit(tokens[:begin], rows=1)
        for place, token in enumerate(wanted):
            if int(logits.argmax()) != token:
                return place / len(wanted)
            if place + 1 < len(wanted):
                logits = session.step(torch.tensor([token]))
    return 1.0


def _write(writer: Writer, articles: Sequence[CorpusArticle], *, seed: int) -> list[str]:
    """A text for each article's title, in the order of the articles."""
    orders = [
        ArticleOrder(
            ArticleRequest(
                title=article.story.title or "News",
                subtitle=article.story.subtitle,
                context=(),
                conditioned=True,
                target_words=max(1, len(article.story.body.split())),
                sampling=Sampling(max_tokens=min(WRITTEN_TOKENS, writer.checkpoint.decoder.context // 2)),
            ),
            seeds=(seed + number,),
        )
        for number, article in enumerate(articles)
    ]
    texts: dict[int, str] = {}
    writer.write_all(
        orders,
        on_written=lambda number, drafts: texts.__setitem__(number, drafts[0].text),
        on_refused=lambda number, error: texts.__setitem__(number, ""),
    )
    return [texts[number] for number in range(len(orders))]


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m generator.tuning_costs", description="What fine-tuning changed, before and after."
    )
    parser.add_argument("--before", required=True, help="the model that was started from")
    parser.add_argument("--after", type=Path, required=True, help="the folder of the fine-tuned one")
    add_text_arguments(parser)
    parser.add_argument("--device")
    return parser.parse_args(arguments)


def add_text_arguments(parser: argparse.ArgumentParser) -> None:
    """What is trained on and what is measured, as `generator.finetune` takes it too."""
    parser.add_argument("--corpus", type=Path, action="append", required=True, help=".jsonl, .jsonl.gz or .csv")
    parser.add_argument("--exclude", type=Path, action="append", default=[], help="study articles, to be kept out")
    parser.add_argument("--section", action="append", default=[], help="train on this section alone; once for each")
    parser.add_argument("--other", type=Path, action="append", default=[], help="other text, as another newspaper's")
    parser.add_argument("--probes", type=int, default=PROBES, help=f"articles that memorisation is tried on ({PROBES})")
    parser.add_argument("--seed", type=int, default=0)


def measure_costs(options: argparse.Namespace, *, board: Board) -> TuningCosts:
    """Both models in turn, on the same texts."""
    _, texts = gather_texts(options.corpus, exclude=options.exclude, sections=options.section, others=options.other)
    states, n_params = [], 0
    for name in (options.before, str(options.after)):
        board.say(f"{name}: measuring")
        writer = open_model(name, device=options.device)
        n_params = count_parameters(writer.checkpoint)
        states.append(measure_state(writer, texts, probes=options.probes, seed=options.seed, board=board))
    return TuningCosts(
        started_from=Path(options.before).name if Path(options.before).exists() else options.before,
        method=getattr(options, "method", ""),
        n_params=n_params,
        corpus_files=tuple(path.name for path in options.corpus),
        sections=tuple(options.section),
        seed=options.seed,
        articles={name: len(articles) for name, articles in texts.by_name.items()},
        before=states[0],
        after=states[1],
    )


@command
def main(arguments: list[str] | None) -> None:
    options = parse_arguments(arguments)
    with open_board() as board:
        costs = measure_costs(options, board=board)
        costs.write(options.after)
        board.say(costs.render())


if __name__ == "__main__":
    sys.exit(main())
