"""Candidates from an OpenAI-compatible server: the same requests over HTTP, to its completions or its chat endpoint.

A text is the same by its seed only as far as the server keeps that promise; what came is what is stored.
"""

import hashlib
import json
import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from generator.article_request import ArticleRequest, Draft
from generator.postprocess import finish_text
from generator.prompts import build_prompt, build_unconditional_prompt

RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
FIRST_WAIT, LONGEST_WAIT = 0.5, 120.0  # seconds before an attempt is repeated; doubled each time
PARALLEL = 8  # requests of one article at once
PROGRESS_SECONDS = 0.5
SEED_RANGE = 2**31  # servers differ in the seeds they take; all take these
TOKENS_PER_WORD = 1.4  # of English news, where a server counts no tokens
STOP_MARKS = ("\nTitle:", "\nSubtitle:")
CHAT_INSTRUCTION = (
    "You write newspaper articles. You are given earlier articles and then the title and the subtitle of a new one. "
    "Answer with the text of the new article and nothing else: no title, no label, no comment."
)
CHAT_CONTROL_INSTRUCTION = "Write a newspaper article. Answer with its text and nothing else."
_LEADING_FRAME = re.compile(r"\A\s*(?:Title:[^\n]*\n\s*)?(?:Subtitle:[^\n]*\n\s*)?Article:\s*")

ProgressCallback = Callable[[int, int], None]


class RemoteError(RuntimeError):
    """The server cannot be reached, or refused; the message holds its address and what it said."""


@dataclass(frozen=True)
class Server:
    """An OpenAI-compatible server. `url` ends before `/completions` (as http://host:8000/v1); times are in seconds."""

    url: str
    key: str = ""
    timeout: float = 300.0
    attempts: int = 6

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ValueError(f"the server's address must begin with http:// or https://, not {self.url!r}")


@dataclass(frozen=True)
class RemoteWriter:
    """A model of a server, asked through its chat endpoint or by plain continuation of the prompt."""

    server: Server
    model: str
    is_chat: bool = False

    @property
    def name(self) -> str:
        return self.model

    def write(
        self, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
    ) -> list[Draft]:
        """One draft a seed; see `write_remote_candidates`."""
        return write_remote_candidates(self, request, seeds=seeds, on_progress=on_progress)


