"""Other people's models that an arm can be made of: those of the Hugging Face cache, and those of the server.

What lies on the shelf is in `studyapp.model_files.checkpoints`. Nothing here loads a model.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.cache import cache

from studyapp.domain.fine_tuning import TunableModel
from studyapp.model_files.checkpoints import list_shelf
from studyapp.model_files.known_models import find_known_model
from studyapp.model_files.weights import count_params, has_chat_template

SERVER_TIMEOUT = 3.0  # seconds; the page waits for it
ANSWER_SECONDS, SILENCE_SECONDS = 60, 10  # a list is kept so long, and so is the word that there is none


@dataclass(frozen=True)
class OfferedModel:
    """A model that an arm may name. `n_params` None: unknown. `chat`: it can be asked instead of continued."""

    scheme: str  # without -chat
    name: str
    n_params: int | None
    chat: bool

    @property
    def generator(self) -> str:
        return f"{self.scheme}:{self.name}"


@dataclass(frozen=True)
class ServerListing:
    """What the server says that it has; `fault` says why there is no answer, empty where none is missing."""

    names: tuple[str, ...]
    fault: str = ""


def list_cached_models(folder: Path) -> list[OfferedModel]:
    """The causal language models with safetensors in a Hugging Face cache, by name; a branch other than main with its
    name after an @."""
    from huggingface_hub import scan_cache_dir  # a fifth of what the site takes to load, for one page of the staff
    from huggingface_hub.errors import CacheNotFound

    try:
        repos = scan_cache_dir(folder).repos
    except (CacheNotFound, ValueError, OSError):
        return []
    found = []
    for repo in repos:
        for revision in repo.revisions if repo.repo_type == "model" else ():
            names = [repo.repo_id if ref == "main" else f"{repo.repo_id}@{ref}" for ref in revision.refs]
            described = describe_folder(revision.snapshot_path)
            if described is not None:
                found += [
                    OfferedModel("huggingface", name, described.n_params, described.chat)
                    for name in names or [f"{repo.repo_id}@{revision.commit_hash}"]
                ]
    return sorted(found, key=lambda model: (model.name.rpartition("/")[0].casefold(), model.n_params or 0, model.name))


def list_tunable_models() -> list[TunableModel]:
    """What can be fine-tuned: the models of the shelf that are no adapters, and those of the Hugging Face cache."""
    shelf = [TunableModel(one.generator, one.size, one.n_params) for one in list_shelf() if not one.is_adapter]
    cached = list_cached_models(settings.HUGGING_FACE_CACHE)
    return [*shelf, *(TunableModel(one.generator, one.name.rpartition("/")[2], one.n_params) for one in cached)]


def is_cached(name: str, folder: Path) -> bool:
    """Whether ORG/NAME or ORG/NAME@REVISION is in a Hugging Face cache."""
    from huggingface_hub import try_to_load_from_cache

    repo, _, revision = name.partition("@")
    try:
        return isinstance(try_to_load_from_cache(repo, "config.json", folder, revision=revision or None), str)
    except ValueError:  # no name of a repository
        return False


@dataclass(frozen=True)
class FolderFacts:
    """What the files of a foreign model say."""

    n_params: int | None
    chat: bool
    model_type: str


def describe_folder(folder: Path) -> FolderFacts | None:
    """The facts of a folder with a causal language model and safetensors; None where there is none."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if not isinstance(config, dict) or not any(folder.glob("*.safetensors")):
            return None
    except (OSError, ValueError):
        return None
    architectures = config.get("architectures") or []
    if architectures and not any(str(name).endswith(("ForCausalLM", "LMHeadModel")) for name in architectures):
        return None
    return FolderFacts(
        n_params=count_params(folder, config),
        chat=has_chat_template(folder),
        model_type=str(config.get("model_type") or "unknown"),
    )


def list_server_models(listing: ServerListing) -> list[OfferedModel]:
    """The server's models as arms; the size of one that is known by its name is told."""
    return [
        OfferedModel("openai", name, known.n_params if (known := find_known_model(name)) else None, chat=True)
        for name in listing.names
    ]


def ask_server() -> ServerListing:
    """What the server at BYLINE_OPENAI_URL lists (GET /models), asked at most once a minute; nothing without one."""
    if not settings.OPENAI_URL:
        return ServerListing(names=())
    key = f"server-models:{hash((settings.OPENAI_URL, settings.OPENAI_KEY))}"
    listing = cache.get(key)
    if listing is None:
        listing = _ask(settings.OPENAI_URL.rstrip("/") + "/models", settings.OPENAI_KEY)
        cache.set(key, listing, SILENCE_SECONDS if listing.fault else ANSWER_SECONDS)
    return listing


def _ask(address: str, key: str) -> ServerListing:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(address, headers=headers, timeout=SERVER_TIMEOUT)
        if not answer.is_success:
            return ServerListing((), fault=f"{address} refused: {answer.status_code} {answer.text[:200].strip()}")
        return ServerListing(_read_names(answer.json()))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return ServerListing((), fault=f"{address} does not answer ({type(error).__name__}).")
    except (ValueError, TypeError, KeyError, AttributeError):
        return ServerListing((), fault=f"{address} answers, but not with a list of models; is the address right?")


def _read_names(content: Any) -> tuple[str, ...]:
    return tuple(sorted({str(entry["id"]) for entry in content["data"]}, key=str.casefold))
