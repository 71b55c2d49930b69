"""A shelf in an object store: BYLINE_MODELS as s3://bucket/models, gs://…, file://…, or any address that fsspec knows.

Its folders look to the rest as those of a disk do. To be listed, their cards and the headers of their weights are read;
before a model is opened, it is fetched whole, once a machine, into BYLINE_HOME/model-cache. A folder is named there by
what the store said of its files: a model that was trained anew is another, and one in use stays as it is.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
from fsspec import AbstractFileSystem

MAX_DEPTH = 3  # folders below the shelf
CONFIG = "config.json"
SMALL_BYTES = 2**20  # what is read to list models: cards and configurations, never weights
_VERSION_KEYS = ("ETag", "etag", "md5Hash", "checksum", "mtime", "LastModified", "last_modified", "updated", "created")


class ModelStoreError(OSError):
    """The store cannot be read; the message says what was asked and what to look at."""


@dataclass(frozen=True)
class StoredModel:
    """A folder of the store with its files: their names, sizes and versions."""

    folder: str  # below the shelf
    files: tuple[tuple[str, int, str], ...]

    @property
    def version(self) -> str:
        return hashlib.sha256(json.dumps(self.files).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ModelStore:
    """The shelf at `url`, and where this machine keeps what it has fetched."""

    url: str
    cache: Path

    def list_models(self) -> list[StoredModel]:
        """Every folder with a config.json, by name.

        Raises:
            ModelStoreError: the store does not answer, or its package is not installed.
        """
        system, root = self._open()
        try:
            found = system.find(root, maxdepth=MAX_DEPTH + 1, detail=True) if system.exists(root) else {}
        except Exception as error:  # each store has errors of its own
            raise self._explain(error) from error
        folders: dict[str, list[tuple[str, int, str]]] = {}
        for path, info in found.items():
            place = PurePosixPath(_below(path, root))
            folders.setdefault(str(place.parent), []).append((place.name, int(info["size"] or 0), _version(info)))
        return [
            StoredModel(folder=folder, files=tuple(sorted(files)))
            for folder, files in sorted(folders.items())
            if folder != "." and any(name == CONFIG for name, _, _ in files)
        ]

    def fetch(self, folder: str) -> Path:
        """The folder on this machine, fetched where it is not there yet.

        Raises:
            FileNotFoundError: the store has no such model.
            ModelStoreError: the store does not answer, or the disk is full.
        """
        model = next((model for model in self.list_models() if model.folder == folder), None)
        if model is None:
            raise FileNotFoundError(f"no checkpoint at 'checkpoint:{folder}' in {self.url}; train it, or copy it there")
        place = self.cache / folder / model.version
        with _hold(place.with_name(model.version + ".lock")):  # the machine's other workers wait, and find it
            if not place.is_dir():
                self._download(model, place)
        return place

    def _download(self, model: StoredModel, place: Path) -> None:
        system, root = self._open()
        unfinished = place.with_name(place.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            for name, size, _ in model.files:
                system.get_file(f"{root}/{model.folder}/{name}", str(unfinished / name))
                if (got := (unfinished / name).stat().st_size) != size:
                    raise OSError(f"{name} has {got} bytes, and should have {size}")
        except Exception as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self._explain(error) from error
        unfinished.replace(place)

    def copy_cards(self) -> Path:
        """A folder of this machine with the small files of every model, as they are now, to be read as a shelf.

        Raises:
            ModelStoreError: the store does not answer.
        """
        models = self.list_models()
        place = self.cache / "cards" / hashlib.sha256(repr(models).encode()).hexdigest()[:16]
        with _hold(place.with_name(place.name + ".lock")):
            if not place.is_dir():
                self._write_cards(models, place)
        return place

    def _write_cards(self, models: list[StoredModel], place: Path) -> None:
        system, root = self._open()
        unfinished = place.with_name(place.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        try:
            for model in models:
                (unfinished / model.folder).mkdir(parents=True, exist_ok=True)
                for name, size, _ in model.files:
                    path = f"{root}/{model.folder}/{name}"
                    if size <= SMALL_BYTES and name.endswith((".json", ".jinja")):
                        (unfinished / model.folder / name).write_bytes(system.cat_file(path))
                    elif name.endswith(".safetensors"):
                        (unfinished / model.folder / name).write_bytes(_read_header(system, path))
        except Exception as error:
            raise self._explain(error) from error
        unfinished.replace(place)

    def _open(self) -> tuple[AbstractFileSystem, str]:
        try:
            system, root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise self._explain(error) from error
        return system, root.rstrip("/")

    def _explain(self, error: Exception) -> ModelStoreError:
        return ModelStoreError(
            f"the models at {self.url} cannot be read ({type(error).__name__}: {error}). Look at BYLINE_MODELS, at the "
            "store's credentials, and whether its package (s3fs for s3://) is installed: docs/scale.md"
        )


def _below(path: str, root: str) -> str:
    return path.lstrip("/").removeprefix(root.lstrip("/")).lstrip("/")


def _version(info: dict[str, Any]) -> str:
    return next((str(info[key]) for key in _VERSION_KEYS if info.get(key)), "")


def _read_header(system: AbstractFileSystem, path: str) -> bytes:
    """The beginning of a safetensors file, which names its tensors: how many parameters a model has."""
    length = int.from_bytes(system.cat_file(path, start=0, end=8), "little")
    return system.cat_file(path, start=0, end=8 + min(length, 100 * SMALL_BYTES))


@contextmanager
def _hold(lock: Path) -> Iterator[None]:
    """One process of this machine at a time."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
