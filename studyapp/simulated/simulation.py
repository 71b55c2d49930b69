"""Simulated participants: they read the real pages over HTTP and answer as a browser would.

The pages tell nothing, so what a text is and which accuracy its reader has comes through `Truth`, from the database of
the machine on which the simulation runs.
"""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from studyapp.domain.counterbalancing import Source
from studyapp.domain.rehearsal_cast import Character, Kind
from studyapp.domain.simulated_answers import draw_choice, draw_number, draw_several, draw_words
from studyapp.domain.simulated_rater import SimulatedRater
from studyapp.domain.simulated_reading import (
    CLOCK_HEADER,
    HURRIED_SECONDS,
    PAGE_SECONDS,
    draw_manner,
    draw_seconds,
    measure_visit,
)

NOT_SAID_SUFFIX = "-not_said"  # of the box that says that somebody would rather not answer
AWAY_SECONDS = 300.0  # for which a site that says that it is away (503) is asked again, as people do
AWAY_PAUSE_SECONDS = 1.0
HABIT = 0.3  # how often an awkward participant reloads a page, and how often they go back


class SimulationError(RuntimeError):
    """A page was not what a participant should see; the message holds its address and text."""


@dataclass(frozen=True)
class TrialTruth:
    """What a simulated participant knows of the text before them, beside what its page says.

    `accuracy` is the one planted for its reader, `effect` how much more than others the text looks a machine's; of a
    pair it is the model's text, and `first` says whose text stands first. `words` are those of all that is read.
    """

    source: str  # human or model
    accuracy: float
    effect: float = 0.0
    dilution: float = 1.0
    first: str = ""
    words: int = 0


class Truth(Protocol):
    """What the simulation knows beside the pages."""

    @property
    def solution(self) -> str:
        """What somebody who looks things up answers to the internet-check question; empty where there is none."""

    def find_trial(self, code: str) -> TrialTruth:
        """The truth of the trial of that code."""

    def find_attention_answer(self, number: int) -> int:
        """The right answer to the attention check of that number (from 1)."""

    def find_right_choices(self) -> Sequence[int]:
        """The right choice of each question about the instructions, from 0."""


@dataclass
class Page:
    """A page as a browser would know it: its forms' fields, their radio choices, and its text.

    `wait`: the seconds until the next part of the text, where the page says them; `opens_in`: those until an answer is
    taken.
    """

    url: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    ticks: dict[str, list[str]] = field(default_factory=dict)  # boxes of which several may be ticked
    alone: dict[str, list[str]] = field(default_factory=dict)  # those of them that go with no other
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)  # fields of a number, with its range
    action: str | None = None
    text: str = ""
    wait: float = 0.0
    opens_in: float = 0.0

    @property
    def step(self) -> str:
        """The part of the address that says which page it is: `item`, `questions`, …; empty for the entry."""
        parts = urlsplit(self.url).path.strip("/").split("/")
        return parts[2] if len(parts) > 2 else ""

    @property
    def code(self) -> str:
        return urlsplit(self.url).path.strip("/").split("/")[3]


