"""LoRA adapters (Hu et al. 2022), through peft: a folder with the adapter alone, and the model that it belongs to.

adapter_config.json names the model, a folder or ORG/NAME of the local Hugging Face cache; adapter_model.safetensors are
the weights. Opened, they are added to the model's own, so that whoever writes or measures sees a model as any other.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from torch import nn

from generator.checkpoint_files import CheckpointError

ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
OWN_LAYERS = ("query_key_value", "projection", "expansion", "contraction")  # every matrix of a block of ours


def is_adapter(folder: str | Path) -> bool:
    return (Path(folder) / ADAPTER_CONFIG).is_file()


def add_adapter(model: nn.Module, *, rank: int, alpha: float, base: str, is_ours: bool) -> nn.Module:
    """The model with an adapter in every matrix of its blocks; only the adapter's weights are trained."""
    from peft import LoraConfig, get_peft_model  # only here: it takes seconds to import

    config = LoraConfig(
        r=rank, lora_alpha=alpha, target_modules=list(OWN_LAYERS) if is_ours else "all-linear", lora_dropout=0.0
    )
    adapted = get_peft_model(model, config)
    adapted.peft_config["default"].base_model_name_or_path = base
    return adapted


def save_adapter(adapted: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    adapted.save_pretrained(str(folder), safe_serialization=True, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in


def find_base(folder: Path) -> Path:
    """The folder of the model that an adapter belongs to; where it has moved with it, the one beside the adapter.

    Raises:
        CheckpointError: it is not there, the configuration cannot be read, or the weights are no safetensors.
    """
    try:
        named = json.loads((folder / ADAPTER_CONFIG).read_text(encoding="utf-8")).get("base_model_name_or_path")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / ADAPTER_CONFIG} cannot be read: {error}") from None
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise CheckpointError(f"{folder} has no {ADAPTER_WEIGHTS}; adapters are opened from safetensors alone")
    if not named or not isinstance(named, str):
        raise CheckpointError(f"{folder / ADAPTER_CONFIG} does not say which model it belongs to")
    for place in (Path(named), folder.parent / Path(named).name):
        if place.is_dir() and place.resolve() != folder.resolve():
            return place
    from generator.hub_cache import find_snapshot

    try:
        return find_snapshot(named).folder
    except CheckpointError as error:
        raise CheckpointError(f"{folder} is an adapter of {named}, which is not here: {error}") from None


def merge_adapter(model: nn.Module, folder: Path) -> nn.Module:
    """The model with the adapter's products added to its weights.

    Raises:
        CheckpointError: the adapter is not one of this model.
    """
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(model, str(folder), use_safetensors=True).merge_and_unload()
    except (ValueError, RuntimeError, KeyError, OSError) as error:
        raise CheckpointError(f"{folder} cannot be added to its model: {error}") from error


def hash_adapter(folder: Path) -> str:
    with (folder / ADAPTER_WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
