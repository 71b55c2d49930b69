"""The card beside a checkpoint's weights (byline.json): what was trained, on what, and how well. Needs no torch."""

import json
from dataclasses import MISSING, asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from generator.specs import GPTSpec

CARD_FILE = "byline.json"
CARD_FORMAT = 1


class CardError(ValueError):
    """The card is missing or cannot be read; the message names the file."""


@dataclass(frozen=True)
class ModelCard:
    """Losses are nats a token, `best_step` the optimiser step whose weights were kept (lowest held-out loss).

    What has a default came later than the format: a card without it is read as well.
    """

    spec: GPTSpec
    n_params: int
    tokens_seen: int
    tokens_budget: int
    steps: int
    best_step: int
    train_loss: float
    held_out_loss: float
    tokens_per_word: float
    corpus_sha256: str
    corpus_files: tuple[str, ...]
    excluded_articles: tuple[str, ...]
    settings_sha256: str
    seed: int
    seconds: float
    device: str
    code_version: str
    torch_version: str
    precision: str = "fp32"
    is_compiled: bool = False
    n_processes: int = 1
    train_flops: float | None = None

    def write(self, folder: Path) -> None:
        """Write the card as the last file of a checkpoint, at one stroke: where it lies, the checkpoint is whole."""
        path = folder / CARD_FILE
        unfinished = path.with_suffix(".json.new")
        content = {"format": CARD_FORMAT, **asdict(self)}
        unfinished.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(path)


def read_card(folder: str | Path) -> ModelCard:
    """The card of a checkpoint of ours.

    Raises:
        CardError: there is none, or it is not of this format.
    """
    path = Path(folder) / CARD_FILE
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CardError(f"there is no {CARD_FILE} in {folder}") from None
    except ValueError as error:
        raise CardError(f"{path} is no JSON: {error}") from None
    if content.pop("format", None) != CARD_FORMAT:
        raise CardError(f"{path} is not of format {CARD_FORMAT}")
    required = {field.name for field in fields(ModelCard) if field.default is MISSING}
    names = {field.name for field in fields(ModelCard)}
    if faulty := (required - content.keys()) | (content.keys() - names):
        raise CardError(f"{path} lacks or has too many of the fields {', '.join(sorted(faulty))}")
    content["spec"] = GPTSpec(**content["spec"])
    for name in ("corpus_files", "excluded_articles"):
        content[name] = tuple(content[name])
    return ModelCard(**content)


def has_card(folder: str | Path) -> bool:
    return (Path(folder) / CARD_FILE).is_file()


def find_code_version() -> str:
    """The version of the installed package, for the card."""
    try:
        return version("byline")
    except PackageNotFoundError:
        return "unknown"
