"""Where participants come from: one module a platform, all of the shape in `adapter`.

A module with `make(terms)` is a platform under its own name; nothing lists it anywhere else.
"""

import pkgutil
from collections.abc import Callable
from importlib import import_module

from studyapp.recruitment import simulated
from studyapp.recruitment.adapter import (
    Adapter,
    Arrival,
    Ending,
    EntryError,
    Exit,
    Outcome,
    Seal,
    Terms,
    Verification,
)
from studyapp.recruitment.outcomes import choose_outcome

Maker = Callable[[Terms], Adapter]
FIRST = ("anonymous", "prolific", "connect", "sona", "panel", "personal", "mturk")  # of those that are offered


def find_makers() -> dict[str, Maker]:
    """The platforms that lie in this folder, those of `FIRST` first; simulated participants come from none."""
    names = {module.name for module in pkgutil.iter_modules(__path__)} - {"simulated"}
    modules = [import_module(f"{__name__}.{name}") for name in (*FIRST, *sorted(names - set(FIRST)))]
    return {m.__name__.rpartition(".")[2]: m.make for m in modules if hasattr(m, "make")}


MAKERS = find_makers()
SIMULATED = simulated.make(Terms())


def make_adapter(platform: str, terms: Terms) -> Adapter:
    """The adapter of a study's platform.

    Raises:
        ValueError: as "key: what is wrong", for whatever the study says that the platform cannot have.
    """
    if platform not in MAKERS:
        raise ValueError(f"platform: there is no {platform!r}; choose from {', '.join(MAKERS)}")
    if terms.secure_link and platform != "prolific":
        raise ValueError("secure_link: only Prolific signs its links; a panel has signature_param and secret")
    return MAKERS[platform](terms)


__all__ = [
    "MAKERS",
    "SIMULATED",
    "Adapter",
    "Arrival",
    "Ending",
    "EntryError",
    "Exit",
    "Outcome",
    "Seal",
    "Terms",
    "Verification",
    "choose_outcome",
    "make_adapter",
]
