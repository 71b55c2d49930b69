"""The models that a draft's page offers as arms, and the arms of a study file that its ticked rows mean."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from studyapp.domain.study_design import DesignError
from studyapp.model_files.checkpoints import list_shelf
from studyapp.model_files.offered_models import OfferedModel, ServerListing, list_cached_models, list_server_models

PLACES = {"checkpoint": "On the shelf", "huggingface": "In the Hugging Face cache", "openai": "Of the server"}
_MADE_TO_ANSWER = re.compile(r"instruct|chat|-it$|-it@", re.IGNORECASE)  # as most makers name such models
_SUFFIXES = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_NUMBER = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<suffix>[kmb]?)")


@dataclass(frozen=True)
class ArmRow:
    """A model as the page offers it: ticked or not, with what the preset gives such an arm.

    Its inputs carry the generator in their names, so that a row stays itself when the list has changed meanwhile.
    """

    model: OfferedModel
    is_ticked: bool
    is_chat: bool
    is_control: bool
    label: str
    n_params: str
    temperature: str
    top_p: str

    @property
    def generator(self) -> str:
        return self.model.generator


@dataclass(frozen=True)
class ArmGroup:
    """The rows of one place where models are found."""

    place: str
    rows: tuple[ArmRow, ...]


def read_arm_rows(
    request: HttpRequest, listing: ServerListing, *, preset_arms: list[dict[str, Any]], skips: Collection[str] = ()
) -> list[ArmRow]:
    """Every model that is offered but those of `skips`, with what was posted for it, or with the preset's sampling."""
    sampling = {is_control: _first_sampling(preset_arms, is_control=is_control) for is_control in (True, False)}
    return [_read_row(request, model, sampling) for model in _list_models(listing) if model.generator not in skips]


def group_rows(rows: list[ArmRow]) -> list[ArmGroup]:
    """The rows by their place; places that have none are left out."""
    groups = [
        ArmGroup(place, tuple(row for row in rows if row.model.scheme == scheme)) for scheme, place in PLACES.items()
    ]
    return [group for group in groups if group.rows]


def _list_models(listing: ServerListing) -> list[OfferedModel]:
    shelf = [
        OfferedModel("checkpoint", checkpoint.folder, checkpoint.n_params, checkpoint.chat)
        for checkpoint in list_shelf()
    ]
    return [*shelf, *list_cached_models(settings.HUGGING_FACE_CACHE), *list_server_models(listing)]


def _read_row(request: HttpRequest, model: OfferedModel, sampling: Mapping[bool, dict[str, Any]]) -> ArmRow:
    posted, key = request.POST, model.generator
    is_control = "control" in model.name.rsplit("/", 1)[-1] and model.scheme == "checkpoint"
    is_chat = model.chat and bool(_MADE_TO_ANSWER.search(model.name))
    if request.method == "POST":
        is_control, is_chat = posted.get("control") == key, key in posted.getlist("chat")
    return ArmRow(
        model=model,
        is_ticked=key in posted.getlist("arm"),
        is_chat=is_chat,
        is_control=is_control,
        label=posted.get(f"label-{key}", model.name.rsplit("/", 1)[-1]),
        n_params=posted.get(f"n_params-{key}", ""),
        temperature=posted.get(f"temperature-{key}", str(sampling[is_control].get("temperature", 1.0))),
        top_p=posted.get(f"top_p-{key}", str(sampling[is_control].get("top_p", 1.0))),
    )


def _first_sampling(arms: list[dict[str, Any]], *, is_control: bool) -> dict[str, Any]:
    found = (arm.get("sampling", {}) for arm in arms if bool(arm.get("control")) == is_control)
    return next(found, {})


def describe_arms(rows: list[ArmRow], *, ticked: list[str], taken: Collection[str] = ()) -> list[dict[str, Any]]:
    """The arms of a study file that the ticked rows mean; their names are none of those that are `taken`.

    Raises:
        DesignError: nothing is ticked, a model is not offered any more, or a number is none.
    """
    chosen = [row for row in rows if row.is_ticked]
    if gone := sorted(set(ticked) - {row.generator for row in chosen}):
        raise DesignError([f"{generator} is not to be found any more; look whether it is there" for generator in gone])
    if not chosen:
        raise DesignError(["Tick at least one model."])
    names = [_make_name(row.model.name.rsplit("/", 1)[-1]) for row in chosen]
    arms: list[dict[str, Any]] = []
    for row, name in zip(chosen, names, strict=True):
        used = {*taken, *(arm["name"] for arm in arms)}
        wanted = _make_name(row.model.name) if names.count(name) > 1 or name in used else name
        arms.append(_describe_arm(row, name=_make_free(wanted, used)))
    return arms


def _make_free(name: str, used: Collection[str]) -> str:
    """The name, with a number behind it where it is taken."""
    numbered = (name if number == 1 else f"{name[:56]}-{number}" for number in count(1))
    return next(free for free in numbered if free not in used)


def _make_name(text: str) -> str:
    """A name that an arm may have: small letters, digits, and single dots and hyphens between."""
    return re.sub(r"[^a-z0-9]*([.-])[^a-z0-9]*|[^a-z0-9]+", lambda gap: gap[1] or "-", text.lower()).strip(".-")[:60]


def _describe_arm(row: ArmRow, *, name: str) -> dict[str, Any]:
    try:
        sampling = {"temperature": float(row.temperature), "top_p": float(row.top_p)}
    except ValueError:
        raise DesignError([f"{row.label}: temperature and top-p must be numbers."]) from None
    arm: dict[str, Any] = {
        "name": name,
        "label": row.label,
        "control": row.is_control,
        "conditioned": not row.is_control,
        "generator": f"{row.model.scheme}{'-chat' if row.is_chat else ''}:{row.model.name}",
        "sampling": sampling,
    }
    n_params = row.model.n_params or read_n_params(row.n_params, label=row.label)
    return arm if n_params is None else {**arm, "n_params": n_params}


def read_n_params(text: str, *, label: str) -> int | None:
    """A number of parameters as people write it: 7000000000, 7,000,000,000, 7B, 1.5b; None for an empty one.

    Raises:
        DesignError: it is no such number; the message names the model by its label.
    """
    plain = re.sub(r"[,_\s]", "", text).lower()
    if not plain:
        return None
    found = _NUMBER.fullmatch(plain)
    if found is None:
        raise DesignError([f"{label}: {text!r} is no number of parameters; write 7000000000, or 7B."])
    return round(float(found["number"]) * _SUFFIXES[found["suffix"]])
