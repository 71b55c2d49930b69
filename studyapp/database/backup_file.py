"""A backup on disk: a .zip with a manifest, and a table of JSON lines for each model. Any database reads it.

It holds everything that the database does, platform ids and password hashes among it: its owner alone may read it.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

FORMAT = "byline-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"


class BackupError(ValueError):
    """A backup that cannot be made, read or restored; the message says why and what to do."""


class BackupWriter:
    """Writes `path`, which appears under its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise BackupError(f"{path} exists already; name a new file, or move that one away.")
        self._path, self._unfinished = path, path.with_name(f"{path.name}.part")
        self.tables: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        try:
            descriptor = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise BackupError(f"{self._path}: cannot be written: {error.strerror}.") from None
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        return self

    def write_table(self, name: str, columns: list[str], rows: Iterable[list[Any]]) -> int:
        """A table's rows, a line each; how many they were."""
        digest, n_rows = hashlib.sha256(), 0
        with self._zip.open(_member(name), "w", force_zip64=True) as member:
            for row in rows:
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                member.write(line)
                digest.update(line)
                n_rows += 1
        self.tables[name] = {"columns": columns, "rows": n_rows, "sha256": digest.hexdigest()}
        return n_rows

    def write_manifest(self, **said: Any) -> None:
        manifest = {"format": FORMAT, "format_version": FORMAT_VERSION, **said, "tables": self.tables}
        self._zip.writestr(MANIFEST, json.dumps(manifest, indent=1))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self._unfinished.replace(self._path)
        finally:
            self._unfinished.unlink(missing_ok=True)


class BackupReader:
    """Reads a backup; every table is held against its checksum before the first row is handed out."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
            self.manifest: dict[str, Any] = json.loads(self._zip.read(MANIFEST))
        except OSError as error:
            raise BackupError(f"{path}: cannot be read: {error.strerror}.") from None
        except (zipfile.BadZipFile, KeyError, ValueError):
            raise BackupError(f"{path}: is no backup of Byline, or was cut off on its way.") from None
        if self.manifest.get("format") != FORMAT:
            raise BackupError(f"{path}: is no backup of Byline; a study's bundle is read by load_bundle.")
        if self.manifest.get("format_version") != FORMAT_VERSION:
            found = self.manifest.get("format_version")
            raise BackupError(f"{path}: is of format {found}, and this version of Byline reads {FORMAT_VERSION}.")
        self.tables: dict[str, dict[str, Any]] = self.manifest["tables"]
        self._path = path

    def check(self) -> None:
        """Hold every table against the manifest.

        Raises:
            BackupError: a table is missing or was changed.
        """
        for name, said in self.tables.items():
            try:
                with self._zip.open(_member(name)) as member:
                    digest = hashlib.file_digest(member, "sha256").hexdigest()  # type: ignore[arg-type]
            except (KeyError, zipfile.BadZipFile):
                digest = ""
            if digest != said["sha256"]:
                raise BackupError(f"{self._path}: the table {name} is damaged; take another copy of the backup.")

    def read_table(self, name: str) -> Iterator[list[Any]]:
        with self._zip.open(_member(name)) as member:
            for line in member:
                yield json.loads(line)


def _member(name: str) -> str:
    return f"tables/{name}.jsonl"
