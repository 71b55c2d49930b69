"""Bots that take a study's questions to the end whatever happens to the server, and keep account of every answer."""

import random
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.load_raters import KnowsNothing, Site
from chaos.ledger import Ledger
from studyapp.domain.rehearsal_cast import Cast, draw_character
from studyapp.domain.seeds import derive_seed
from studyapp.simulated.simulation import Page, SimulatedParticipant

TIMEOUT_SECONDS = 30
PATIENCE = 900.0  # seconds without any page, after which a bot gives up: the server is stuck
AFTER_ENTRY = ("instructions", "item", "questions", "debriefing")  # where a participant can be led
CAST = Cast(dropout=0.0, looker=0.0)  # everybody comes to the end


class CutOffError(Exception):
    """The server is away, or has refused: come back later."""


class NoPlaceError(Exception):
    """The study says that it is full."""


@dataclass(frozen=True)
class Crowd:
    """Who is sent where: `places` bots, of which each has a place, and after them `extras` who find none."""

    site: Site
    ledger: Ledger
    seed: int
    n_items: int
    places: int
    extras: int = 2
    at_once: int = 8
    longest_pause: float = 1.5  # seconds with a text


class Bot(SimulatedParticipant):
    """A participant who remembers what they said, and knows which answers the server has acknowledged."""

    def __init__(self, client: httpx.Client, *, name: str, ledger: Ledger, **others: Any) -> None:
        super().__init__(client, truth=KnowsNothing(), **others)
        self._name = name
        self._ledger = ledger

    def _judge(self, page: Page) -> dict[str, str]:
        self._ledger.show(self._name, page.code)
        (field, judgment), *_ = super()._judge(page).items()
        return {field: str(self._ledger.choose(page.code, int(judgment)))}

    def _post(self, page: Page, **answers: Any) -> Page:
        if "judgment" in answers and page.step == "item":
            self._ledger.send(self._name, page.code, int(answers["judgment"]))
        following = super()._post(page, **answers)
        if following.step == "consent" and "arrival" not in following.fields:
            raise NoPlaceError(" ".join(following.text.split())[:200])
        return following


class Sending:
    """A crowd on its way, in threads of its own."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(crowd.at_once)
        self._runs: list[Future] = []

    def start(self) -> None:
        self._send(range(1, self._crowd.places + 1))

    def is_done(self) -> bool:
        """Whether everybody has come back. Those without a place are sent when the others are done.

        Raises:
            Exception: what a bot has met that is no fault of ours.
        """
        if not all(run.done() for run in self._runs):
            return False
        for run in self._runs:
            run.result()
        if len(self._runs) == self._crowd.places and self._crowd.extras:
            self._send(range(self._crowd.places + 1, self._crowd.places + self._crowd.extras + 1))
            return False
        return True

    def stop(self) -> None:
        self._ended.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _send(self, numbers: Iterable[int]) -> None:
        self._runs += [self._pool.submit(self._go, number) for number in numbers]

    def _go(self, number: int) -> None:
        """One participant's way, taken up again from their link as often as it takes."""
        crowd, name = self._crowd, str(number)
        rng = random.Random(derive_seed(crowd.seed, "chaos", number))
        cookies = httpx.Cookies()
        last_page = time.monotonic()
        while not self._ended.is_set():
            if rng.random() < 0.5:
                cookies = httpx.Cookies()  # from another browser
            try:
                with open_client(crowd.ledger, name=name, cookies=cookies) as client:
                    try:
                        self._take_part(client, number, rng)
                    finally:
                        cookies = client.cookies
                        last_page = max(last_page, getattr(client, "last_page", 0.0))
                crowd.ledger.finish(name)
                return
            except NoPlaceError:
                crowd.ledger.refuse(name)
                return
            except (CutOffError, httpx.HTTPError) as error:
                crowd.ledger.cut_off()
                if time.monotonic() - last_page > PATIENCE:
                    raise TimeoutError(f"bot {name} saw no page for {PATIENCE:g} seconds: {error}") from None
                self._ended.wait(rng.uniform(0.2, 1.0))

    def _take_part(self, client: httpx.Client, number: int, rng: random.Random) -> None:
        crowd = self._crowd
        bot = Bot(
            client,
            name=str(number),
            ledger=crowd.ledger,
            entry=crowd.site.find_entry(number),
            rng=rng,
            character=draw_character(CAST, seed=crowd.seed, number=number, n_items=crowd.n_items),
        )

        def read(page: Page) -> None:
            if self._ended.wait(rng.uniform(0, crowd.longest_pause)):
                raise CutOffError("the run is over")

        bot.on_item = read
        bot.take_part()


def open_client(ledger: Ledger, *, name: str, cookies: httpx.Cookies) -> httpx.Client:
    """A browser's stand-in that sees every answer of the server, redirects too."""

    def look(answer: httpx.Response) -> None:
        if answer.status_code >= 500:
            raise CutOffError(f"{answer.status_code} at {answer.url.path}")
        client.last_page = time.monotonic()
        if answer.request.method == "POST" and answer.status_code == 302:
            take_note(ledger, name, asked=answer.url.path, led_to=answer.headers["Location"])

    client = httpx.Client(
        follow_redirects=True, timeout=TIMEOUT_SECONDS, cookies=cookies, event_hooks={"response": [look]}
    )
    return client


def take_note(ledger: Ledger, name: str, *, asked: str, led_to: str) -> None:
    """What a redirect acknowledges: an answer, where it leads from its trial to another page of the way."""
    step, code = read_place(asked)
    next_step, next_code = read_place(led_to)
    if next_step not in AFTER_ENTRY:
        return
    if step == "item" and (next_step, next_code) != (step, code):
        ledger.acknowledge(code)
    elif step in ("", "consent"):
        ledger.agree(name)


def read_place(address: str) -> tuple[str, str]:
    """The step of an address and what is named after it: /s/STUDY/item/CODE/ is item and CODE."""
    parts = [*urlsplit(address).path.strip("/").split("/"), "", ""]
    return parts[2], parts[3]