class _PageReader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self._in_form = False
        self._list: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._in_form = True
            self.page.action = attributes.get("action", "")
            self.page.wait = float(attributes.get("data-wait", "0"))
        elif attributes.get("id") == "pace":
            self.page.opens_in = float(attributes["data-wait"])
        elif self._in_form and tag in ("input", "textarea") and "name" in attributes:
            if attributes.get("type") == "radio":
                self.page.choices.setdefault(attributes["name"], []).append(attributes.get("value", "on"))
            elif attributes.get("type") == "checkbox":
                self.page.ticks.setdefault(attributes["name"], []).append(attributes.get("value", "on"))
                if "data-alone" in attributes:
                    self.page.alone.setdefault(attributes["name"], []).append(attributes.get("value", "on"))
            elif "data-least" in attributes:
                self.page.numbers[attributes["name"]] = (int(attributes["data-least"]), int(attributes["data-most"]))
            else:
                self.page.fields[attributes["name"]] = attributes.get("value", "")

        elif self._in_form and tag == "select":
            self._list = self.page.choices.setdefault(attributes.get("name", ""), [])
        elif self._in_form and tag == "option" and attributes.get("value"):
            self._list.append(attributes["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False

    def handle_data(self, data: str) -> None:
        self.page.text += data


def read_page(answer: httpx.Response) -> Page:
    """The page of an answer.

    Raises:
        SimulationError: the server refused.
    """
    page = Page(url=str(answer.url))
    _PageReader(page).feed(answer.text)
    if answer.status_code != httpx.codes.OK:
        raise SimulationError(f"{answer.status_code} at {page.url}: {' '.join(page.text.split())[:500]}")
    return page


class SimulatedParticipant:
    """One participant from the entry link to the debriefing. Started again, it goes on where it stopped.

    What it does beside reading is its character's: reload and go back, click twice, stop in the middle. An awkward one
    is impatient too, and gets the questions about the instructions wrong at first, as people do. It waits for nothing:
    `elapsed` are the seconds that it has spent by its own account, which the server's clock is ahead for it.
    """

    def __init__(
        self,
        client: httpx.Client,
        *,
        entry: str,
        truth: Truth,
        rng: random.Random,
        character: Character | None = None,
        elapsed: float = 0.0,
    ) -> None:
        self._client = client
        self._entry = entry
        self._truth = truth
        self._rng = rng
        self._character = character or Character()
        self._rater: SimulatedRater | None = None
        self._habits = random.Random(self._character.habits)
        self._manner = draw_manner(self._habits)
        self._elapsed = elapsed
        self._reading = ("", elapsed)  # the text before them, and when it came
        self._truths: dict[str, TrialTruth] = {}
        self.on_item: Callable[[Page], None] = lambda page: None  # told of every article before it is answered
        self.answers = 0
        self.page_seconds: list[float] = []  # how long the site took for each page

    @property
    def _is_awkward(self) -> bool:
        return self._character.kind is Kind.AWKWARD

    @property
    def _does_not_read(self) -> bool:
        return self._character.kind is Kind.STRAIGHT_LINER

    def _spend(self, seconds: float) -> None:
        self._elapsed += seconds

    def take_part(self, *, answered_before: int = 0) -> None:
        """Go through every page that is still to come; somebody who drops out stops where they stop.

        Raises:
            SimulationError: a page was refused, or was not one that a participant should see.
        """
        page = self._get(self._entry)
        while page.step != "debriefing":
            if page.step != "item":
                self._spend(HURRIED_SECONDS if self._does_not_read else PAGE_SECONDS)
            if page.step == "" and "arrival" in page.fields:
                page = self._post(page, agree="yes")
            elif page.step == "instructions":
                page = self._post(page)
            elif page.step == "comprehension":
                page = self._answer_comprehension(page)
            elif page.step == "attention":
                page = self._answer_attention(page)
            elif page.step == "item":
                if "reveal" in page.fields:
                    page = self._see_next_part(page)
                    continue
                if self._character.stops_after == answered_before + self.answers:
                    return
                self.on_item(page)
                page = self._answer(page)
            elif page.step in ("first-questions", "more-questions"):
                page = self._answer_own_questions(page)
            elif page.step == "questions":
                page = self._post(page, **self._answer_questions())
            else:
                raise SimulationError(f"not a page of the way: {page.url}: {' '.join(page.text.split())[:500]}")

    def _answer_questions(self) -> dict[str, str]:
        looks_up = self._character.kind is Kind.LOOKER
        return {
            "looked_up": "yes" if looks_up else "no",
            "internet_check_answer": self._truth.solution if looks_up else "",
        }

    def _answer_own_questions(self, page: Page) -> Page:
        """Anything that the page offers, once for each of its fields; an awkward participant sends it twice."""
        answers: dict[str, str | list[str]] = {
            name: draw_choice(offered, rng=self._rng) for name, offered in page.choices.items()
        }
        answers |= {name: str(draw_number(*ends, rng=self._rng)) for name, ends in page.numbers.items()}
        answers |= {name: draw_words(rng=self._rng) for name in page.fields if name.startswith("q_")}
        answers |= {
            name: draw_several(offered, alone=page.alone.get(name, ()), rng=self._rng)
            for name, offered in page.ticks.items()
            if not name.endswith(NOT_SAID_SUFFIX)
        }
        following = self._post(page, **answers)
        return self._post(page, **answers) if self._is_awkward and self._rng.random() < HABIT else following

    def _answer_comprehension(self, page: Page) -> Page:
        """Rightly; an awkward participant's first try is wrong."""
        right = self._truth.find_right_choices()
        is_wrong = self._is_awkward and page.fields.get("attempt") == "0"
        answers = {
            f"question_{number}": str(int(choice == 0) if is_wrong else choice) for number, choice in enumerate(right)
        }
        return self._post(page, **answers)

    def _answer_attention(self, page: Page) -> Page:
        """Rightly, unless they do not read: a straight-liner gives their one answer, or the last that there is."""
        if self._is_awkward and self._rng.random() < HABIT:
            page = self._get(page.url)
        answer = self._truth.find_attention_answer(int(page.code))
        if self._does_not_read:
            answer = self._character.answer_blindly(n_answers=len(page.choices["answer"]))
        return self._post(page, answer=str(answer))

    def _see_next_part(self, page: Page) -> Page:
        """Wait as long as the server wants; an awkward participant asks before."""
        self._begin_reading(page)
        if self._is_awkward and page.wait > 0 and self._rng.random() < HABIT:
            page = self._post(page)
        self._spend(page.wait)
        return self._post(page)

    def _answer(self, page: Page) -> Page:
        self._begin_reading(page)
        if self._is_awkward and self._rng.random() < HABIT:
            page = self._get(page.url)  # a reload
        answers = {**self._judge(page), "seen_before": "no"}
        if page.opens_in and self._is_awkward and self._rng.random() < HABIT:
            early = self._post(page, **answers)  # too soon, so that it comes back
            if early.url != page.url:  # unless the site itself has taken so long that it was not
                self.answers += 1
                return early
            page = early
        self._spend(max(self._find_seconds_left(page), page.opens_in))
        answers["behaviour"] = self._measure()
        if self._character.kind is Kind.DOUBLE_CLICKER:
            following = self._post_twice(page, **answers)
        else:
            following = self._post(page, **answers)
        self.answers += 1
        if self._is_awkward and self._rng.random() < HABIT:
            following = self._post(page, judgment="3", choice="3")  # the back button, and sent again
        return following

    def _begin_reading(self, page: Page) -> None:
        """Keep when a text came; its later parts, and a reload, change nothing of it."""
        if self._reading[0] != page.url:
            self._reading = (page.url, self._elapsed)

    def _find_seconds_left(self, page: Page) -> float:
        """What the text still takes; who does not read takes a moment."""
        if self._does_not_read:
            return HURRIED_SECONDS
        seconds = draw_seconds(self._manner, words=self._find_trial(page).words, rng=self._habits)
        return max(HURRIED_SECONDS, seconds - (self._elapsed - self._reading[1]))

    def _measure(self) -> str:
        """What the browser says of the time on this page; the server keeps it where the study measures it."""
        return measure_visit(self._manner, seconds=self._elapsed - self._reading[1], rng=self._habits).describe()

    def _find_trial(self, page: Page) -> TrialTruth:
        if page.url not in self._truths:
            self._truths = {page.url: self._truth.find_trial(page.code)}
        return self._truths[page.url]

    def _judge(self, page: Page) -> dict[str, str]:
        """The answer by its field: a judgment of one text, or a choice between two."""
        name = "choice" if "choice" in page.choices else "judgment"
        if self._does_not_read:
            return {name: str(int(self._character.line))}
        trial = self._find_trial(page)
        if self._rater is None:
            self._rater = SimulatedRater(
                accuracy=trial.accuracy,
                rng=self._rng,
                leaning=self._character.leaning,
                sensitivity=self._character.sensitivity,
                dilution=trial.dilution,
            )
        if name == "choice":
            first: Source = "model" if trial.first == "model" else "human"
            return {name: str(int(self._rater.compare(first=first, effect=trial.effect)))}
        return {name: str(int(self._rater.judge(source=trial.source, effect=trial.effect)))}

    def _get(self, url: str) -> Page:
        return self._ask(lambda: self._client.get(url, headers=self._tell_time()))

    def _post(self, page: Page, **answers: str | list[str]) -> Page:
        unknown = [name for name in answers if name in page.choices and answers[name] not in page.choices[name]]
        if unknown:
            raise SimulationError(f"{page.url} offers no such choice: {', '.join(unknown)}")
        there = {*page.fields, *page.choices, *page.ticks, *page.numbers, "agree"}
        asked = {name: value for name, value in answers.items() if name in there}
        target = urljoin(page.url, page.action or page.url)
        headers = {"Referer": page.url, **self._tell_time()}
        return self._ask(lambda: self._client.post(target, data={**page.fields, **asked}, headers=headers))

    def _ask(self, send: Callable[[], httpx.Response]) -> Page:
        """The page that comes back. What is sent while the site is away is sent again: an answer is stored once."""
        deadline = time.monotonic() + AWAY_SECONDS
        while True:
            started = time.monotonic()
            answer = send()
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or started > deadline:
                break
            time.sleep(AWAY_PAUSE_SECONDS)
        page = read_page(answer)
        self.page_seconds.append(time.monotonic() - started)
        return page

    def _tell_time(self) -> dict[str, str]:
        return {CLOCK_HEADER: f"{self._elapsed:.3f}"}

    def _post_twice(self, page: Page, **answers: str) -> Page:
        """A double click: the same form on its way twice at once; the browser shows what comes back last."""
        with ThreadPoolExecutor(2) as both:
            sent = [both.submit(self._post, page, **answers) for _ in range(2)]
            return [each.result() for each in sent][-1]
