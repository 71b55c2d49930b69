"""The bot of the blinding audit: it takes part in every cell of a copy, and keeps all that the site sends it.

It speaks to the site's own WSGI application, in this process: nothing of a network stands between, so that what it
measures is the site's. What is drawn anew for every answer is masked; all else is compared in `domain.blinding_audit`.
"""

import html
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler, get_script_name
from django.urls import set_script_prefix

from studyapp.actions.blinding import exchange_text
from studyapp.domain.blinding_audit import Exchange, Sent
from studyapp.domain.blinding_codes import TrialCode
from studyapp.domain.rehearsal_cast import Cast, Character
from studyapp.models import Arm, Participant, Study, Trial
from studyapp.passes import sign_pass
from studyapp.simulated.crowd import read_truth
from studyapp.simulated.simulation import Page, SimulatedParticipant

SOURCES = ("human", "model")
REPEATS = 4  # fetches of a page with either source
LEFT_OUT = frozenset({"x-request-id", "date", "content-length"})  # the size is compared by itself
_TOKEN = re.compile(r"[A-Za-z0-9_:.=-]{40,}")  # signed, or drawn anew for every answer
_NONCE = re.compile(r"'nonce-[^']+'")
_COOKIE = re.compile(r"^(csrftoken=)[^;]*|expires=[^;]*")
Progress = Callable[[int, int], None]


