"""A web server in a process group of its own, and what its processes cost (Linux's /proc)."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 120


class ServerError(RuntimeError):
    """A server did not start; the message holds the end of what it wrote."""


@dataclass(frozen=True)
class Cost:
    """CPU seconds of processes since they began, and their memory now."""

    cpu_seconds: float
    memory_bytes: int


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def run_server(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], health: str, log: Path) -> Iterator[int]:
    """The process id of a server that answers at `health`; it and its children are ended after the block.

    Raises:
        ServerError: it ended, or did not answer in time.
    """
    written = log / "server.log"
    with written.open("wb") as output:
        server = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=output, process_group=0)
        try:
            deadline = time.monotonic() + START_SECONDS
            while not _answers(health):
                if server.poll() is not None or time.monotonic() > deadline:
                    end = written.read_text(errors="replace")[-800:]
                    raise ServerError(f"{command[0]} does not answer: {' '.join(end.split())}")
                time.sleep(0.1)
            yield server.pid
        finally:
            server.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                server.wait(timeout=20)
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)  # children that it left behind
            server.wait()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return answer.status < 500
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def measure_cost(roots: Sequence[int]) -> Cost:
    """What processes and all their descendants have cost."""
    parents, ticks, pages = {}, {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(int(field) for field in fields[11:15])  # of its own, and of children that have ended
        pages[pid] = int(fields[21])
    wanted = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= more
    wanted &= ticks.keys()
    return Cost(
        cpu_seconds=sum(ticks[pid] for pid in wanted) / os.sysconf("SC_CLK_TCK"),
        memory_bytes=sum(pages[pid] for pid in wanted) * os.sysconf("SC_PAGE_SIZE"),
    )
