"""The disk on which database, queue and files lie: a small file system of its own, so that it can be filled."""

import os
import subprocess
from pathlib import Path

BYTES = 700 * 2**20
STEP = 2**20


class Volume:
    """A tmpfs where we may mount one (root, on Linux); else a plain folder that cannot be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.is_small = os.geteuid() == 0 and _run("mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", str(folder))

    def fill(self) -> None:
        """Take every byte that is left."""
        if not self.is_small:
            raise RuntimeError("only a file system of our own may be filled")
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for size in (STEP, 4096):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:  # no room
                    continue

    def free(self) -> None:
        (self.folder / "ballast").unlink(missing_ok=True)

    def close(self) -> None:
        if self.is_small:
            _run("umount", "--lazy", str(self.folder))


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
