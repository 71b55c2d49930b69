"""What every platform module provides: how its link is read, and where a participant goes at the end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


class EntryError(ValueError):
    """A link that cannot start a participation; the message is shown to the visitor."""


@dataclass(frozen=True)
class Arrival:
    """Who a link says has come. `external_id` is the platform's id, empty where the platform has none.

    `nonce` stands for the person where there is no such id: drawn for one consent page, it makes a double click on
    that page one participation. `is_preview` marks a researcher's look at the link: it stores nothing.
    """

    external_id: str = ""
    session_id: str = ""
    nonce: str = ""
    is_preview: bool = False


@dataclass(frozen=True)
class Platform:
    """A recruitment platform.

    `read_arrival` takes the query parameters of the entry link. `completion_url` gives the address that a participant
    is sent to once every answer is stored, from the study's completion code; empty where there is none.
    """

    name: str
    parameters: tuple[str, ...]
    read_arrival: Callable[[Mapping[str, str]], Arrival]
    completion_url: Callable[[str], str]
