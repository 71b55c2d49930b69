"""Simulated participants: they read the real pages over HTTP and answer as a browser would.

The pages tell nothing, so what a text is and which accuracy its reader has comes through `Truth`, from the database of
the machine on which the simulation runs.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from studyapp.domain.counterbalancing import Source
from studyapp.domain.simulated_rater import SimulatedRater


class SimulationError(RuntimeError):
    """A page was not what a participant should see; the message holds its address and text."""


class Truth(Protocol):
    """What the simulation knows beside the pages."""

    def find_accuracy(self, code: str) -> float:
        """The accuracy planted for the participant who has the trial of that code open."""

    def find_source(self, code: str) -> str:
        """Who wrote the text of the trial of that code: human or model."""

    def find_first(self, code: str) -> Source:
        """Whose text stands first in the pair of the trial of that code."""

    def find_right_choices(self) -> Sequence[int]:
        """The right choice of each question about the instructions, from 0."""


@dataclass
class Page:
    """A page as a browser would know it: its forms' fields, their radio choices, and its text.

    `wait`: the seconds until the next part of the text, where the page says them.
    """

    url: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    action: str | None = None
    text: str = ""
    wait: float = 0.0

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

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._in_form = True
            self.page.action = attributes.get("action", "")
            self.page.wait = float(attributes.get("data-wait", "0"))
        elif self._in_form and tag in ("input", "textarea") and "name" in attributes:
            if attributes.get("type") == "radio":
                self.page.choices.setdefault(attributes["name"], []).append(attributes.get("value", "on"))
            else:
                self.page.fields[attributes["name"]] = attributes.get("value", "")

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

    An `awkward` one reloads pages, sends answers twice, goes back, is impatient, and gets the questions about the
    instructions wrong at first, as people do.
    """

    def __init__(self, client: httpx.Client, *, entry: str, truth: Truth, rng: random.Random, awkward: bool) -> None:
        self._client = client
        self._entry = entry
        self._truth = truth
        self._rng = rng
        self._awkward = awkward
        self._rater: SimulatedRater | None = None
        self.sleep: Callable[[float], None] = time.sleep
        self.answers = 0

    def take_part(self) -> None:
        """Go through every page that is still to come.

        Raises:
            SimulationError: a page was refused, or was not one that a participant should see.
        """
        page = self._get(self._entry)
        while page.step != "debriefing":
            if page.step == "" and "arrival" in page.fields:
                page = self._post(page, agree="yes")
            elif page.step == "instructions":
                page = self._post(page)
            elif page.step == "comprehension":
                page = self._answer_comprehension(page)
            elif page.step == "item":
                page = self._see_next_part(page) if "reveal" in page.fields else self._answer(page)
            elif page.step == "questions":
                page = self._post(page, looked_up="no", internet_check_answer="")
            else:
                raise SimulationError(f"not a page of the way: {page.url}: {' '.join(page.text.split())[:500]}")

    def _answer_comprehension(self, page: Page) -> Page:
        """Rightly; an awkward participant's first try is wrong."""
        right = self._truth.find_right_choices()
        is_wrong = self._awkward and page.fields.get("attempt") == "0"
        answers = {
            f"question_{number}": str(int(choice == 0) if is_wrong else choice) for number, choice in enumerate(right)
        }
        return self._post(page, **answers)

    def _see_next_part(self, page: Page) -> Page:
        """Wait as long as the server wants; an awkward participant asks before."""
        if self._awkward and page.wait > 0 and self._rng.random() < 0.3:
            page = self._post(page)
        self.sleep(page.wait)
        return self._post(page)

    def _answer(self, page: Page) -> Page:
        if self._awkward and self._rng.random() < 0.3:
            page = self._get(page.url)  # a reload
        following = self._post(page, **self._judge(page), seen_before="no")
        self.answers += 1
        if self._awkward and self._rng.random() < 0.3:
            following = self._post(page, judgment="3", choice="3")  # the back button, and sent again
        return following

    def _judge(self, page: Page) -> dict[str, str]:
        """The answer by its field: a judgment of one text, or a choice between two."""
        if self._rater is None:
            self._rater = SimulatedRater(accuracy=self._truth.find_accuracy(page.code), rng=self._rng)
        if "choice" in page.choices:
            return {"choice": str(int(self._rater.compare(first=self._truth.find_first(page.code))))}
        return {"judgment": str(int(self._rater.judge(source=self._truth.find_source(page.code))))}

    def _get(self, url: str) -> Page:
        return read_page(self._client.get(url))

    def _post(self, page: Page, **answers: str) -> Page:
        unknown = [name for name in answers if name in page.choices and answers[name] not in page.choices[name]]
        if unknown:
            raise SimulationError(f"{page.url} offers no such choice: {', '.join(unknown)}")
        asked = {name: value for name, value in answers.items() if name in {*page.fields, *page.choices, "agree"}}
        target = urljoin(page.url, page.action or page.url)
        return read_page(self._client.post(target, data={**page.fields, **asked}, headers={"Referer": page.url}))
