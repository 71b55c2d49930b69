"""Which trained models lie on the shelf (BYLINE_MODELS), read from their cards without loading torch."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from studyapp.weights import count_params, has_chat_template

CARD, CONFIG = "byline.json", "config.json"
MAX_DEPTH = 3  # folders below the shelf


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

    @property
    def generator(self) -> str:
        return f"checkpoint:{self.folder}"

    @property
    def looks_like_control(self) -> bool:
        return "control" in self.folder.rsplit("/", 1)[-1]


def list_checkpoints(shelf: Path) -> list[Checkpoint]:
    """Every checkpoint below the shelf, by folder; a folder whose files cannot be read is left out."""
    found = []
    for depth in range(1, MAX_DEPTH + 1):
        for config in sorted(shelf.glob("/".join(["*"] * depth + [CONFIG]))):
            checkpoint = _read_checkpoint(config.parent, shelf)
            if checkpoint is not None:
                found.append(checkpoint)
    return sorted(found, key=lambda checkpoint: (checkpoint.folder.rpartition("/")[0], checkpoint.n_params or 0))


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
        size=str(spec.get("name") or config.get("model_type") or "unknown"),
        n_params=card["n_params"] if "n_params" in card else count_params(folder, config),
        held_out_loss=card.get("held_out_loss"),
        tokens=card.get("tokens_seen"),
        made_at=made_at,
        chat=not card and has_chat_template(folder),
    )