class Site(WSGIHandler):
    """The site as a server calls it, on the database connection of whoever asks: that of a server is closed after."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        set_script_prefix(get_script_name(environ))
        response = self.get_response(self.request_class(environ))
        cookies = (("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values())
        start_response(f"{response.status_code} {response.reason_phrase}", [*response.items(), *cookies])
        return [b"".join(response)]


@dataclass
class Walk:
    """Everything that the bot was sent: as dealt, and of each trial with either source in turns."""

    sent: list[Sent] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    codes: list[TrialCode] = field(default_factory=list)


@dataclass(frozen=True)
class _Raw:
    """An answer as it came, with the arm of whom it was for."""

    arm: str
    response: httpx.Response
    seconds: float = 0.0


class PageWalker:
    """Walks a copy. `app` and `clock` are the site and the time, which a test can bend."""

    def __init__(
        self,
        copy: Study,
        *,
        repeats: int = REPEATS,
        app: Callable[..., Any] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._copy = copy
        self._repeats = repeats
        self._app = app or Site()
        self._clock = clock
        self._walk = Walk()

    def walk(self, on_done: Progress | None = None) -> Walk:
        """Take part once in every cell, on every page.

        Raises:
            SimulationError, httpx.HTTPError: a page was refused, or is not one that a participant should see.
        """
        cells = self._copy.places.count()
        for number in range(1, cells + 1):
            self._take_part(number)
            if on_done:
                on_done(number, cells)
        trials = Trial.objects.filter(participant__study=self._copy).order_by("pk")
        self._walk.codes = [
            TrialCode(trial.code, trial.participant.code, trial.position, _find_source(trial), trial.stimulus.code)
            for trial in trials.select_related("participant", "stimulus")
        ]
        return self._walk

    def _take_part(self, number: int) -> None:
        scheme = "https" if settings.HTTPS else "http"
        signed = sign_pass(self._copy, platform="simulated", name=str(number))
        entry = str(httpx.URL(f"{scheme}://localhost/s/{self._copy.slug}/", params={"simulated": signed}))
        raw: list[_Raw] = []
        transport = httpx.WSGITransport(app=self._app)
        headers = {"X-Forwarded-Proto": scheme} if settings.HTTPS else {}
        keep = {"response": [lambda response: raw.append(_Raw("", response))]}
        with (
            httpx.Client(transport=transport, follow_redirects=True, headers=headers, event_hooks=keep) as client,
            httpx.Client(transport=transport, headers=headers) as fetching,
        ):
            participant = SimulatedParticipant(
                client,
                entry=entry,
                truth=read_truth(self._copy, cast=Cast(), seed=number),
                rng=random.Random(number),
                character=Character(),
            )
            participant.on_item = lambda page: self._exchange(page, client, fetching)
            participant.take_part()
        self._keep_dealt(raw)

    def _exchange(self, page: Page, client: httpx.Client, fetching: httpx.Client) -> None:
        """Fetch the page with either source in turns, and leave the trial as it was dealt."""
        trial = Trial.objects.select_related("stimulus", "participant__assignment__arm").get(code=page.code)
        arm = trial.participant.assignment.arm.name
        dealt = _find_source(trial)
        turns = SOURCES if trial.pk % 2 else SOURCES[::-1]
        fetching.cookies = client.cookies
        fetching.get(page.url)  # whatever only the first fetch does is done
        sent = []
        for _ in range(self._repeats):
            for source in turns:
                exchange_text(trial, source=source)
                started = self._clock()
                response = fetching.get(page.url)
                raw = _Raw(arm, response, self._clock() - started)
                sent.append(_describe(raw, place=("item", trial.position, 0), source=source, masks=(trial.code,)))
        exchange_text(trial, source=dealt)
        self._walk.exchanges.append(Exchange(trial=trial.code, sent=tuple(sent)))

    def _keep_dealt(self, raw: list[_Raw]) -> None:
        """What was sent on the way before the debriefing, which tells the truth."""
        participant = Participant.objects.select_related("assignment__arm").filter(study=self._copy).latest("pk")
        trials = participant.trials.select_related("stimulus__item__article", "stimulus__arm")
        by_code = {trial.code: trial for trial in trials}
        masks = [
            *by_code,
            *(html.escape(text) for t in by_code.values() for text in _list_titles(t) if text),
        ]
        seen: Counter[tuple[str, int, str]] = Counter()
        for answer in raw:
            response = answer.response
            parts = response.url.path.strip("/").split("/")[2:]
            if parts[:1] == ["debriefing"]:
                return
            trial = by_code.get(parts[1]) if len(parts) > 1 else None
            method = response.request.method
            step = f"{method} {'/'.join(part for part in parts if part not in by_code) or 'entry'}"
            position = trial.position if trial else 0
            seen[step, position, ""] += 1
            if trial is None and step == "GET continue":
                continue  # it only leads on; where to is told by the answer before and the page after
            self._walk.sent.append(
                _describe(
                    _Raw(participant.assignment.arm.name, response),
                    place=(step, position, seen[step, position, ""]),
                    source=_find_source(trial) if trial else "",
                    masks=masks,
                )
            )


def _find_source(trial: Trial) -> str:
    """Whose text the page shows; of a pair, whose stands first."""
    return trial.first or ("human" if trial.stimulus.arm_id is None else "model")


def _list_titles(trial: Trial) -> tuple[str, str]:
    article = trial.stimulus.item.article
    return article.title, article.subtitle


def _describe(raw: _Raw, *, place: tuple[str, int, int], source: str, masks: Any) -> Sent:
    response = raw.response
    response.read()

    def mask(text: str) -> str:
        for secret in sorted(masks, key=len, reverse=True):
            text = text.replace(secret, "~")
        return _TOKEN.sub("~", _NONCE.sub("~", text))

    pairs = response.headers.multi_items()
    url = str(response.url)
    if "simulated=" in url:
        url = url.partition("?")[0]  # the pass by which the bot comes in
    return Sent(
        place=place,
        source=source,
        arm=raw.arm,
        url=mask(f"{response.status_code} {url}"),
        headers=tuple(sorted(mask(f"{n}: {v}") for n, v in pairs if n.lower() not in LEFT_OUT and n != "set-cookie")),
        cookies=tuple(sorted(mask(_COOKIE.sub(r"\1", v)) for n, v in pairs if n == "set-cookie")),
        body=mask(response.text),
        size=len(response.content),
        seconds=raw.seconds,
    )


def list_names(copy: Study) -> dict[str, list[str]]:
    """What each arm is called: by us, for people, and by those who made its model."""
    return {arm.name: [arm.name, arm.label, arm.generator, _shorten(arm)] for arm in copy.arms.all()}


def _shorten(arm: Arm) -> str:
    return arm.generator.rpartition(":")[2].rpartition("/")[2]


def list_secrets(copy: Study) -> list[str]:
    """The codes of the texts, and the seeds that made them."""
    stimuli = copy.items.values_list("stimuli__code", "stimuli__candidate__seed")
    return [str(value) for row in stimuli for value in row if value is not None and len(str(value)) > 5]
