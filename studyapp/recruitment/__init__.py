"""Where participants come from: one module a platform, all of the shape in `adapter`."""

from collections.abc import Callable

from studyapp.recruitment import anonymous, connect, mturk, panel, personal, prolific, simulated, sona
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

MAKERS: dict[str, Callable[[Terms], Adapter]] = {
    "anonymous": anonymous.make,
    "prolific": prolific.make,
    "connect": connect.make,
    "sona": sona.make,
    "panel": panel.make,
    "personal": personal.make,
    "mturk": mturk.make,
}
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
