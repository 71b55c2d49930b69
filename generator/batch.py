"""A batch of articles being written: rows come, draw a token a step, and leave, until every candidate is there."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from generator.article_request import ArticleRequest, Draft
from generator.checkpoint_files import Checkpoint
from generator.fitness import judge_text
from generator.postprocess import cut_next_frame, finish_text
from generator.token_choice import choose_tokens, draw_uniforms, penalise_repetition

FRAME_CHECK_STEPS = 16  # tokens between two looks whether a text has run into the frame of a next story
EARLIEST_END = 0.5  # of the human article's length; small models end many texts after a line, which tells their source
PROGRESS_SECONDS = 0.5

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True)
class WritingTask:
    """An article's candidates to write. `prompt` begins with `prefix`, `limit` is the most tokens of a candidate."""

    number: int
    request: ArticleRequest
    seeds: tuple[int, ...]
    limit: int
    prefix: tuple[int, ...]
    prompt: tuple[int, ...]
    prompt_sha256: str
    model_version: str
    n_context: int

    @property
    def suffix(self) -> tuple[int, ...]:
        return self.prompt[len(self.prefix) :]

    @property
    def earliest_end(self) -> int:
        """The tokens before which the end of text is not drawn."""
        return math.floor(EARLIEST_END * self.limit / self.request.sampling.length_ratio)


class Progress:
    """Tells a callback how many tokens are done, of at most `total`; a text that ends early counts in full."""

    def __init__(self, callback: ProgressCallback | None, *, total: int) -> None:
        self._callback, self._total = callback or (lambda done, total: None), total
        self._done, self._told_at = 0, time.perf_counter()
        self._callback(0, total)

    def add(self, tokens: int) -> None:
        self._done += tokens
        now = time.perf_counter()
        if now - self._told_at >= PROGRESS_SECONDS:
            self._callback(self._done, self._total)
            self._told_at = now

    def end(self) -> None:
        self._callback(self._total, self._total)


@dataclass
class _Row:
    """A candidate that is being written; `uniforms` decide its tokens, one each."""

    task: WritingTask
    place: int  # among the task's seeds
    uniforms: list[float]
    began: float
    tokens: list[int] = field(default_factory=list)


class WritingBatch:
    """The candidates of articles that share a prefix and a way of sampling."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        tasks: Sequence[WritingTask],
        *,
        on_written: Callable[[int, list[Draft]], None],
        progress: Progress,
    ) -> None:
        self._checkpoint, self._on_written, self._progress = checkpoint, on_written, progress
        self._sampling = tasks[0].request.sampling
        self._waiting = deque((task, place) for task in tasks for place in range(len(task.seeds)))
        self._drafts: dict[int, dict[int, Draft]] = {task.number: {} for task in tasks}
        self._rows: list[_Row] = []  # in the order of the decoding session's rows
        self._session = checkpoint.decoder.open(
            tasks[0].prefix,
            rows=len(self._waiting),
            own=max(len(task.suffix) + task.limit for task in tasks),
        )

    def write(self) -> None:
        """Until nobody waits and no row is left."""
        logits = self._admit(None)
        while logits is not None:
            chosen = self._choose(logits)
            for row, token in zip(self._rows, chosen.tolist(), strict=True):
                row.tokens.append(token)
            self._progress.add(len(self._rows))
            going = self._release_finished()
            logits = self._session.step(chosen[going]) if going else None
            logits = self._admit(logits)

    def _admit(self, logits: Tensor | None) -> Tensor | None:
        """Let waiting candidates take the free rows; the logits of all rows, the new ones last."""
        parts = [] if logits is None else [logits]
        while self._waiting and (free := self._session.count_free()):
            task, _ = self._waiting[0]
            rows = []
            while self._waiting and self._waiting[0][0] is task and len(rows) < free:
                rows.append(self._begin_row(*self._waiting.popleft()))
            parts.append(self._session.admit(task.suffix, rows=len(rows)).expand(len(rows), -1))
            self._rows += rows
        return torch.cat(parts) if parts else None

    def _begin_row(self, task: WritingTask, place: int) -> _Row:
        uniforms = draw_uniforms(seed=task.seeds[place], count=task.limit).tolist()
        return _Row(task, place, uniforms, began=time.perf_counter())

    def _choose(self, logits: Tensor) -> Tensor:
        sampling, end = self._sampling, self._checkpoint.codec.end_of_text
        if sampling.repetition_penalty != 1:
            drawn = [row.tokens for row in self._rows]
            logits = penalise_repetition(logits, drawn, penalty=sampling.repetition_penalty)
        if end is not None:
            too_early = [place for place, row in enumerate(self._rows) if len(row.tokens) < row.task.earliest_end]
            logits[too_early, end] = -math.inf
        uniforms = torch.tensor([row.uniforms[len(row.tokens)] for row in self._rows], dtype=torch.float64)
        return choose_tokens(
            logits,
            uniforms.to(logits.device),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k,
        )

    def _release_finished(self) -> list[int]:
        """End the rows that are finished; the numbers that the others had, in their new order."""
        going = list(range(len(self._rows)))
        for number in reversed(range(len(self._rows))):
            row = self._rows[number]
            length = self._find_length(row)
            if length is None:
                continue
            self._store(row, length=length)
            self._session.release(number)
            for held in (going, self._rows):  # as in the session, the last takes its place
                held[number] = held[-1]
                held.pop()
        return going

    def _find_length(self, row: _Row) -> int | None:
        """The tokens of a text that has come to its end, without the mark of the end; None while it goes on."""
        if row.tokens[-1] == self._checkpoint.codec.end_of_text:
            return len(row.tokens) - 1
        if len(row.tokens) == row.task.limit:
            return len(row.tokens)
        if len(row.tokens) % FRAME_CHECK_STEPS == 0:
            text = self._checkpoint.decode_answer(row.tokens)
            if cut_next_frame(text)[1] or any(mark in text for mark in self._sampling.stop):
                return len(row.tokens)
        return None

    def _store(self, row: _Row, *, length: int) -> None:
        task = row.task
        self._progress.add(task.limit - len(row.tokens))
        drafts = self._drafts[task.number]
        drafts[row.place] = self._make_draft(row, length=length)
        if len(drafts) == len(task.seeds):
            self._on_written(task.number, [drafts[place] for place in range(len(drafts))])

    def _make_draft(self, row: _Row, *, length: int) -> Draft:
        raw, was_stopped = cut_at_mark(self._checkpoint.decode_answer(row.tokens[:length]), marks=self._sampling.stop)
        hit_limit = length == row.task.limit and not was_stopped
        finished, request = finish_text(raw, hit_limit=hit_limit), row.task.request
        references = request.list_references(self._checkpoint.training)
        verdict = judge_text(finished, references=references, rules=request.rules)
        return Draft(
            seed=row.task.seeds[row.place],
            text=finished.text,
            flags=verdict.flags,
            is_fit=verdict.is_fit,
            measures=verdict.measures,
            n_tokens=length,
            seconds=time.perf_counter() - row.began,
            prompt_sha256=row.task.prompt_sha256,
            model_version=row.task.model_version,
            n_context=row.task.n_context,
        )


def cut_at_mark(text: str, *, marks: Sequence[str]) -> tuple[str, bool]:
    """The text before the first of the stop marks, and whether there was one."""
    places = [place for mark in marks if (place := text.find(mark)) >= 0]
    return (text[: min(places)], True) if places else (text, False)
