"""Which trained models lie on the shelf (BYLINE_MODELS), read from their cards without loading torch."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache

from studyapp.model_files.weights import count_params, has_chat_template

if TYPE_CHECKING:
    from studyapp.model_files.model_store import ModelStore

logger = logging.getLogger(__name__)
STORE_SECONDS = 60  # a list of the object store is kept so long
CARD, CONFIG = "byline.json", "config.json"
TUNING, ADAPTER = "tuning.json", "adapter_config.json"  # of a fine-tuned model; of one that is an adapter alone
MAX_DEPTH = 3  # folders below the shelf
UNFINISHED = ".part"  # ends the name of a folder of the shelf whose models are not whole yet


@dataclass(frozen=True)
class Checkpoint:
    """A folder that holds a causal language model. What a foreign model's files do not say is None."""

    folder: str  # below the shelf; `checkpoint:FOLDER` in an arm
    size: str
    n_params: int | None
    held_out_loss: float | None
    tokens: int | None
    made_at: datetime
    chat: bool = False  # it can be asked instead of continued
    is_adapter: bool = False  # weights that are added to those of another model

    @property
    def generator(self) -> str:
        return f"checkpoint:{self.folder}"

    @property
    def looks_like_control(self) -> bool:
        return "control" in self.folder.rsplit("/", 1)[-1]


def list_shelf() -> list[Checkpoint]:
    """The checkpoints on this machine's shelf, and those of the object store where BYLINE_MODELS names one."""
    own = list_checkpoints(settings.MODELS_DIR)
    if not settings.MODELS_URL:
        return own
    folders = {checkpoint.folder for checkpoint in own}
    return [*own, *(checkpoint for checkpoint in _list_stored() if checkpoint.folder not in folders)]


def find_checkpoint(name: str) -> Path:
    """The folder of that name on this machine, fetched from the object store where it lies there alone.

    Raises:
        FileNotFoundError: there is no such checkpoint.
        ModelStoreError: the object store cannot be read.
    """
    folder = Path(settings.MODELS_DIR) / name
    if (folder / CONFIG).is_file():
        return folder
    if settings.MODELS_URL:
        return _open_store().fetch(name)
    raise FileNotFoundError(f"no checkpoint at 'checkpoint:{name}'; train it, or copy it into the models folder")


def read_tuning(generator: str) -> object:
    """What lies in the tuning.json of an arm's checkpoint on this machine; None where there is none."""
    scheme, _, name = generator.partition(":")
    path = Path(settings.MODELS_DIR) / name / TUNING
    if not scheme.startswith("checkpoint") or not path.is_file():
        return None
    return _read_json(path)


def _list_stored() -> list[Checkpoint]:
    """Those of the object store; none while it cannot be read, which the log says."""
    key = f"stored-models:{hash(settings.MODELS_URL)}"
    found = cache.get(key)
    if found is None:
        try:
            found = list_checkpoints(_open_store().copy_cards())
        except OSError as error:
            logger.error("%s", error)
            found = []
        cache.set(key, found, STORE_SECONDS)
    return found


def _open_store() -> "ModelStore":
    from studyapp.model_files.model_store import ModelStore  # fsspec is loaded where there is a store

    return ModelStore(url=settings.MODELS_URL, cache=Path(settings.MODEL_CACHE_DIR))


def list_checkpoints(shelf: Path) -> list[Checkpoint]:
    """Every checkpoint below the shelf, by folder; a folder whose files cannot be read is left out."""
    found = []
    for depth in range(1, MAX_DEPTH + 1):
        for config in sorted(shelf.glob("/".join(["*"] * depth + [CONFIG]))):
            if any(name.endswith(UNFINISHED) for name in config.relative_to(shelf).parts):
                continue
            checkpoint = _read_checkpoint(config.parent, shelf)
            if checkpoint is not None:
                found.append(checkpoint)
    return sorted(found, key=lambda checkpoint: (checkpoint.folder.rpartition("/")[0], checkpoint.n_params or 0))


def _read_json(path: Path) -> object:
    """None of a file that is not there or cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _count_params(folder: Path, config: Mapping[str, Any]) -> int | None:
    """The parameters by the weights' headers; of an adapter those of its whole model, which was counted when tuned."""
    if not (folder / ADAPTER).is_file():
        return count_params(folder, config)
    tuning = _read_json(folder / TUNING)
    counted = tuning.get("n_params") if isinstance(tuning, dict) else None
    return counted if isinstance(counted, int) else None


def _name_base(folder: Path) -> object:
    """The model that an adapter belongs to, as its tuning.json calls it."""
    tuning = _read_json(folder / TUNING) if (folder / ADAPTER).is_file() else None
    return tuning.get("started_from") if isinstance(tuning, dict) else None


def _read_checkpoint(folder: Path, shelf: Path) -> Checkpoint | None:
    try:
        card_path = folder / CARD
        card = json.loads(card_path.read_text(encoding="utf-8")) if card_path.is_file() else {}
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        made_at = datetime.fromtimestamp((folder / CONFIG).stat().st_mtime, tz=UTC)
    except (OSError, ValueError):
        return None
    spec = card.get("spec") or {}
    return Checkpoint(
        folder=folder.relative_to(shelf).as_posix(),
        size=str(spec.get("name") or _name_base(folder) or config.get("model_type") or "unknown"),
        n_params=card["n_params"] if "n_params" in card else _count_params(folder, config),
        held_out_loss=card.get("held_out_loss"),
        tokens=card.get("tokens_seen"),
        made_at=made_at,
        chat=not card and has_chat_template(folder),
        is_adapter=(folder / ADAPTER).is_file(),
    )
