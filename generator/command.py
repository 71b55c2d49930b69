"""How every program of the package ends: 0 when done, 2 with what was wrong in words, 130 when it was interrupted."""

import sys
from collections.abc import Callable
from functools import wraps

from generator.remote_server import RemoteError

FAULTS = (ValueError, OSError, RemoteError)  # what a program's arguments, files and servers can be the reason of


def command(main: Callable[[list[str] | None], None]) -> Callable[..., int]:
    """Make a program of what reads the arguments and does the work; all but FAULTS are bugs, and keep their trace."""

    @wraps(main)
    def run(arguments: list[str] | None = None) -> int:
        try:
            main(arguments)
        except KeyboardInterrupt:
            return 130
        except FAULTS as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        return 0

    return run
