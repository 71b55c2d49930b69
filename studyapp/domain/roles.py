"""What a person may do in one study: a role is a set of Django's permissions on that study."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """From the least to the most that one may do."""

    VIEWER = "viewer"
    RESEARCHER = "researcher"
    OWNER = "owner"


VIEW, CHANGE, OWN = "view_study", "change_study", "own_study"
PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.VIEWER: frozenset({VIEW}),
    Role.RESEARCHER: frozenset({VIEW, CHANGE}),
    Role.OWNER: frozenset({VIEW, CHANGE, OWN}),
}
MEANINGS: dict[Role, str] = {
    Role.VIEWER: "reads everything that is not blinded, and changes nothing",
    Role.RESEARCHER: "sets the study up, generates and reviews its texts, exports it",
    Role.OWNER: "also launches, closes and unblinds it, and says who works on it",
}


def find_role(permissions: Collection[str]) -> Role | None:
    """The highest role whose permissions are all there; None for somebody who has no part in the study."""
    held = [role for role in Role if PERMISSIONS[role] <= set(permissions)]
    return held[-1] if held else None
