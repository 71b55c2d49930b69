"""Processes of the stack, and what brings one back that has ended, as `restart: unless-stopped` does."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

PAUSE = 0.5  # seconds before a service is started again


@dataclass
class Service:
    """One command, in a session of its own. `fell` counts the ends that nobody here has brought about."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    cwd: Path
    owner: tuple[int, int] | None = None  # user and group that it runs as
    fell: int = 0
    _process: subprocess.Popen | None = None
    _is_wanted: bool = False
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def pid(self) -> int:
        assert self._process is not None  # noqa: S101 - it was started
        return self._process.pid

    def start(self) -> None:
        with self._lock:
            self._is_wanted = True
            user, group = self.owner or (None, None)
            with self.log.open("ab") as output:
                self._process = subprocess.Popen(
                    self.command,
                    cwd=self.cwd,
                    env=dict(self.env),
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    user=user,
                    group=group,
                    extra_groups=None if group is None else [],
                )

    def kill(self) -> None:
        """SIGKILL to it and all its descendants: nothing is tidied up. It stays down until it is started."""
        with self._lock:
            self._is_wanted = False
            if self._process is None:
                return
            family = [self.pid, *list_descendants(self.pid)]
            for pid in family:
                kill(pid)
            self._process.wait(timeout=60)
            wait_until(lambda: not any(map(is_alive, family)), seconds=60, what=f"{self.name} is gone")

    def stop(self) -> None:
        """A decent end, and SIGKILL for what does not take it."""
        with self._lock:
            self._is_wanted = False
            if self._process is None:
                return
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
            self.kill()

    def revive(self) -> None:
        """Start it again if it has ended though it should run."""
        with self._lock:
            if self._is_wanted and self._process is not None and self._process.poll() is not None:
                self.fell += 1
                for pid in list_descendants(self.pid):
                    kill(pid)
                self.start()


class Supervisor:
    """Looks after services in a thread of its own."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    def _watch(self) -> None:
        while not self._ended.wait(PAUSE):
            for service in self._services:
                service.revive()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def list_descendants(root: int) -> list[int]:
    """The processes that a process has started, and theirs (Linux's /proc)."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found - {root})


def wait_until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Raises:
    TimeoutError: it did not come true.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} seconds")
        time.sleep(0.05)
