"""What a participant did on the page of a text, as far as their browser can say it.

The figures come from a browser, so nothing of them is trusted: each is read by itself, kept only where it is possible,
and unknown where it is not. They serve the analysis and never a verdict about anybody.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_BEHAVIOUR = 400  # characters of the field
MAX_SECONDS = 24 * 3600.0
MAX_COUNT = 10_000
TOLERANCE = 1.0  # seconds that two clocks may differ by over a page

VIEWPORTS = ("narrow", "medium", "wide")  # below 600, below 1024, and from 1024 CSS pixels on
POINTERS = ("coarse", "fine", "none")  # a finger; a mouse, a pen, a touchpad; neither
INPUT_KINDS = (*POINTERS, *(f"{pointer}+keyboard" for pointer in POINTERS))


@dataclass(frozen=True)
class Behaviour:
    """What is kept of it. None and "" are unknown: no script, not measured, or not possible."""

    page_seconds: float | None = None
    active_seconds: float | None = None
    focus_losses: int | None = None
    answer_changes: int | None = None
    pastes: int | None = None
    viewport: str = ""
    input_kind: str = ""


def read_behaviour(sent: str, *, elapsed: float) -> Behaviour:
    """The field that behaviour.js fills, each figure only where it can be: no more seconds than the server saw pass.

    Somebody cannot have been active for longer than their page was open. A count beyond `MAX_COUNT` is that count.
    """
    said = _read_object(sent)
    upper = min(elapsed + TOLERANCE, MAX_SECONDS)
    page = _read_seconds(said.get("page"), upper=upper)
    return Behaviour(
        page_seconds=page,
        active_seconds=_read_seconds(said.get("active"), upper=upper if page is None else min(upper, page + TOLERANCE)),
        focus_losses=_read_count(said.get("losses")),
        answer_changes=_read_count(said.get("changes")),
        pastes=_read_count(said.get("pastes")),
        viewport=_read_word(said.get("viewport"), VIEWPORTS),
        input_kind=_read_input(said),
    )


def _read_object(sent: str) -> Mapping[str, Any]:
    if len(sent) > MAX_BEHAVIOUR:
        return {}
    try:
        said = json.loads(sent)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _read_seconds(value: object, *, upper: float) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= upper:  # NaN is neither
        return None
    return round(float(value), 2)


def _read_count(value: object) -> int | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return min(int(value), MAX_COUNT) if value >= 0 and value == int(value) else None


def _read_word(value: object, known: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in known else ""


def _read_input(said: Mapping[str, Any]) -> str:
    pointer = _read_word(said.get("pointer"), POINTERS)
    return f"{pointer}+keyboard" if pointer and said.get("keyboard") is True else pointer
