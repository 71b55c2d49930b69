"""Uploaded article files between their preview and their import: on the server's disk, for their own user, for hours.

A file lies in HELD_UPLOADS_DIR, in a folder named for the account and by a token that cannot be guessed, beside a note
of its name. A user has at most `MOST_FILES` of them, and each goes after `HELD_HOURS`; every upload sweeps.
"""

import json
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

MOST_FILES = 5
HELD_HOURS = 24
_TOKEN = re.compile(r"[0-9a-f]{32}")
_CONTENT, _NOTE = "content", "note.json"


@dataclass(frozen=True)
class HeldUpload:
    """A file that waits. `refs` are the articles that came of it, in its order, once it was imported."""

    token: str
    name: str
    held_at: datetime
    folder: Path
    refs: tuple[str, ...] = ()

    @property
    def is_imported(self) -> bool:
        return bool(self.refs)

    def read(self) -> bytes:
        return (self.folder / _CONTENT).read_bytes()


def hold_upload(chunks: Iterable[bytes], *, name: str, account: int, root: Path, now: datetime) -> HeldUpload:
    """Keep a file for an account; what is older than `HELD_HOURS` goes, and its oldest beyond `MOST_FILES`."""
    _sweep(root, now=now)
    own = root / str(account)
    token = secrets.token_hex(16)
    upload = HeldUpload(token=token, name=name, held_at=now, folder=own / token)
    upload.folder.mkdir(parents=True, mode=0o700)
    _write_note(upload)  # before the content: a sweep must not take a file that is still coming for a broken one
    with (upload.folder / _CONTENT).open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
    (upload.folder / _CONTENT).chmod(0o600)
    held = sorted(filter(None, (_read(folder) for folder in own.iterdir())), key=lambda upload: upload.held_at)
    for old in held[:-MOST_FILES]:
        shutil.rmtree(old.folder, ignore_errors=True)
    return upload


def find_upload(token: str, *, account: int, root: Path, now: datetime) -> HeldUpload | None:
    """The account's file of that token; None where there is none, or it has been held for too long."""
    if not _TOKEN.fullmatch(token):
        return None
    upload = _read(root / str(account) / token)
    return None if upload is None or now - upload.held_at > timedelta(hours=HELD_HOURS) else upload


def remember_refs(upload: HeldUpload, refs: Iterable[str]) -> None:
    """Write down which articles came of a file; the file itself is needed no longer."""
    _write_note(replace(upload, refs=tuple(refs)))
    (upload.folder / _CONTENT).unlink(missing_ok=True)


def forget_upload(upload: HeldUpload) -> None:
    shutil.rmtree(upload.folder, ignore_errors=True)


def _write_note(upload: HeldUpload) -> None:
    note = {"name": upload.name, "held_at": upload.held_at.isoformat(), "refs": list(upload.refs)}
    (upload.folder / _NOTE).write_text(json.dumps(note), encoding="utf-8")


def _read(folder: Path) -> HeldUpload | None:
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        return HeldUpload(
            token=folder.name,
            name=note["name"],
            held_at=datetime.fromisoformat(note["held_at"]),
            folder=folder,
            refs=tuple(note["refs"]),
        )
    except (OSError, ValueError, KeyError):
        return None


def _sweep(root: Path, *, now: datetime) -> None:
    for folder in root.glob("*/*"):
        upload = _read(folder)
        held_at = upload.held_at if upload else datetime.fromtimestamp(folder.stat().st_mtime, tz=now.tzinfo)
        if now - held_at > timedelta(hours=HELD_HOURS):
            shutil.rmtree(folder, ignore_errors=True)
