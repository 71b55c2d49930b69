"""What a model's files say of it without loading: how many parameters it has, and whether it can be asked."""

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_HEADER_BYTES = 100_000_000  # as in safetensors itself
_FLOATS = frozenset({"F64", "F32", "F16", "BF16"})
# masks and tables that older versions of transformers saved beside the weights
_BUFFER = re.compile(r"(?:attn|attention)\.(?:masked_bias|bias)$|rotary_emb\.inv_freq$")


def count_params(folder: Path, config: Mapping[str, Any]) -> int | None:
    """The parameters of the model in `folder`, each counted once; None where the headers do not say.

    That is so without safetensors, and for quantised weights, of which several lie in one number.
    """
    if config.get("quantization_config"):
        return None
    try:
        tensors = {name: tensor for file in _find_files(folder) for name, tensor in _read_header(file).items()}
    except (OSError, ValueError):
        return None
    tied = bool(config.get("tie_word_embeddings", config.get("model_type") in ("gpt2", "opt")))
    counted = [
        math.prod(tensor["shape"]) for name, tensor in tensors.items() if not _is_left_out(name, tensor, tied=tied)
    ]
    return sum(counted) or None


def _is_left_out(name: str, tensor: Mapping[str, Any], *, tied: bool) -> bool:
    if name == "__metadata__" or tensor["dtype"] not in _FLOATS:
        return True
    if name == "lm_head.weight" and tied:
        return True
    is_vector = len(tensor["shape"]) == 1 and not name.endswith("inv_freq")
    return bool(_BUFFER.search(name)) and not is_vector  # a real bias is a vector


def _find_files(folder: Path) -> list[Path]:
    """The files of the weights: those of the index, or the one, or all."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        named = json.loads(index.read_text(encoding="utf-8")).get("weight_map", {})
        return sorted({folder / Path(str(name)).name for name in named.values()})
    single = folder / "model.safetensors"
    return [single] if single.is_file() else sorted(folder.glob("*.safetensors"))


def _read_header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > MAX_HEADER_BYTES:
            raise ValueError(f"{path} is no safetensors file")
        header = json.loads(file.read(size))
    if not isinstance(header, dict):
        raise ValueError(f"{path} is no safetensors file")
    return header


def has_chat_template(folder: Path) -> bool:
    """Whether a model says how it is asked."""
    if (folder / "chat_template.jinja").is_file():
        return True
    try:
        return bool(json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8")).get("chat_template"))
    except (OSError, ValueError, AttributeError):
        return False
