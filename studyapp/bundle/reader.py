"""Reading a bundle that somebody hands us, a .zip or the folder it unpacks to: nothing in it is believed unchecked.

Names must be those of a bundle's files (so that none leads out of a folder), sizes are bounded before anything is
unpacked and lines before they are read (so that no bomb fills the memory), and every file must be the one whose SHA-256
the manifest gives. Rows are read one at a time.
"""

import csv
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from studyapp.bundle.format import SCHEMA_VERSION, TABLE_NAMES
from studyapp.domain.bundle_rows import BundleFaultError

MANIFEST = "manifest.json"
KNOWN_NAMES = frozenset({*TABLE_NAMES, MANIFEST, "privacy.json"})
MAX_FILE_BYTES = 2 * 2**30
MAX_TOTAL_BYTES = 4 * 2**30
MAX_MANIFEST_BYTES = 32 * 2**20
MAX_RATIO = 300  # unpacked bytes a packed one, of files above 1 MiB; our tables come to 20 at the most
MAX_LINE = 1_000_000  # characters, of a line and of a cell
CHUNK_BYTES = 2**20
# A packing that this Python does not know, or an encrypted entry, is a NotImplementedError or RuntimeError
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class BundleReader:
    """An open bundle. What is wrong with it is raised as BundleFaultError, with every fault that was found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_dir():
            self.names = frozenset(name for name in KNOWN_NAMES if (path / name).is_file())
        elif path.is_file():
            try:
                self._archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, NotImplementedError, ValueError):
                raise BundleFaultError(
                    [f"{path.name}: no .zip file, or a damaged one; export the study again"]
                ) from None
            self.names = _check_entries(self._archive)
        else:
            raise BundleFaultError([f"{path}: there is no such file or folder"])

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()

    def read_manifest(self) -> dict[str, Any]:
        """The manifest, once all files are those that it names by SHA-256.

        Raises:
            BundleFaultError: there is none, it is of another format, or a file is missing, unknown or changed.
        """
        if MANIFEST not in self.names:
            raise BundleFaultError(["manifest.json: is missing; this is no bundle that Byline has exported"])
        try:
            with self._open(MANIFEST) as file:
                content = file.read(MAX_MANIFEST_BYTES + 1)
        except DAMAGED as error:
            raise BundleFaultError([f"manifest.json: damaged ({error}); copy or export the bundle again"]) from None
        if len(content) > MAX_MANIFEST_BYTES:
            raise BundleFaultError([f"manifest.json: larger than {MAX_MANIFEST_BYTES:,} bytes"])
        try:
            manifest = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise BundleFaultError([f"manifest.json: no JSON ({error})"]) from None
        if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
            raise BundleFaultError(["manifest.json: must be a JSON object that names the bundle's files"])
        if manifest.get("schema_version") != SCHEMA_VERSION:
            given = manifest.get("schema_version")
            raise BundleFaultError(
                [f"manifest.json: schema_version is {given!r}; this Byline reads {SCHEMA_VERSION!r}"]
            )
        self._check_digests(manifest["files"])
        self.sha256 = hashlib.sha256(content).hexdigest()
        return manifest

    def read_table(self, name: str, *, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
        """The rows of a table with their numbers (the header is row 1); a column that it lacks is empty.

        Raises:
            BundleFaultError: it is no CSV in UTF-8, or has a column that is not in `columns`.
        """
        with self._open(name) as binary, io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
            csv.field_size_limit(MAX_LINE)
            reader = csv.reader(_read_lines(text, name=name), strict=True)
            number = 1
            try:
                header = next(reader, [])
                _check_header(header, name=name, columns=columns)
                blank = dict.fromkeys(columns, "")
                for number, row in enumerate(reader, start=2):
                    if len(row) != len(header):
                        raise BundleFaultError([f"{name}: row {number}: {len(row)} fields, not {len(header)}"])
                    yield number, {**blank, **dict(zip(header, row, strict=True))}
            except UnicodeDecodeError:
                raise BundleFaultError([f"{name}: after row {number}: not UTF-8"]) from None
            except csv.Error as error:
                raise BundleFaultError([f"{name}: after row {number}: no CSV ({error})"]) from None

    def read_header(self, name: str) -> list[str]:
        """The columns that a table has."""
        with self._open(name) as binary, io.TextIOWrapper(binary, encoding="utf-8", newline="") as text:
            return next(csv.reader(_read_lines(text, name=name)), [])

    def _check_digests(self, digests: dict[str, Any]) -> None:
        faults = [f"{name}: the manifest names it, but it is not there" for name in digests if name not in self.names]
        faults += [f"{name}: the manifest does not name it" for name in self.names - {MANIFEST} if name not in digests]
        for name in sorted(self.names & set(digests)):
            if name == MANIFEST:
                faults.append("manifest.json: names itself")
            elif self._hash(name) != digests[name]:
                faults.append(f"{name}: not what manifest.json says (SHA-256); it was changed after the export")
        if faults:
            raise BundleFaultError(sorted(faults))

    def _hash(self, name: str) -> str:
        digest = hashlib.sha256()
        try:
            with self._open(name) as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
        except DAMAGED as error:
            raise BundleFaultError([f"{name}: damaged ({error}); copy or export the bundle again"]) from None
        return digest.hexdigest()

    def _open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb") if self._archive is None else self._archive.open(name)


def _check_entries(archive: zipfile.ZipFile) -> frozenset[str]:
    """The names in an archive, none of which is unpacked before all are seen to be harmless."""
    faults: list[str] = []
    names: set[str] = set()
    total = 0
    for entry in archive.infolist()[:100]:
        name, total = entry.filename, total + entry.file_size
        if name not in KNOWN_NAMES:
            faults.append(f"{name!r}: no file of a bundle; a bundle's files lie in the .zip itself, in no folder")
        elif name in names:
            faults.append(f"{name}: stands in the .zip twice")
        elif entry.flag_bits & 1:
            faults.append(f"{name}: is encrypted; unpack it, and give the folder")
        elif entry.file_size > MAX_FILE_BYTES:
            faults.append(f"{name}: {entry.file_size:,} bytes unpacked; at most {MAX_FILE_BYTES:,} are taken")
        elif entry.file_size > 2**20 and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            faults.append(f"{name}: unpacks to more than {MAX_RATIO} times its size, which no table of ours does")
        names.add(name)
    if len(archive.infolist()) > len(KNOWN_NAMES):
        faults.insert(0, f"the .zip has {len(archive.infolist())} entries; a bundle has {len(KNOWN_NAMES)} at the most")
    if total > MAX_TOTAL_BYTES:
        faults.append(f"the .zip unpacks to {total:,} bytes; at most {MAX_TOTAL_BYTES:,} are taken")
    if faults:
        archive.close()
        raise BundleFaultError(faults)
    return frozenset(names)


def _check_header(header: list[str], *, name: str, columns: list[str]) -> None:
    faults = [
        f"{name}: has a column {column!r}, which this Byline cannot store; load it with the one that exported it"
        for column in header
        if column not in columns
    ]
    if len(set(header)) < len(header):
        faults.append(f"{name}: a column stands twice in its first line")
    if not header:
        faults.append(f"{name}: is empty; its first line must name the columns")
    if faults:
        raise BundleFaultError(faults)


def _read_lines(text: io.TextIOWrapper, *, name: str) -> Iterator[str]:
    """Lines of bounded length: one without an end would be read into memory whole."""
    while line := text.readline(MAX_LINE):
        if len(line) >= MAX_LINE and not line.endswith("\n"):
            raise BundleFaultError([f"{name}: a line is longer than {MAX_LINE:,} characters"])
        yield line
