"""Write candidates for articles: what queue workers call, and the same from the command line.

python -m generator.sample --model DIR|ORG/NAME --articles FILE --out FILE.jsonl [--chat]
    [--context-ids a,b,c] [--candidates 5] [--seed N] [--temperature X] [--top-p X] [--top-k N]
    [--repetition-penalty X] [--stop TEXT …] [--length-ratio X] [--max-tokens N] [--language en] [--limit N]
    [--instruction TEXT] [--unconditional] [--device cpu|cuda]

DIR is a checkpoint of ours or any local causal language model of transformers; ORG/NAME[@REVISION], one of the local
Hugging Face cache (nothing is downloaded); with --server URL, the name of a model that an OpenAI-compatible server has
(its key in BYLINE_OPENAI_KEY). --chat asks a model made to answer, by its own chat template or the server's. The
articles named by --context-ids are the prompt's context, in that order; candidates are written for the others, one
JSON line each.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from generator.article_request import ArticleOrder, ArticleRequest, Draft, Sampling, SamplingError
from generator.command import command
from generator.corpus import CorpusArticle, CorpusError, read_articles
from generator.fitness import FitnessRules
from generator.progress import Board, open_board
from generator.prompts import Story
from generator.remote import RemoteWriter, Server
from generator.writer import Writer, open_writer, write_candidates

__all__ = [
    "AnyWriter",
    "ArticleOrder",
    "ArticleRequest",
    "Draft",
    "FitnessRules",
    "Sampling",
    "SamplingError",
    "Story",
    "Writer",
    "open_writer",
    "write_candidates",
]


AnyWriter = Writer | RemoteWriter


@dataclass(frozen=True)
class WritingPlan:
    """What the command line asks for: the articles to write, the context, and how."""

    articles: tuple[CorpusArticle, ...]
    context: tuple[CorpusArticle, ...]
    conditioned: bool
    n_candidates: int
    seed: int
    sampling: Sampling
    language: str = ""
    instruction: str = ""


def select_articles(
    articles: Sequence[CorpusArticle], *, context_ids: Sequence[str], limit: int | None
) -> tuple[tuple[CorpusArticle, ...], tuple[CorpusArticle, ...]]:
    """The articles to write (the first `limit`) and the context, in the order of its ids.

    Raises:
        CorpusError: an id names no article.
    """
    by_ref = {article.ref: article for article in articles}
    if unknown := [ref for ref in context_ids if ref not in by_ref]:
        raise CorpusError(f"no article has the id {', '.join(unknown)}")
    chosen = [article for article in articles if article.ref not in context_ids]
    return tuple(chosen[:limit]), tuple(by_ref[ref] for ref in context_ids)


def derive_seed(seed: int, *, ref: str, index: int) -> int:
    """The seed of one candidate: 48 bits of SHA-256, so that it hangs on nothing but the run, its article and place."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{ref}/{index}".encode()).digest()[:6])


