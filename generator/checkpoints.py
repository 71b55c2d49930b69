"""Checkpoints and transformers: with this module imported, AutoModelForCausalLM opens ours, and we open other people's.

Ours lie in the files that `generator.checkpoint_files` writes; any other folder is opened as a local causal language
model of transformers, from safetensors and without code of its own.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel, PreTrainedModel, PreTrainedTokenizerBase

from generator.adapters import find_base, is_adapter, merge_adapter
from generator.checkpoint_files import (
    CONFIG_FILE,
    Checkpoint,
    CheckpointError,
    load_model,
    name_as_ours,
    open_own_checkpoint,
    save_checkpoint,
)
from generator.decoding import Decoder, GPTDecoder
from generator.foreign_decoding import TransformersDecoder
from generator.hugging_face import BylineGPTForCausalLM  # importing it registers `byline_gpt`
from generator.model import GPT, LAYER_NORM_EPS
from generator.model_card import has_card, read_card
from generator.ngram_index import open_index
from generator.prompts import build_messages
from generator.specs import GPTSpec
from generator.tokenizer import load_tokenizer

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

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, end_of_text: int | None) -> None:
        self._tokenizer = tokenizer
        self.end_of_text = end_of_text

    def encode(self, text: str) -> list[int]:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def decode(self, tokens: list[int]) -> str:
        return self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


class TransformersChat:
    """A tokenizer's own chat template."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer

    def render(self, prompt: str, *, conditioned: bool) -> str:
        """The turns up to where the answer begins; the instruction joins the question where it may not stand alone.

        Models that can think before they answer are told not to.
        """
        messages = build_messages(prompt, conditioned=conditioned)
        try:
            return self._apply(messages)
        except TemplateError:  # templates without a system's turn raise
            joined = "\n\n".join(message["content"] for message in messages)
            return self._apply([{"role": "user", "content": joined}])

    def _apply(self, messages: list[dict[str, str]]) -> str:
        return self._tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )


def open_checkpoint(folder: str | Path, *, device: torch.device, chat: bool = False) -> Checkpoint:
    """Any checkpoint on this machine, ours or a causal language model of transformers; `chat` asks it by its template.

    Raises:
        CheckpointError: nothing that could be opened is there, or nothing that could be asked.
    """
    path = Path(folder)
    if is_adapter(path):
        return _open_adapted(path, device=device, chat=chat)
    if not has_card(path):
        return _open_foreign(path, device=device, chat=chat)
    if chat:
        raise CheckpointError(f"{path} was trained by Byline and has no chat template; leave -chat out")
    return open_own_checkpoint(path, device=device)


def _open_adapted(path: Path, *, device: torch.device, chat: bool) -> Checkpoint:
    """A model with the adapter in `path` added to its weights."""
    base = find_base(path)
    if not has_card(base):
        return _open_foreign(base, device=device, chat=chat, adapter=path)
    if chat:
        raise CheckpointError(f"{path} belongs to a model that has no chat template; leave -chat out")
    codec = load_tokenizer(base)
    return Checkpoint(
        decoder=GPTDecoder(merge_adapter(load_model(base), path).to(device)),
        codec=codec,
        card=read_card(base),
        first_token=codec.end_of_text,
        training=open_index(path),
    )


