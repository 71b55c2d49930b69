"""The load that a site is put under."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Load:
    """How many raters come, and how long: `at_once` of them, or `arrivals` a second however many are there."""

    at_once: int = 16
    seconds: float = 30.0
    arrivals: float = 0.0
    raters: int = 400  # places that are made: none is sent when they are taken
    seed: int = 1
    database: str = "sqlite"  # or postgresql

    def dump(self) -> str:
        return json.dumps(asdict(self))
