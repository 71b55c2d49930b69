"""Models in the local Hugging Face cache, by the name of their repository; nothing is ever downloaded here."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from huggingface_hub import constants, try_to_load_from_cache

from generator.checkpoint_files import CONFIG_FILE, CheckpointError
from generator.writer import Writer, open_writer

_REFERENCE = re.compile(r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)(?:@(?P<revision>[\w./-]+))?")


@dataclass(frozen=True)
class Snapshot:
    """A repository's files at one commit, as they lie in the cache."""

    repo: str
    commit: str
    folder: Path


def find_snapshot(reference: str, *, cache: Path | None = None) -> Snapshot:
    """The files of `ORG/NAME` or `ORG/NAME@REVISION` (a branch, a tag, or a whole commit) in the cache.

    Raises:
        CheckpointError: they are not there, or this names no repository; the message says how to get them.
    """
    found = _REFERENCE.fullmatch(reference)
    if found is None or ".." in reference:
        raise CheckpointError(f"{reference!r} names no model; write ORG/NAME or ORG/NAME@REVISION")
    repo, revision = found["repo"], found["revision"]
    place = Path(cache or constants.HF_HUB_CACHE)
    config = try_to_load_from_cache(repo, CONFIG_FILE, cache_dir=place, revision=revision)
    if not isinstance(config, str):
        command = f"hf download {repo}" + (f" --revision {revision}" if revision else "")
        raise CheckpointError(
            f"{reference} is not in the Hugging Face cache ({place}). Byline downloads nothing: run `{command}` on "
            f"this machine, or on one with a network, and copy its folder models--{repo.replace('/', '--')} here"
        )
    folder = Path(config).parent
    return Snapshot(repo=repo, commit=folder.name, folder=folder)


def open_cached_writer(
    reference: str, *, cache: Path | None = None, device: str | None = None, chat: bool = False
) -> Writer:
    """The writer of a cached model; its version is the commit that the reference means now.

    Raises:
        CheckpointError: it is not in the cache, or cannot be opened.
    """
    snapshot = find_snapshot(reference, cache=cache)
    return replace(open_writer(snapshot.folder, device=device, chat=chat), name=reference, version=snapshot.commit)
