"""Candidates from an OpenAI-compatible server: the same requests over HTTP, to its completions or its chat endpoint.

A text is the same by its seed only as far as the server keeps that promise; what came is what is stored.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import httpx

from generator.article_request import MOST_STOP_MARKS, ArticleOrder, ArticleRequest, Draft
from generator.fitness import judge_text
from generator.pacing import RateLimits
from generator.postprocess import finish_text
from generator.prompts import build_messages, build_prompt, build_unconditional_prompt, cut_leading_frame
from generator.remote_server import Caller, Ledger, RemoteError, Server, TokenCount, read_usage

__all__ = ["Ledger", "RateLimits", "RemoteError", "RemoteWriter", "Server", "TokenCount", "write_remote_candidates"]

PARALLEL = 8  # requests of one article at once
PROGRESS_SECONDS = 0.5
PARTS = 1000  # of an article, in the progress of many
SEED_RANGE = 2**31  # servers differ in the seeds they take; all take these
TOKENS_PER_WORD = 1.4  # of English news, where a server counts no tokens
CHARACTERS_PER_TOKEN = 2  # fewer than any usual tokenizer's, to be sure of a prompt's size before it is counted
STOP_MARKS = ("\nTitle:", "\nSubtitle:")

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True)
class RemoteWriter:
    """A model of a server, asked through its chat endpoint or by plain continuation of the prompt.

    `ledger`, where there is one, allows what is spent and is told of it.
    """

    server: Server
    model: str
    is_chat: bool = False
    ledger: Ledger | None = None

    @property
    def name(self) -> str:
        return self.model

    def write(
        self, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
    ) -> list[Draft]:
        """One draft a seed; see `write_remote_candidates`."""
        return write_remote_candidates(self, request, seeds=seeds, on_progress=on_progress)

    def write_all(
        self,
        orders: Sequence[ArticleOrder],
        *,
        on_written: Callable[[int, list[Draft]], None],
        on_refused: Callable[[int, Exception], None] | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> None:
        """Many articles, one after another; `on_written` gets the drafts of each by its number.

        `on_refused` is never told: what a server refuses is raised, for it would refuse the next one as well.
        """
        tell = on_progress or (lambda done, total: None)
        for number, order in enumerate(orders):

            def show(done: int, limit: int, *, number: int = number) -> None:
                tell(round(PARTS * (number + done / limit)), PARTS * len(orders))

            on_written(number, self.write(order.request, seeds=order.seeds, on_progress=show))


def write_remote_candidates(
    writer: RemoteWriter, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
) -> list[Draft]:
    """One draft a seed, in the order of the seeds, each from a request of its own.

    `on_progress` is called at least once a second with the tokens done a draft, as far as finished drafts show, and
    their limit. What it raises ends the writing.

    Raises:
        RemoteError: the server refused, or gave no answer in all its attempts.
        Exception: what the ledger raises when it will not pay.
    """
    if not seeds:
        return []
    report = on_progress or (lambda done, limit: None)
    headers = {"Authorization": f"Bearer {writer.server.key}"} if writer.server.key else {}
    timeout = httpx.Timeout(writer.server.timeout, connect=min(10.0, writer.server.timeout))
    pool = ThreadPoolExecutor(min(PARALLEL, len(seeds)))
    with httpx.Client(base_url=writer.server.url, headers=headers, timeout=timeout) as client:
        calls = _Calls(writer, client, request)
        try:
            report(0, 1)
            calls.reserve_measure()
            room = _wait_for([pool.submit(calls.measure)], on_wait=lambda finished: report(0, 1))[0].result()
            calls.reserve_texts(room, count=len(seeds))
            runs = [pool.submit(calls.write_one, seed=seed, room=room) for seed in seeds]
            limit = room.limit
            _wait_for(runs, on_wait=lambda finished: report(limit * finished // len(runs), limit))
        finally:  # not waited for: a request under way may last as long as the server's time limit
            calls.end()
            pool.shutdown(wait=False, cancel_futures=True)
    report(limit, limit)
    return [run.result() for run in runs]


def _wait_for(runs: list[Future], *, on_wait: Callable[[int], None]) -> list[Future]:
    """Wait for all of them, and tell how many are finished as time goes by; the first failure is raised."""
    pending = set(runs)
    while pending:
        done, pending = wait(pending, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
        for run in done:
            run.result()
        on_wait(len(runs) - len(pending))
    return runs


@dataclass(frozen=True)
class _Room:
    """Tokens of the prompt as the server counts them (at most, where it counts none), and of a candidate at most."""

    prompt: int
    limit: int


def _frame(text: str, *, is_chat: bool, conditioned: bool) -> dict[str, Any]:
    """A prompt in the form of the endpoint."""
    return {"messages": build_messages(text, conditioned=conditioned)} if is_chat else {"prompt": text}


class _Calls:
    """The requests of one article, made from several threads."""

    def __init__(self, writer: RemoteWriter, client: httpx.Client, request: ArticleRequest) -> None:
        self._writer, self._request = writer, request
        path = "chat/completions" if writer.is_chat else "completions"
        self._caller = Caller(writer.server, client, path=path)
        self._url = writer.server.url
        full = build_prompt(
            context=request.context,
            title=request.title,
            subtitle=request.subtitle,
            instruction=request.instruction,
        )
        self._full = full  # what the model's tokens are counted on, also for the control
        own = full if request.conditioned else build_unconditional_prompt()
        self._prompt = _frame(own, is_chat=writer.is_chat, conditioned=request.conditioned)

    def reserve_measure(self) -> None:
        self._reserve(self._bound_measure())

    def reserve_texts(self, room: _Room, *, count: int) -> None:
        self._reserve(TokenCount(room.prompt * count, room.limit * count))

    def _reserve(self, most: TokenCount) -> None:
        if self._writer.ledger is not None:
            self._writer.ledger.reserve(most)

    def end(self) -> None:
        """Let nobody wait or try again, and settle what was spent."""
        self._caller.stop()
        if self._writer.ledger is not None:
            self._writer.ledger.settle(self._caller.spending.total)

    def _bound_measure(self) -> TokenCount:
        return TokenCount(len(json.dumps(self._full)) // CHARACTERS_PER_TOKEN + 100, 1)

    def measure(self) -> _Room:
        """The room of a candidate: words of the human article × length_ratio × the server's tokens a word.

        The server's own count of the conditioned prompt, asked for with a continuation of one token, gives the ratio.
        """
        request, sampling, most = self._request, self._request.sampling, self._bound_measure()
        form = _frame(self._full, is_chat=self._writer.is_chat, conditioned=True)
        usage = read_usage(self._ask({**form, "max_tokens": 1}, most=most))
        words = len(self._full.split())
        per_word = max(1.0, usage.prompt / words) if usage and usage.prompt else TOKENS_PER_WORD
        limit = math.ceil(request.target_words * sampling.length_ratio * per_word)
        prompt = usage.prompt if usage and usage.prompt else most.prompt
        return _Room(prompt=prompt, limit=limit if sampling.max_tokens is None else min(limit, sampling.max_tokens))

    def write_one(self, *, seed: int, room: _Room) -> Draft:
        began = time.perf_counter()
        sampling = self._request.sampling
        settings = {
            "max_tokens": room.limit,
            "seed": seed % SEED_RANGE,
            "stop": [*sampling.stop, *STOP_MARKS][:MOST_STOP_MARKS],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            **({"top_k": sampling.top_k} if sampling.top_k else {}),  # not OpenAI's own, but of most that follow it
            **({"repetition_penalty": sampling.repetition_penalty} if sampling.repetition_penalty != 1 else {}),
        }
        answer = self._ask({**self._prompt, **settings}, most=TokenCount(room.prompt, room.limit))
        try:
            choice = answer["choices"][0]
            raw = choice["message"]["content"] if self._writer.is_chat else choice["text"]
        except (KeyError, IndexError, TypeError):
            raise RemoteError(f"{self._url}: an answer without a text: {str(answer)[:300]}") from None
        raw = cut_leading_frame(raw or "")
        finished = finish_text(raw, hit_limit=choice.get("finish_reason") == "length")
        verdict = judge_text(finished, references=self._request.list_references(), rules=self._request.rules)
        usage = read_usage(answer)
        prompt = self._prompt.get("prompt") or json.dumps(self._prompt)
        return Draft(
            seed=seed,
            text=finished.text,
            flags=verdict.flags,
            is_fit=verdict.is_fit,
            measures=verdict.measures,
            n_tokens=usage.completion if usage and usage.completion else round(len(raw.split()) * TOKENS_PER_WORD),
            seconds=time.perf_counter() - began,
            prompt_sha256=hashlib.sha256(prompt.encode()).hexdigest(),
            prompt_tokens=usage.prompt if usage else None,
            model_version=str(answer.get("model") or ""),
            n_context=len(self._request.context) if self._request.conditioned else 0,
        )

    def _ask(self, body: dict[str, Any], *, most: TokenCount) -> dict[str, Any]:
        return self._caller.ask({"model": self._writer.model, **body}, most=most)
