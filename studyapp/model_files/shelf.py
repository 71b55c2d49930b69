"""The folder of a ladder on the shelf, held by one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "lock"


class FolderTakenError(Exception):
    """Another process is at work in the folder."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Hold the folder; it is let go when the block ends or the process dies, however it dies.

    A claim may pass to another worker while the first is still in a step, or in the middle of saving: the lock sees
    to it that they never write the same files, where they share a file system that keeps locks.

    Raises:
        FolderTakenError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderTakenError(str(folder)) from None
        yield
