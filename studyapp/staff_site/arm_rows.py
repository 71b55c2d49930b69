"""The models that the page of a new study offers as arms, and the arms of a study file that its ticked rows mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from studyapp.checkpoints import list_checkpoints
from studyapp.domain.study_design import DesignError
from studyapp.offered_models import OfferedModel, ServerListing, list_cached_models, list_server_models
from studyapp.study_file import DEFAULT_PRESET, read_preset

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


def read_arm_rows(request: HttpRequest, listing: ServerListing) -> list[ArmRow]:
    """Every model that is offered, with what was posted for it, or with the preset's sampling."""
    preset_arms = read_preset(DEFAULT_PRESET)["arms"]
    sampling = {is_control: _first_sampling(preset_arms, is_control=is_control) for is_control in (True, False)}
    return [_read_row(request, model, sampling) for model in _list_models(listing)]


def group_rows(rows: list[ArmRow]) -> list[ArmGroup]:
    """The rows by their place; places that have none are left out."""
    groups = [
        ArmGroup(place, tuple(row for row in rows if row.model.scheme == scheme)) for scheme, place in PLACES.items()
    ]
    return [group for group in groups if group.rows]


def _list_models(listing: ServerListing) -> list[OfferedModel]:
    shelf = [
        OfferedModel("checkpoint", checkpoint.folder, checkpoint.n_params, checkpoint.chat)
        for checkpoint in list_checkpoints(settings.MODELS_DIR)
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
        temperature=posted.get(f"temperature-{key}", str(sampling[is_control]["temperature"])),
        top_p=posted.get(f"top_p-{key}", str(sampling[is_control]["top_p"])),
    )


def _first_sampling(arms: list[dict[str, Any]], *, is_control: bool) -> dict[str, Any]:
    return next(arm["sampling"] for arm in arms if bool(arm.get("control")) == is_control)


def describe_arms(rows: list[ArmRow], *, ticked: list[str]) -> list[dict[str, Any]]:
    """The arms of a study file that the ticked rows mean.

    Raises:
        DesignError: nothing is ticked, a model is not offered any more, or a number is none.
    """
    chosen = [row for row in rows if row.is_ticked]
    if gone := sorted(set(ticked) - {row.generator for row in chosen}):
        raise DesignError([f"{generator} is not to be found any more; look whether it is there" for generator in gone])
    if not chosen:
        raise DesignError(["Tick at least one model."])
    names = [_make_name(row.model.name.rsplit("/", 1)[-1]) for row in chosen]
    return [
        _describe_arm(row, name=_make_name(row.model.name) if names.count(name) > 1 else name)
        for row, name in zip(chosen, names, strict=True)
    ]


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
    n_params = row.model.n_params or _read_n_params(row)
    return arm if n_params is None else {**arm, "n_params": n_params}


def _read_n_params(row: ArmRow) -> int | None:
    """A number of parameters as people write it: 7000000000, 7,000,000,000, 7B, 1.5b; None for an empty one."""
    text = re.sub(r"[,_\s]", "", row.n_params).lower()
    if not text:
        return None
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise DesignError([f"{row.label}: {row.n_params!r} is no number of parameters; write 7000000000, or 7B."])
    return round(float(found["number"]) * _SUFFIXES[found["suffix"]])