def load_foreign(path: Path, *, dtype: torch.dtype | str) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A causal language model of transformers and its tokenizer, from safetensors and without code of its own.

    Raises:
        CheckpointError: there is none, or it is not whole.
    """
    config = _read_config(path)
    safe = {"trust_remote_code": False, "local_files_only": True}
    try:
        model, loaded = AutoModelForCausalLM.from_pretrained(  # nosec B615
            str(path), use_safetensors=True, dtype=dtype, output_loading_info=True, **safe
        )
        tokenizer = AutoTokenizer.from_pretrained(str(path), **safe)  # nosec B615
    except (OSError, ValueError, KeyError, ImportError) as error:
        if "auto_map" in config:
            raise CheckpointError(
                f"{path} cannot be opened without code of its own, which Byline never runs; "
                f"take a model that transformers itself knows: {error}"
            ) from error
        raise CheckpointError(f"{path} cannot be opened: {error}") from error
    if missing := sorted(loaded["missing_keys"]):  # transformers would draw them at random
        raise CheckpointError(f"{path} is not whole: its files lack {', '.join(missing[:3])}")
    return model, tokenizer


def _open_foreign(path: Path, *, device: torch.device, chat: bool, adapter: Path | None = None) -> Checkpoint:
    # a GPU computes what was published
    model, tokenizer = load_foreign(path, dtype="auto" if device.type == "cuda" else torch.float32)
    if adapter:
        model = merge_adapter(model, adapter)
    if chat and not tokenizer.chat_template:
        raise CheckpointError(f"{path} has no chat template; leave -chat out, and it continues the prompt")
    ends = _list_end_marks(model, tokenizer)
    _join_end_marks(model, ends)
    return Checkpoint(
        decoder=_make_decoder(model, device=device, has_one_end=len(ends) < 2),
        codec=TransformersCodec(tokenizer, end_of_text=ends[0] if ends else None),
        card=None,
        first_token=tokenizer.bos_token_id,
        chat=TransformersChat(tokenizer) if chat else None,
        training=open_index(adapter or path),
    )


def _make_decoder(model: PreTrainedModel, *, device: torch.device, has_one_end: bool) -> Decoder:
    """Our own decoder for a GPT-2, whose all-dense form is of our family, and transformers' for anything else."""
    config = model.config
    is_plain_gpt2 = (
        has_one_end
        and type(model) is GPT2LMHeadModel
        and config.activation_function in ("gelu_new", "gelu_pytorch_tanh")
        and config.n_inner in (None, 4 * config.n_embd)
        and config.layer_norm_epsilon == LAYER_NORM_EPS
        and config.scale_attn_weights
        and not config.scale_attn_by_inverse_layer_idx
        and model.get_output_embeddings().weight is model.get_input_embeddings().weight
    )
    if not is_plain_gpt2:
        return TransformersDecoder(model.to(device))
    spec = GPTSpec(
        name="gpt2",
        n_layers=config.n_layer,
        d_model=config.n_embd,
        n_heads=config.n_head,
        context=config.n_positions,
        vocab_size=config.vocab_size,
        band=config.n_positions,
        attention="dense",
        batch_tokens=config.n_positions,
        peak_lr=1e-3,
    )
    with torch.device("meta"):
        ours = GPT(spec)
    ours.load_state_dict(name_as_ours(dict(model.transformer.named_parameters())), assign=True)
    return GPTDecoder(ours.to(device=device, dtype=torch.float32))


def _read_config(path: Path) -> dict[str, Any]:
    """config.json of a folder that holds weights we open.

    Raises:
        CheckpointError: there is none, or the weights are pickled.
    """
    if not (path / CONFIG_FILE).is_file():
        raise CheckpointError(f"there is no {CONFIG_FILE} in {path}; it is no checkpoint, or not a finished one")
    if not any(path.glob("*.safetensors")):
        pickled = ", ".join(sorted(file.name for file in path.glob("*.bin"))) or "no weights"
        raise CheckpointError(
            f"{path} cannot be opened: it holds {pickled} and no safetensors. Pickled weights can run code and are "
            "never opened; take a revision that has safetensors (as ORG/NAME@refs/pr/1), or convert them elsewhere"
        )
    try:
        return json.loads((path / CONFIG_FILE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path / CONFIG_FILE} cannot be read: {error}") from error


def _list_end_marks(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Every token that ends a text or a turn, the tokenizer's own first; models name them in three places."""
    named: list[int] = []
    for ids in (tokenizer.eos_token_id, model.generation_config.eos_token_id, model.config.eos_token_id):
        named += ids if isinstance(ids, Iterable) else [] if ids is None else [ids]
    return list(dict.fromkeys(named))


def _join_end_marks(model: PreTrainedModel, ends: list[int]) -> None:
    """Give the first end mark the probability of all of them, so that whoever decodes need know but one."""
    if len(ends) < 2:
        return

    def join(_module: PreTrainedModel, _inputs: Any, output: Any) -> Any:
        logits = output.logits.clone()
        logits[..., ends[0]] = output.logits[..., ends].logsumexp(-1)
        logits[..., ends[1:]] = float("-inf")
        output.logits = logits
        return output

    model.register_forward_hook(join)
