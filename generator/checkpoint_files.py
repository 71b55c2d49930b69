"""The files of our own checkpoints: model.safetensors, config.json, the tokenizer's files, and our card.

Written and read without transformers, which takes seconds to import. Nothing is ever pickled.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from generator.decoding import Decoder, GPTDecoder
from generator.fitness import TrainingText
from generator.model import GPT
from generator.model_card import ModelCard, read_card
from generator.ngram_index import open_index
from generator.prompts import cut_leading_frame
from generator.specs import GPTSpec
from generator.tokenizer import TextCodec, load_tokenizer

MODEL_TYPE = "byline_gpt"
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


class ChatTemplate(Protocol):
    """How a model made to answer is asked."""

    def render(self, prompt: str, *, conditioned: bool) -> str:
        """The whole turn as text, its marks included, up to where the model's answer begins."""


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint. `card` is None for other people's models; `first_token` goes before every prompt.

    With a `chat` the model is asked and answers, without one it continues the prompt. `training` is what is known of
    the text that it was trained on.
    """

    decoder: Decoder
    codec: Codec
    card: ModelCard | None
    first_token: int | None
    chat: ChatTemplate | None = None
    training: TrainingText | None = None

    def render_prompt(self, prompt: str, *, conditioned: bool) -> str:
        """The text that the model reads for a prompt."""
        return prompt if self.chat is None else self.chat.render(prompt, conditioned=conditioned)

    def encode_prompt(self, rendered: str) -> list[int]:
        """Tokens of what `render_prompt` gave; a chat template has set the first mark itself."""
        first = [] if self.first_token is None or self.chat is not None else [self.first_token]
        return first + self.codec.encode(rendered)

    def decode_answer(self, tokens: list[int]) -> str:
        """What the model wrote, without the labels that one made to answer may repeat before its text."""
        text = self.codec.decode(tokens)
        return text if self.chat is None else cut_leading_frame(text)


def save_checkpoint(folder: Path, *, model: GPT, codec: TextCodec, card: ModelCard) -> None:
    """Write a checkpoint: weights, config.json, tokenizer, and last the card, so that a folder with a card is whole.

    An all-dense model is written as plain GPT-2 and opens anywhere, one with banded layers as a `byline_gpt`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    spec = model.spec
    is_gpt2 = spec.attention == "dense"
    weights = name_as_gpt2(model.state_dict()) if is_gpt2 else model.state_dict()
    prefix = _PREFIX["gpt2" if is_gpt2 else MODEL_TYPE]
    named = {prefix + name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    save_file(named, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    config = _describe_gpt2(spec) if is_gpt2 else _describe_byline(spec)
    config |= {"vocab_size": spec.vocab_size, "bos_token_id": codec.end_of_text, "eos_token_id": codec.end_of_text}
    (folder / CONFIG_FILE).write_text(json.dumps({**config, "dtype": "float32"}, indent=2) + "\n", encoding="utf-8")
    codec.save(folder)
    card.write(folder)


def hash_weights(folder: Path) -> str:
    """SHA-256 of a checkpoint's weights.

    Raises:
        CheckpointError: there are none.
    """
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise CheckpointError(f"there is no {WEIGHTS_FILE} in {folder}; it is no checkpoint, or not a finished one")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def open_own_checkpoint(folder: Path, *, device: torch.device) -> Checkpoint:
    """A checkpoint that `save_checkpoint` wrote, ready to decode.

    Raises:
        CardError, CheckpointError: it is not one of ours, or it is not whole.
    """
    codec = load_tokenizer(folder)
    decoder = GPTDecoder(load_model(folder, device=device))
    return Checkpoint(
        decoder=decoder,
        codec=codec,
        card=read_card(folder),
        first_token=codec.end_of_text,
        training=open_index(folder),
    )


def name_as_gpt2(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under GPT-2's names and in its layout."""
    return _rename(weights, blocks=("blocks", "h"), parts=_GPT2_BLOCK, outside=_GPT2_OUTSIDE)


def name_as_ours(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """GPT-2's weights (without the `transformer.` in front) under our names and in our layout.

    Raises:
        KeyError: a weight that GPT-2 does not have.
    """
    parts, outside = ({theirs: ours for ours, theirs in names.items()} for names in (_GPT2_BLOCK, _GPT2_OUTSIDE))
    return _rename(weights, blocks=("h", "blocks"), parts=parts, outside=outside)


def _rename(
    weights: dict[str, Tensor], *, blocks: tuple[str, str], parts: dict[str, str], outside: dict[str, str]
) -> dict[str, Tensor]:
    """Weights under other names, those within blocks transposed: the two layouts differ in that alone."""
    renamed = {}
    for name, weight in weights.items():
        module, _, kind = name.rpartition(".")
        if not module.startswith(f"{blocks[0]}."):
            renamed[f"{outside[module]}.{kind}"] = weight
            continue
        _, number, part = module.split(".", 2)
        renamed[f"{blocks[1]}.{number}.{parts[part]}.{kind}"] = weight.t().contiguous() if weight.dim() == 2 else weight
    return renamed


def _describe_gpt2(spec: GPTSpec) -> dict[str, Any]:
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_layer": spec.n_layers,
        "n_embd": spec.d_model,
        "n_head": spec.n_heads,
        "n_positions": spec.context,
        "activation_function": "gelu_new",
    }


def _describe_byline(spec: GPTSpec) -> dict[str, Any]:
    return {
        "model_type": MODEL_TYPE,
        "architectures": ["BylineGPTForCausalLM"],
        "n_layers": spec.n_layers,
        "d_model": spec.d_model,
        "n_heads": spec.n_heads,
        "max_position_embeddings": spec.context,
        "band": spec.band,
        "attention": spec.attention,
        "size_name": spec.name,
    }
