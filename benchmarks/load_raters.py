"""Whole participants, many at once: they arrive, agree, read, answer; some leave, send twice, reload or go back.

They are the bots of `studyapp.simulated.simulation` with the cast of a rehearsal, without its pauses, and they remember
what they sent, so that it can be compared with what was stored. The same bots read a peer's pages.
"""

import itertools
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.load_client import Log, QuickClient
from benchmarks.load_shape import Load
from studyapp.domain.rehearsal_cast import Cast, draw_character
from studyapp.domain.seeds import derive_seed
from studyapp.simulated.simulation import Page, SimulatedParticipant, SimulationError, TrialTruth

ITEMS = 25
WARM_SECONDS = 3.0  # the first pages of a fresh server compile its templates
MOST_AT_ONCE = 512  # of an open loop, where a slow server lets a crowd gather


class TimeUpError(Exception):
    """The measurement is over; whoever is still at work stops."""


@dataclass
class Outcome:
    """What the raters did: the answers that a server has taken, with the moment at which the next page was there.

    `sent` is the first judgment that was sent of each trial; `begun` and `ended` bound the measured time.
    """

    log: Log = field(default_factory=Log)
    answered: list[tuple[float, float]] = field(default_factory=list)  # when, and the seconds it took
    sent: dict[str, int] = field(default_factory=dict)
    finished: int = 0
    left: int = 0
    begun: float = 0.0
    ended: float = 0.0
    client_cpu_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        return self.ended - self.begun


class KnowsNothing:
    """Raters who guess: what a text is does not matter here, and asking the database would cost the server's cores."""

    solution = "42"

    def find_trial(self, code: str) -> TrialTruth:
        return TrialTruth(source="human", accuracy=0.5)

    def find_right_choices(self) -> tuple[int, ...]:
        return ()


class LoadRater(SimulatedParticipant):
    """A simulated participant who writes down what was sent, and stops when the time is up."""

    def __init__(self, client: QuickClient, *, outcome: Outcome, until: float, **others: Any) -> None:
        super().__init__(client, truth=KnowsNothing(), **others)
        self._outcome = outcome
        self._until = until
        self._counted: dict[str, object] = {}

    def _answer(self, page: Page) -> Page:
        if time.perf_counter() > self._until:
            raise TimeUpError
        return super()._answer(page)

    def _judge(self, page: Page) -> dict[str, str]:
        answer = super()._judge(page)
        self._outcome.sent[page.url] = int(next(iter(answer.values())))
        return answer

    def _post(self, page: Page, **answers: str) -> Page:
        begun = time.perf_counter()
        following = super()._post(page, **answers)
        mine = object()
        if (
            "judgment" in page.choices
            and following.url != page.url
            and self._counted.setdefault(page.url, mine) is mine
        ):
            now = time.perf_counter()
            self._outcome.answered.append((now, now - begun))
        return following


class PeerRater(LoadRater):
    """One who answers page after page, of a site that has no others."""

    def take_part(self, *, answered_before: int = 0) -> None:
        page = self._get(self._entry)
        while "judgment" in page.choices:
            if self._character.stops_after == self.answers:
                return
            page = self._answer(page)


@dataclass(frozen=True)
class Site:
    """Where raters go: a rater's entry by their number (from 1), and who walks there."""

    url: str
    find_entry: Callable[[int], str]
    rater: type[LoadRater] = LoadRater
    name_page: Callable[[str], str] | None = None


def send_raters(site: Site, load: Load, *, cast: Cast | None = None) -> Outcome:
    """Send raters as the load says; what they saw. Errors end one rater's way and are written down."""
    outcome = Outcome()
    numbers = itertools.count(1)
    dry = threading.Event()
    begun, cpu = time.perf_counter(), time.process_time()
    until = begun + load.seconds
    outcome.begun, outcome.ended = begun + min(WARM_SECONDS, load.seconds / 3), until

    def come(number: int) -> None:
        _send(site, load, number, outcome=outcome, cast=cast or Cast(), until=until)

    def keep_coming() -> None:
        while time.perf_counter() < until:
            number = next(numbers)
            if number > load.raters:
                if not dry.is_set():
                    dry.set()
                    outcome.ended = min(outcome.ended, time.perf_counter())
                return
            come(number)

    with ThreadPoolExecutor(MOST_AT_ONCE if load.arrivals else load.at_once) as pool:
        if load.arrivals:
            _let_arrive(pool, come, load, until=until)
        else:
            for run in [pool.submit(keep_coming) for _ in range(load.at_once)]:
                run.result()
    outcome.client_cpu_seconds = time.process_time() - cpu
    if outcome.ended <= outcome.begun:  # all had come before the server was warm
        outcome.begun = begun
    return outcome


def _let_arrive(pool: ThreadPoolExecutor, come: Callable[[int], None], load: Load, *, until: float) -> None:
    """An open loop: arrivals at random moments, whether those before are done or not."""
    rng = random.Random(load.seed)
    for number in range(1, load.raters + 1):
        time.sleep(rng.expovariate(load.arrivals))
        if time.perf_counter() > until:
            return
        pool.submit(come, number)


def _send(site: Site, load: Load, number: int, *, outcome: Outcome, cast: Cast, until: float) -> None:
    character = draw_character(cast, seed=load.seed, number=number, n_items=ITEMS)
    names = {"name_page": site.name_page} if site.name_page else {}
    try:
        with QuickClient(site.url, outcome.log, **names) as client:
            rater = site.rater(
                client,
                outcome=outcome,
                until=until,
                entry=site.find_entry(number),
                rng=random.Random(derive_seed(load.seed, "rater", number)),
                character=character,
            )
            rater.take_part()
            has_left = rater.answers == character.stops_after
            outcome.finished += not has_left
            outcome.left += has_left
    except TimeUpError:
        outcome.left += 1
    except (SimulationError, httpx.HTTPError) as error:
        outcome.log.errors.append(str(error))