def write_articles(writer: AnyWriter, plan: WritingPlan, *, out: Path, board: Board) -> int:
    """Write every article's candidates to `out`, a line each; the tokens drawn.

    A line is written as soon as its article is there; at the end all stand in the order of the articles.
    """
    began, n_tokens = time.monotonic(), 0
    lines: dict[int, str] = {}
    orders = [
        ArticleOrder(
            request=_make_request(article, plan),
            seeds=tuple(derive_seed(plan.seed, ref=article.ref, index=index) for index in range(plan.n_candidates)),
        )
        for article in plan.articles
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:

        def keep(number: int, drafts: list[Draft]) -> None:
            nonlocal n_tokens
            n_tokens += sum(draft.n_tokens for draft in drafts)
            rows = (
                _describe(draft, article=plan.articles[number], index=index, model=writer.name)
                for index, draft in enumerate(drafts)
            )
            lines[number] = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            file.write(lines[number])
            file.flush()

        def show(done: int, total: int) -> None:
            speed = n_tokens / max(time.monotonic() - began, 1e-9)
            note = f"{len(lines)} of {len(orders)} articles  {speed:,.0f} tokens/s of finished ones"
            board.show(writer.name, done=done, total=total, note=note)

        writer.write_all(orders, on_written=keep, on_progress=show)
    out.write_text("".join(lines[number] for number in sorted(lines)), encoding="utf-8")
    return n_tokens


def _make_request(article: CorpusArticle, plan: WritingPlan) -> ArticleRequest:
    return ArticleRequest(
        title=article.story.title,
        subtitle=article.story.subtitle,
        context=tuple(context.story for context in plan.context),
        conditioned=plan.conditioned,
        target_words=len(article.story.body.split()),
        sampling=plan.sampling,
        human_body=article.story.body,
        language=plan.language,
        instruction=plan.instruction,
    )


def _describe(draft: Draft, *, article: CorpusArticle, index: int, model: str) -> dict[str, object]:
    return {
        "id": article.ref,
        "title": article.story.title,
        "model": model,
        "candidate": index,
        "words": len(draft.text.split()),
        "human_words": len(article.story.body.split()),
        **asdict(draft),
    }


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m generator.sample", description="Write candidates for articles.")
    parser.add_argument("--model", required=True, help="folder, cached ORG/NAME, or a server's model")
    parser.add_argument("--server", help="address of an OpenAI-compatible server, as http://host:8000/v1")
    parser.add_argument("--chat", action="store_true", help="ask by the chat template, for models made to answer")
    parser.add_argument("--articles", type=Path, required=True, help=".jsonl, .jsonl.gz or .csv")
    parser.add_argument("--out", type=Path, required=True, help="JSON Lines, a candidate a line")
    parser.add_argument("--context-ids", default="", help="ids of the context articles, commas between, oldest first")
    parser.add_argument("--candidates", type=int, default=5, help="an article (5)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=Sampling.temperature)
    parser.add_argument("--top-p", type=float, default=Sampling.top_p)
    parser.add_argument("--top-k", type=int, default=Sampling.top_k)
    parser.add_argument("--repetition-penalty", type=float, default=Sampling.repetition_penalty, help="1: none")
    parser.add_argument("--stop", action="append", default=[], help="a text ends before this mark")
    parser.add_argument("--length-ratio", type=float, default=Sampling.length_ratio, help="of the human article's")
    parser.add_argument("--max-tokens", type=int, help="a candidate, besides")
    parser.add_argument("--language", default="", help="as en: texts in another one are flagged")
    parser.add_argument("--limit", type=int, help="only the first N articles")
    parser.add_argument("--instruction", default="", help="words before everything else in the prompt")
    parser.add_argument("--unconditional", action="store_true", help="no context and no title, as the control")
    parser.add_argument("--device", help="cpu or cuda; CUDA where there is one unless given")
    return parser.parse_args(arguments)


def _open(options: argparse.Namespace) -> AnyWriter:
    if not options.server:
        if not Path(options.model).exists() and options.model.partition("@")[0].count("/") == 1:
            from generator.hub_cache import open_cached_writer

            return open_cached_writer(options.model, device=options.device, chat=options.chat)
        return open_writer(options.model, device=options.device, chat=options.chat)
    server = Server(url=options.server, key=os.environ.get("BYLINE_OPENAI_KEY", ""))
    return RemoteWriter(server=server, model=options.model, is_chat=options.chat)


@command
def main(arguments: list[str] | None) -> None:
    options = parse_arguments(arguments)
    sampling_names = ("temperature", "top_p", "top_k", "repetition_penalty", "length_ratio", "max_tokens")
    articles, context = select_articles(
        read_articles(options.articles),
        context_ids=[ref for ref in options.context_ids.split(",") if ref],
        limit=options.limit,
    )
    plan = WritingPlan(
        language=options.language,
        instruction=options.instruction,
        articles=articles,
        context=context,
        conditioned=not options.unconditional,
        n_candidates=options.candidates,
        seed=options.seed,
        sampling=Sampling(stop=tuple(options.stop), **{name: getattr(options, name) for name in sampling_names}),
    )
    began = time.monotonic()
    with open_board() as board:
        writer = _open(options)
        n_tokens = write_articles(writer, plan, out=options.out, board=board)
        seconds = time.monotonic() - began
        board.say(f"{options.out}: {len(articles)} articles, {n_tokens:,} tokens in {seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
