"""What can go wrong on the way: each fault is told for a method and a path, and spent when it has happened."""

import re
from dataclasses import dataclass, field


@dataclass
class Fault:
    """A fault of the next `times` requests that match.

    `status` answers with it instead of doing anything; `has_effect` does what was asked first. `cut` closes the
    connection without an answer, `delay` answers so many seconds late.
    """

    method: str
    path: str  # a regular expression that the path must match from its beginning
    status: int | None = None
    headers: dict = field(default_factory=dict)
    has_effect: bool = False
    cut: bool = False
    delay: float = 0.0
    times: int = 1

    def matches(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method == method and re.match(self.path, path) is not None