def write_remote_candidates(
    writer: RemoteWriter, request: ArticleRequest, *, seeds: Sequence[int], on_progress: ProgressCallback | None = None
) -> list[Draft]:
    """One draft a seed, in the order of the seeds, each from a request of its own.

    `on_progress` is called at least once a second with the tokens done a draft, as far as finished drafts show, and
    their limit. What it raises ends the writing.

    Raises:
        RemoteError: the server refused, or gave no answer in all its attempts.
    """
    if not seeds:
        return []
    report = on_progress or (lambda done, limit: None)
    prompt = _build_body(writer, request)
    headers = {"Authorization": f"Bearer {writer.server.key}"} if writer.server.key else {}
    timeout = httpx.Timeout(writer.server.timeout, connect=min(10.0, writer.server.timeout))
    pool = ThreadPoolExecutor(min(PARALLEL, len(seeds)))
    with httpx.Client(base_url=writer.server.url, headers=headers, timeout=timeout) as client:
        calls = _Calls(writer, client, request)
        try:
            report(0, 1)
            limit = _wait_for([pool.submit(calls.find_limit)], on_wait=lambda finished: report(0, 1))[0].result()
            runs = [pool.submit(calls.write_one, prompt, seed=seed, limit=limit) for seed in seeds]
            _wait_for(runs, on_wait=lambda finished: report(limit * finished // len(runs), limit))
        finally:  # not waited for: a request under way may last as long as the server's time limit
            calls.stop()
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


def _build_body(writer: RemoteWriter, request: ArticleRequest) -> dict[str, Any]:
    """What the model is to continue or to answer, in the form of the endpoint."""
    text = (
        build_prompt(context=request.context, title=request.title, subtitle=request.subtitle)
        if request.conditioned
        else build_unconditional_prompt()
    )
    if not writer.is_chat:
        return {"prompt": text}
    if not request.conditioned:
        return {"messages": [{"role": "user", "content": CHAT_CONTROL_INSTRUCTION}]}
    return {"messages": [{"role": "system", "content": CHAT_INSTRUCTION}, {"role": "user", "content": text}]}


class _Calls:
    """The requests of one article, made from several threads."""

    def __init__(self, writer: RemoteWriter, client: httpx.Client, request: ArticleRequest) -> None:
        self._writer, self._client, self._request = writer, client, request
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let nobody wait or try again."""
        self._stopped.set()

    def find_limit(self) -> int:
        """Tokens a candidate may have: words of the human article × length_ratio × the server's tokens a word.

        The server's own count of the conditioned prompt, asked for with a continuation of one token, gives the ratio.
        """
        request, sampling = self._request, self._request.sampling
        text = build_prompt(context=request.context, title=request.title, subtitle=request.subtitle)
        form = {"messages": [{"role": "user", "content": text}]} if self._writer.is_chat else {"prompt": text}
        usage = self._ask({**form, "max_tokens": 1}).get("usage") or {}
        counted = usage.get("prompt_tokens")
        per_word = max(1.0, counted / len(text.split())) if counted else TOKENS_PER_WORD
        limit = math.ceil(request.target_words * sampling.length_ratio * per_word)
        return limit if sampling.max_tokens is None else min(limit, sampling.max_tokens)

    def write_one(self, prompt: dict[str, Any], *, seed: int, limit: int) -> Draft:
        began = time.perf_counter()
        sampling = self._request.sampling
        settings = {
            "max_tokens": limit,
            "seed": seed % SEED_RANGE,
            "stop": list(STOP_MARKS),
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            **({"top_k": sampling.top_k} if sampling.top_k else {}),  # not OpenAI's own, but of most that follow it
        }
        answer = self._ask({**prompt, **settings})
        try:
            choice = answer["choices"][0]
            raw = choice["message"]["content"] if self._writer.is_chat else choice["text"]
        except (KeyError, IndexError, TypeError):
            raise RemoteError(f"{self._client.base_url}: an answer without a text: {str(answer)[:300]}") from None
        raw = _LEADING_FRAME.sub("", raw or "", count=1)
        finished = finish_text(
            raw,
            hit_limit=choice.get("finish_reason") == "length",
            context=self._request.list_context_bodies(),
        )
        usage = answer.get("usage") or {}
        return Draft(
            seed=seed,
            text=finished.text,
            flags=finished.flags,
            n_tokens=int(usage.get("completion_tokens") or round(len(raw.split()) * TOKENS_PER_WORD)),
            seconds=time.perf_counter() - began,
            prompt_sha256=hashlib.sha256((prompt.get("prompt") or json.dumps(prompt)).encode()).hexdigest(),
        )

    def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """One request, repeated while the server is busy, broken or away.

        Raises:
            RemoteError: it refused, or every attempt failed.
        """
        path = "chat/completions" if self._writer.is_chat else "completions"
        address, reason = f"{self._writer.server.url.rstrip('/')}/{path}", ""
        for attempt in range(self._writer.server.attempts):
            pause = min(FIRST_WAIT * 2**attempt, LONGEST_WAIT)
            try:
                answer = self._client.post(path, json={"model": self._writer.model, **body})
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if answer.is_success:
                    return _read_json(answer, address)
                reason = f"{answer.status_code} {' '.join(answer.text.split())[:300]}"
                if answer.status_code not in RETRIED_STATUSES:
                    raise RemoteError(f"{address} refused: {reason}")
                pause = _read_retry_after(answer, otherwise=pause)
            if self._stopped.wait(0 if attempt + 1 == self._writer.server.attempts else pause):
                raise RemoteError(f"{address}: stopped")
        raise RemoteError(f"{address}: no answer in {self._writer.server.attempts} attempts; the last: {reason}")


def _read_json(answer: httpx.Response, address: str) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        raise RemoteError(f"{address}: no JSON; is this the right address? {answer.text[:200]}") from None
    if not isinstance(content, dict):
        raise RemoteError(f"{address}: not an answer of this kind of server: {str(content)[:200]}")
    return content


def _read_retry_after(answer: httpx.Response, *, otherwise: float) -> float:
    """The seconds that a server asks to be left alone, as a number or a date; at most `LONGEST_WAIT`."""
    asked = answer.headers.get("Retry-After", "")
    try:
        seconds = float(asked)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds()
        except (TypeError, ValueError):
            return otherwise
    return min(max(seconds, 0.0), LONGEST_WAIT)
