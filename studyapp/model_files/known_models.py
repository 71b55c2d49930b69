"""Known ladders of other people's models: `known_models.toml`, and where their names are used."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from studyapp.domain.study_sections import Fault

TABLE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class KnownModel:
    """A model by its repository on Hugging Face; `context` in tokens."""

    repo: str
    n_params: int
    context: int

    @property
    def short_name(self) -> str:
        return self.repo.rsplit("/", 1)[-1]

    @property
    def generator(self) -> str:
        return f"huggingface:{self.repo}"


@dataclass(frozen=True)
class KnownLadder:
    """A family of models that differ in little but their size, smallest first.

    Without `has_safetensors` the main branch of their repositories holds pickled weights only, which are not opened.
    """

    name: str
    title: str
    licence: str
    note: str
    has_safetensors: bool
    models: tuple[KnownModel, ...]


@lru_cache(maxsize=1)
def list_known_ladders() -> tuple[KnownLadder, ...]:
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(_read_ladder(entry) for entry in table["ladder"])


def _read_ladder(entry: Mapping[str, Any]) -> KnownLadder:
    models = (
        KnownModel(repo=model["repo"], n_params=model["n_params"], context=model.get("context", entry["context"]))
        for model in entry["models"]
    )
    return KnownLadder(
        name=entry["name"],
        title=entry["title"],
        licence=entry["licence"],
        note=entry.get("note", ""),
        has_safetensors=entry.get("safetensors", True),
        models=tuple(models),
    )


def find_known_model(name: str) -> KnownModel | None:
    """The model of that repository, as a server or a cache may name it; small and capital letters are the same."""
    wanted = name.partition("@")[0].casefold()
    models = (model for ladder in list_known_ladders() for model in ladder.models)
    return next((model for model in models if model.repo.casefold() == wanted), None)


@dataclass(frozen=True)
class ExpandedArms:
    """The arms that entries of a study file stand for; `origins` are the entries they come from, counted from 0."""

    arms: list[Any]
    origins: list[int]
    faults: list[str]


def expand_ladder_arms(entries: list[Any]) -> ExpandedArms:
    """Arms of a study file with each `ladder = "pythia"` turned into an arm a model; what is wrong, with its key.

    `sizes = ["70m", "1b"]` takes those whose name ends so. What else such an entry says (conditioned, sampling) holds
    for all of its arms. An arm of a known model that says no n_params is given it.
    """
    expanded = ExpandedArms(arms=[], origins=[], faults=[])
    for number, entry in enumerate(entries):
        made: list[Any] = [entry]
        if isinstance(entry, Mapping) and "ladder" in entry:
            try:
                made = _expand(entry)
            except ValueError as error:
                key, _, reason = str(error).partition(": ")
                expanded.faults.append(Fault(("arms", number, key), reason))
        elif isinstance(entry, Mapping):
            made = [_add_n_params(entry)]
        expanded.arms.extend(made)
        expanded.origins.extend([number] * len(made))
    return expanded


def _expand(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    ladder = next((ladder for ladder in list_known_ladders() if ladder.name == entry["ladder"]), None)
    if ladder is None:
        names = ", ".join(ladder.name for ladder in list_known_ladders())
        raise ValueError(f"ladder: there is no {entry['ladder']!r}; choose from {names}")
    own = [key for key in ("name", "label", "n_params", "generator", "control") if key in entry]
    if own:
        raise ValueError(f"{own[0]}: each model of a ladder has its own; leave it out beside ladder")
    sizes = entry.get("sizes", [""])
    if not isinstance(sizes, list) or not all(isinstance(size, str) for size in sizes):
        raise ValueError('sizes: must be a list of texts, as ["70m", "1b"]')
    models = {size: [model for model in ladder.models if _has_size(model, size)] for size in sizes}
    if missing := [size for size, found in models.items() if not found]:
        there = ", ".join(model.short_name for model in ladder.models)
        raise ValueError(f"sizes: {ladder.title} has no {', '.join(missing)}; it has {there}")
    chosen = [model for model in ladder.models if any(model in found for found in models.values())]
    shared = {key: value for key, value in entry.items() if key not in ("ladder", "sizes")}
    return [
        {
            "name": model.short_name.lower(),
            "label": model.short_name,
            "n_params": model.n_params,
            "generator": model.generator,
            **shared,
        }
        for model in chosen
    ]


def _has_size(model: KnownModel, size: str) -> bool:
    """Whether a size is one of the parts of a model's name after its family, or the whole name, as `gpt2`."""
    name = model.short_name.casefold()
    return not size or size.casefold() in (name, *name.split("-")[1:])


def _add_n_params(entry: Mapping[str, Any]) -> dict[str, Any]:
    scheme, _, name = str(entry.get("generator", "")).partition(":")
    known = find_known_model(name) if not scheme.startswith("checkpoint") and "n_params" not in entry else None
    return {**entry, "n_params": known.n_params} if known else dict(entry)
