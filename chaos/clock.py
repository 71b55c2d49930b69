"""Wall clocks that can be put wrong, a service's own each, while it runs.

libfaketime cannot do it: with its monotonic clock left right, `time.sleep` of Python 3.11 fails under it. So a C
compiler makes the few functions of clock.c; without one this fault is left out.
"""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


class Clocks:
    """The clocks of services by name; `is_there` says whether they can be put wrong."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._library = folder / "clock.so"
        compiler = shutil.which("cc") or shutil.which("gcc")
        self.is_there = compiler is not None and _build(compiler, self._library)

    def put_right(self, name: str) -> dict[str, str]:
        """A new right clock: the environment by which a service takes it."""
        if not self.is_there:
            return {}
        self.set_off(name, 0)
        return {"LD_PRELOAD": str(self._library), "BYLINE_CHAOS_CLOCK": str(self._folder / name)}

    def set_off(self, name: str, seconds: int) -> None:
        """How far a service's clock is off; 0 sets it right."""
        unfinished = self._folder / f"{name}.new"
        unfinished.write_text(f"{seconds:+d}\n")
        unfinished.replace(self._folder / name)


def _build(compiler: str, library: Path) -> bool:
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
