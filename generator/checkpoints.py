"""Checkpoints and transformers: with this module imported, AutoModelForCausalLM opens ours, and we open other people's.

Ours lie in the files that `generator.checkpoint_files` writes; any other folder is opened as a local causal language
model of transformers, from safetensors and without code of its own.
"""

from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from generator.checkpoint_files import (
    CONFIG_FILE,
    Checkpoint,
    CheckpointError,
    load_model,
    open_own_checkpoint,
    save_checkpoint,
)
from generator.decoding import TransformersDecoder
from generator.hugging_face import BylineGPTForCausalLM  # importing it registers `byline_gpt`
from generator.model_card import has_card, read_card

__all__ = [
    "BylineGPTForCausalLM",
    "Checkpoint",
    "CheckpointError",
    "load_model",
    "open_checkpoint",
    "read_card",
    "save_checkpoint",
]


class TransformersCodec:
    """A tokenizer of transformers; marks are left out of decoded text."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self.end_of_text: int | None = tokenizer.eos_token_id

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def open_checkpoint(folder: str | Path, *, device: torch.device) -> Checkpoint:
    """Any checkpoint on this machine, ours or a causal language model of transformers.

    Raises:
        CheckpointError: nothing that could be opened is there.
    """
    path = Path(folder)
    return open_own_checkpoint(path, device=device) if has_card(path) else _open_foreign(path, device=device)


def _open_foreign(path: Path, *, device: torch.device) -> Checkpoint:
    if not (path / CONFIG_FILE).is_file():
        raise CheckpointError(f"there is no {CONFIG_FILE} in {path}; it is no checkpoint, or not a finished one")
    safe = {"trust_remote_code": False, "local_files_only": True}
    try:
        model = AutoModelForCausalLM.from_pretrained(str(path), use_safetensors=True, dtype=torch.float32, **safe)
        tokenizer = AutoTokenizer.from_pretrained(str(path), **safe)
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be opened: {error}") from error
    return Checkpoint(
        decoder=TransformersDecoder(model.to(device)),
        codec=TransformersCodec(tokenizer),
        card=None,
        first_token=tokenizer.bos_token_id,
    )
