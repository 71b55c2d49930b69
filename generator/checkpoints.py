"""Checkpoints as every other tool reads them: model.safetensors, config.json, the tokenizer's files, and our card.

An all-dense model is written as plain GPT-2 and opens anywhere. One with banded layers is a `byline_gpt`, which
transformers' AutoModelForCausalLM opens once this module is imported. Nothing is ever pickled.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, PreTrainedTokenizerBase

from generator.decoding import Decoder, GPTDecoder, TransformersDecoder
from generator.hugging_face import MODEL_TYPE, make_config
from generator.model import GPT
from generator.model_card import ModelCard, has_card, read_card
from generator.specs import GPTSpec
from generator.tokenizer import TextCodec, load_tokenizer

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
_PREFIX = {"gpt2": "transformer.", MODEL_TYPE: "gpt."}

# ours -> GPT-2's, within a block; GPT-2 keeps its matrices transposed, (in, out)
_GPT2_BLOCK = {
    "attention_norm": "ln_1",
    "attention.query_key_value": "attn.c_attn",
    "attention.projection": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "expansion": "mlp.c_fc",
    "contraction": "mlp.c_proj",
}
_GPT2_OUTSIDE = {"tokens": "wte", "positions": "wpe", "final_norm": "ln_f"}


class CheckpointError(ValueError):
    """A folder that cannot be opened as a checkpoint; the message says why."""


class Codec(Protocol):
    """Text to tokens and back, for models of any origin."""

    end_of_text: int | None

    def encode(self, text: str) -> list[int]: ...

    def decode(self, tokens: list[int]) -> str: ...


class TransformersCodec:
    """A tokenizer of transformers; marks are left out of decoded text."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self.end_of_text: int | None = tokenizer.eos_token_id

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint. `card` is None for other people's models; `first_token` goes before every prompt."""

    decoder: Decoder
    codec: Codec
    card: ModelCard | None
    first_token: int | None


def save_checkpoint(folder: Path, *, model: GPT, codec: TextCodec, card: ModelCard) -> None:
    """Write a checkpoint; its card comes last, so that a folder with a card is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = model.spec
    is_gpt2 = spec.attention == "dense"
    weights = name_as_gpt2(model.state_dict()) if is_gpt2 else model.state_dict()
    prefix = _PREFIX["gpt2" if is_gpt2 else MODEL_TYPE]
    named = {prefix + name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    save_file(named, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    make = _make_gpt2_config if is_gpt2 else make_config
    make(spec, end_of_text=codec.end_of_text).save_pretrained(str(folder))
    codec.save(folder)
    card.write(folder)


def load_model(folder: str | Path, *, device: torch.device | None = None) -> GPT:
    """The model of a checkpoint that `save_checkpoint` wrote.

    Raises:
        CardError: it is not one of ours.
        CheckpointError: the weights are not those of the card's shape.
    """
    spec = read_card(folder).spec
    is_gpt2 = spec.attention == "dense"
    prefix = _PREFIX["gpt2" if is_gpt2 else MODEL_TYPE]
    named = {name.removeprefix(prefix): weight for name, weight in load_file(Path(folder) / WEIGHTS_FILE).items()}
    with torch.device("meta"):
        model = GPT(spec)
    try:
        model.load_state_dict(name_as_ours(named) if is_gpt2 else named, assign=True)
    except (RuntimeError, KeyError) as error:
        raise CheckpointError(f"{folder}: the weights are not those of the card's shape: {error}") from error
    return model.to(device or torch.device("cpu"))


def open_checkpoint(folder: str | Path, *, device: torch.device) -> Checkpoint:
    """Any checkpoint on this machine, ours or a causal language model of transformers.

    Raises:
        CheckpointError: nothing that could be opened is there.
    """
    path = Path(folder)
    if not (path / CONFIG_FILE).is_file():
        raise CheckpointError(f"there is no {CONFIG_FILE} in {path}; it is no checkpoint, or not a finished one")
    if has_card(path):
        codec = load_tokenizer(path)
        decoder = GPTDecoder(load_model(path, device=device))
        return Checkpoint(decoder=decoder, codec=codec, card=read_card(path), first_token=codec.end_of_text)
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


def name_as_gpt2(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under GPT-2's names and in its layout."""
    renamed = {}
    for name, weight in weights.items():
        module, _, kind = name.rpartition(".")
        if not module.startswith("blocks."):
            renamed[f"{_GPT2_OUTSIDE[module]}.{kind}"] = weight
            continue
        _, number, part = module.split(".", 2)
        renamed[f"h.{number}.{_GPT2_BLOCK[part]}.{kind}"] = weight.t() if weight.dim() == 2 else weight
    return renamed


def name_as_ours(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """GPT-2's weights (without the `transformer.` in front) under our names and in our layout.

    Raises:
        KeyError: a weight that GPT-2 does not have.
    """
    outside = {theirs: ours for ours, theirs in _GPT2_OUTSIDE.items()}
    block = {theirs: ours for ours, theirs in _GPT2_BLOCK.items()}
    renamed = {}
    for name, weight in weights.items():
        module, _, kind = name.rpartition(".")
        if not module.startswith("h."):
            renamed[f"{outside[module]}.{kind}"] = weight
            continue
        _, number, part = module.split(".", 2)
        own = weight.t().contiguous() if weight.dim() == 2 else weight
        renamed[f"blocks.{number}.{block[part]}.{kind}"] = own
    return renamed


def _make_gpt2_config(spec: GPTSpec, *, end_of_text: int) -> GPT2Config:
    return GPT2Config(
        vocab_size=spec.vocab_size,
        n_positions=spec.context,
        n_embd=spec.d_model,
        n_layer=spec.n_layers,
        n_head=spec.n_heads,
        activation_function="gelu_new",
        bos_token_id=end_of_text,
        eos_token_id=end_of_text,
        architectures=["GPT2LMHeadModel"],
        dtype="float32",
    )
