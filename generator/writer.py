"""A writer: a checkpoint that is open, and the candidates it writes for one article or for many at once."""

import hashlib
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch

from generator.adapters import ADAPTER_CONFIG, hash_adapter, is_adapter
from generator.article_request import ArticleOrder, ArticleRequest, Draft
from generator.batch import Progress, ProgressCallback, WritingBatch, WritingTask
from generator.checkpoint_files import Checkpoint, open_own_checkpoint
from generator.decoding import KEY_BLOCK
from generator.devices import limit_threads, pick_device
from generator.model_card import has_card, read_card
from generator.prompts import PromptTooLongError, build_prompt, build_unconditional_prompt, fit_prompt

OPEN_WRITERS = 4  # kept a process; a worker has a few arms' models in turn


@dataclass(frozen=True)
class Writer:
    """An open checkpoint, the name it is known by, and which of its versions it is, where that has a name."""

    name: str
    checkpoint: Checkpoint
    version: str = ""

    def count_tokens(self, text: str) -> int:
        return len(self.checkpoint.codec.encode(text))

    def write(
        self, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
    ) -> list[Draft]:
        """One draft a seed; see `write_candidates`."""
        return write_candidates(self, request, seeds=seeds, on_progress=on_progress)

    def write_all(
        self,
        orders: Sequence[ArticleOrder],
        *,
        on_written: Callable[[int, list[Draft]], None],
        on_refused: Callable[[int, Exception], None] | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        """Many articles together; see `write_orders`."""
        write_orders(self, orders, on_written=on_written, on_refused=on_refused, on_progress=on_progress)


def open_writer(checkpoint: str | Path, *, device: str | None = None, chat: bool = False) -> Writer:
    """The writer of a checkpoint; kept open in this process, and opened anew when the checkpoint is replaced.

    With `chat` the model is asked by its own chat template and answers, instead of continuing the prompt.

    Raises:
        CheckpointError: the folder is no checkpoint, or has no chat template.
    """
    path = Path(checkpoint).resolve()
    config = path / (ADAPTER_CONFIG if is_adapter(path) else "config.json")
    return _open_writer(path, device, chat, config.stat().st_mtime_ns if config.is_file() else 0)


@lru_cache(maxsize=OPEN_WRITERS)
def _open_writer(path: Path, device: str | None, chat: bool, written_at: int) -> Writer:
    limit_threads()
    if has_card(path) and not chat:
        checkpoint = open_own_checkpoint(path, device=pick_device(device))
        return Writer(name=path.name, checkpoint=checkpoint, version=read_card(path).settings_sha256[:12])
    from generator.checkpoints import open_checkpoint  # only here: transformers takes seconds to import

    version = hash_adapter(path)[:12] if is_adapter(path) else ""
    checkpoint = open_checkpoint(path, device=pick_device(device), chat=chat)
    return Writer(name=path.name, checkpoint=checkpoint, version=version)


def measure_tokens_per_word(writer: Writer, request: ArticleRequest) -> float:
    """Tokens a word of this writer's tokenizer: on the context's bodies, else by its card, else on title and subtitle.

    At least one.
    """
    texts = [story.body for story in request.context]
    if not texts and writer.checkpoint.card:
        return max(1.0, writer.checkpoint.card.tokens_per_word)
    texts = texts or [request.title, request.subtitle]
    n_words = sum(len(text.split()) for text in texts)
    return max(1.0, sum(map(writer.count_tokens, texts)) / n_words) if n_words else 1.0


def find_token_limit(writer: Writer, request: ArticleRequest) -> int:
    """How many tokens a candidate may have: target_words × length_ratio × tokens a word, rounded up.

    A text that reaches the limit is cut at its last complete sentence, so that, with a ratio somewhat above 1, lengths
    come out like the human article's. For the same reason the end-of-text token is not drawn before half the human
    article's length (`EARLIEST_END`). `max_tokens` bounds it, and so does the context, of which it leaves the frame
    of the article itself its place: the length goes before the context stories.

    Raises:
        PromptTooLongError: the frame leaves no room at all.
    """
    sampling = request.sampling
    limit = math.ceil(request.target_words * sampling.length_ratio * measure_tokens_per_word(writer, request))
    if sampling.max_tokens is not None:
        limit = min(limit, sampling.max_tokens)
    bare = build_prompt(context=(), title=request.title, subtitle=request.subtitle, instruction=request.instruction)
    frame = writer.count_tokens(writer.checkpoint.render_prompt(bare, conditioned=request.conditioned))
    room = writer.checkpoint.decoder.context - frame - 1  # one for the mark before the prompt
    if room < 1:
        raise PromptTooLongError(f"title and subtitle take {frame} tokens and leave {writer.name} no room to write")
    return min(limit, room)


def write_candidates(
    writer: Writer, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
) -> list[Draft]:
    """One draft a seed, in the order of the seeds; see `write_orders`."""
    written: dict[int, list[Draft]] = {}
    order = ArticleOrder(request=request, seeds=tuple(seeds))
    write_orders(writer, [order], on_written=written.__setitem__, on_progress=on_progress)
    return written[0]


def write_orders(
    writer: Writer,
    orders: Sequence[ArticleOrder],
    *,
    on_written: Callable[[int, list[Draft]], None],
    on_refused: Callable[[int, Exception], None] | None = None,
    on_progress: ProgressCallback | None = None,
) -> None:
    """Write many articles' candidates together; `on_written` gets the drafts of an order (by its number) when all
    of them are there, in the order of its seeds.

    Orders whose prompts begin with the same context articles, and that are sampled alike, share one pass over the
    context and are decoded in one batch, where a finished text makes room for the next.

    A draft is a function of checkpoint, request and its own seed on a given machine: its random numbers are its own,
    and its logits do not hang on the drafts written beside it but for rounding (see `generator.decoding`).

    `on_progress` is called with the tokens done and the most that there may be, at once, at least once a second
    unless a single step takes longer, and at the end. What it raises ends the writing.

    Raises:
        PromptTooLongError: a title and subtitle leave no room to write, and nothing is written then; with `on_refused`
            that is told instead, by the order's number, and the others are written.
    """
    tasks = []
    for number, order in enumerate(orders):
        try:
            tasks.append(_prepare(writer, order, number))
        except PromptTooLongError as error:
            if on_refused is None:
                raise
            on_refused(number, error)
        else:
            if not order.seeds:
                on_written(number, [])
    groups: dict[Hashable, list[WritingTask]] = {}
    for task in tasks:
        if task.seeds:
            groups.setdefault((task.prefix, task.request.sampling), []).append(task)
    if not groups:
        return
    progress = Progress(on_progress, total=sum(task.limit * len(task.seeds) for task in tasks))
    with torch.inference_mode():
        for group in groups.values():
            batch = WritingBatch(writer.checkpoint, group, on_written=on_written, progress=progress)
            batch.write()
    progress.end()


def _prepare(writer: Writer, order: ArticleOrder, number: int) -> WritingTask:
    request, checkpoint = order.request, writer.checkpoint
    limit = find_token_limit(writer, request)
    text, context, n_context = _make_prompt(writer, request, limit=limit)
    prompt = checkpoint.encode_prompt(text)
    return WritingTask(
        number=number,
        request=request,
        seeds=order.seeds,
        limit=limit,
        prefix=find_prefix(prompt, checkpoint.encode_prompt(context)),
        prompt=tuple(prompt),
        prompt_sha256=hashlib.sha256(text.encode()).hexdigest(),
        model_version="; ".join(filter(None, (writer.version, checkpoint.decoder.engine))),
        n_context=n_context,
    )


def find_prefix(prompt: Sequence[int], context: Sequence[int]) -> tuple[int, ...]:
    """The tokens with which the prompt of every article of the same context begins: shared by both, but not all.

    A function of the article's own prompt alone, so that its texts do not hang on what is written beside it; for the
    same reason whole blocks of keys, so that no sum begins elsewhere for another row's sake.
    """
    shared = 0
    while shared < min(len(prompt) - 1, len(context)) and prompt[shared] == context[shared]:
        shared += 1
    return tuple(prompt[: shared - shared % KEY_BLOCK])


def _make_prompt(writer: Writer, request: ArticleRequest, *, limit: int) -> tuple[str, str, int]:
    """The prompt, the part of it that is the same for every article of its context, and the stories of that."""
    render = partial(writer.checkpoint.render_prompt, conditioned=request.conditioned)
    if not request.conditioned:
        prompt = render(build_unconditional_prompt())
        return prompt, prompt, 0
    fitted = fit_prompt(
        context=request.context,
        title=request.title,
        subtitle=request.subtitle,
        count_tokens=lambda text: writer.count_tokens(render(text)),
        limit=writer.checkpoint.decoder.context - limit - 1,
        instruction=request.instruction,
    )
    kept = request.context[len(request.context) - fitted.n_stories :]
    # another title in place of the article's own: only what comes before it is the same
    shared = build_prompt(context=kept, title="", subtitle="", instruction=request.instruction)
    return render(fitted.text), render(shared), fitted.n_stories
