"""A writer: a checkpoint that is open, and the candidates it writes for an article."""

import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path

import torch
from torch import Tensor

from generator.article_request import ArticleRequest, Draft
from generator.checkpoint_files import Checkpoint, open_own_checkpoint
from generator.devices import limit_threads, pick_device
from generator.model_card import has_card
from generator.postprocess import cut_next_frame, finish_text
from generator.prompts import PromptTooLongError, build_prompt, build_unconditional_prompt, fit_prompt
from generator.token_choice import choose_tokens, draw_uniforms

FRAME_CHECK_STEPS = 16  # tokens between two looks whether a text has run into the frame of a next story
EARLIEST_END = 0.5  # of the human article's length; small models end many texts after a line, which tells their source
PROGRESS_SECONDS = 0.5
OPEN_WRITERS = 4  # kept a process; a worker has a few arms' models in turn

ProgressCallback = Callable[[int, int], None]


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
        drafts = write_candidates(self, request, seeds=seeds, on_progress=on_progress)
        return [replace(draft, model_version=self.version) for draft in drafts]


def open_writer(checkpoint: str | Path, *, device: str | None = None, chat: bool = False) -> Writer:
    """The writer of a checkpoint; kept open in this process, and opened anew when the checkpoint is replaced.

    With `chat` the model is asked by its own chat template and answers, instead of continuing the prompt.

    Raises:
        CheckpointError: the folder is no checkpoint, or has no chat template.
    """
    path = Path(checkpoint).resolve()
    config = path / "config.json"
    return _open_writer(path, device, chat, config.stat().st_mtime_ns if config.is_file() else 0)


@lru_cache(maxsize=OPEN_WRITERS)
def _open_writer(path: Path, device: str | None, chat: bool, written_at: int) -> Writer:
    limit_threads()
    if has_card(path) and not chat:
        return Writer(name=path.name, checkpoint=open_own_checkpoint(path, device=pick_device(device)))
    from generator.checkpoints import open_checkpoint  # only here: transformers takes seconds to import

    return Writer(name=path.name, checkpoint=open_checkpoint(path, device=pick_device(device), chat=chat))


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
    bare = build_prompt(context=(), title=request.title, subtitle=request.subtitle)
    frame = writer.count_tokens(writer.checkpoint.render_prompt(bare, conditioned=request.conditioned))
    room = writer.checkpoint.decoder.context - frame - 1  # one for the mark before the prompt
    if room < 1:
        raise PromptTooLongError(f"title and subtitle take {frame} tokens and leave {writer.name} no room to write")
    return min(limit, room)


def write_candidates(
    writer: Writer, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
) -> list[Draft]:
    """One draft a seed, in the order of the seeds.

    A draft is a function of checkpoint, request and its own seed on a given machine: its random numbers are its own,
    and its logits do not hang on the drafts written beside it (see `generator.decoding`).

    `on_progress` is called with the tokens done a draft and their limit, at once, at least once a second unless a
    single step takes longer, and at the end. What it raises ends the writing.

    Raises:
        PromptTooLongError: title and subtitle leave no room to write.
    """
    if not seeds:
        return []
    limit = find_token_limit(writer, request)
    text = _make_prompt(writer, request, limit=limit)
    prompt = writer.checkpoint.encode_prompt(text)
    batch = _Batch(writer.checkpoint, request, seeds=seeds, limit=limit)
    report = on_progress or (lambda done, limit: None)
    report(0, limit)
    with torch.inference_mode():
        batch.write(prompt, report)
    report(limit, limit)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return [batch.make_draft(row, prompt_sha256=digest) for row in range(len(seeds))]


def _make_prompt(writer: Writer, request: ArticleRequest, *, limit: int) -> str:
    render = partial(writer.checkpoint.render_prompt, conditioned=request.conditioned)
    if not request.conditioned:
        return render(build_unconditional_prompt())
    fitted = fit_prompt(
        context=request.context,
        title=request.title,
        subtitle=request.subtitle,
        count_tokens=lambda text: writer.count_tokens(render(text)),
        limit=writer.checkpoint.decoder.context - limit - 1,
    )
    return render(fitted.text)


class _Batch:
    """The candidates of one call, decoded together; a finished one leaves and costs no more."""

    def __init__(self, checkpoint: Checkpoint, request: ArticleRequest, *, seeds: Sequence[int], limit: int) -> None:
        self._checkpoint, self._seeds, self._limit = checkpoint, seeds, limit
        self._sampling, self._context = request.sampling, request.list_context_bodies()
        self._earliest_end = math.floor(EARLIEST_END * limit / request.sampling.length_ratio)  # tokens
        self._uniforms = torch.stack([draw_uniforms(seed=seed, count=limit) for seed in seeds])
        self._tokens = torch.zeros(len(seeds), limit, dtype=torch.long)
        self._lengths = [limit] * len(seeds)  # tokens, without the end of text
        self._hit_limit = [True] * len(seeds)
        self._seconds = [0.0] * len(seeds)

    def write(self, prompt: list[int], report: ProgressCallback) -> None:
        began = reported = time.perf_counter()
        active = torch.arange(len(self._seeds))
        session, logits = self._checkpoint.decoder.start(prompt, rows=len(active), max_new=self._limit)
        logits = logits.expand(len(active), -1)
        for step in range(self._limit):
            chosen = self._choose(logits, active, step)
            self._tokens[active, step] = chosen
            going = self._find_going(active, chosen, step)
            now = time.perf_counter()
            if not going.all():
                for row in active[~going].tolist():
                    self._seconds[row] = now - began
                active, chosen = active[going], chosen[going]
                if not len(active):
                    return
                session.keep_rows(going.nonzero().flatten())
            if now - reported >= PROGRESS_SECONDS:
                report(step + 1, self._limit)
                reported = now
            if step + 1 < self._limit:
                logits = session.step(chosen)
        for row in active.tolist():
            self._seconds[row] = time.perf_counter() - began

    def _choose(self, logits: Tensor, active: Tensor, step: int) -> Tensor:
        sampling, end = self._sampling, self._checkpoint.codec.end_of_text
        if end is not None and step < self._earliest_end:
            logits = logits.index_fill(1, torch.tensor([end]), float("-inf"))
        return choose_tokens(
            logits,
            self._uniforms[active, step],
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
        )

    def _find_going(self, active: Tensor, chosen: Tensor, step: int) -> Tensor:
        """Which of the active rows go on after this step; notes the length of those that do not."""
        end = self._checkpoint.codec.end_of_text
        going = torch.ones(len(active), dtype=torch.bool) if end is None else chosen != end
        for row in active[~going].tolist():
            self._end(row, length=step)
        if (step + 1) % FRAME_CHECK_STEPS == 0:
            for place, row in enumerate(active.tolist()):
                if going[place] and cut_next_frame(self._decode(row, step + 1))[1]:
                    self._end(row, length=step + 1)
                    going[place] = False
        return going

    def _end(self, row: int, *, length: int) -> None:
        self._lengths[row], self._hit_limit[row] = length, False

    def _decode(self, row: int, length: int) -> str:
        return self._checkpoint.decode_answer(self._tokens[row, :length].tolist())

    def make_draft(self, row: int, *, prompt_sha256: str) -> Draft:
        raw = self._decode(row, self._lengths[row])
        finished = finish_text(raw, hit_limit=self._hit_limit[row], context=self._context)
        return Draft(
            seed=self._seeds[row],
            text=finished.text,
            flags=finished.flags,
            n_tokens=self._lengths[row],
            seconds=self._seconds[row],
            prompt_sha256=prompt_sha256,
        )
