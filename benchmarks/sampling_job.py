"""The sampling job, the same for every engine: titles behind one context, five candidates each, one set of weights."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file

from generator.checkpoint_files import name_as_gpt2
from generator.model import GPT
from generator.specs import GPTSpec, find_spec

SHARPNESS = 6.0  # of the final norm: random weights else give all tokens alike, and a nucleus no trained model has
TEMPERATURE, TOP_P = 1.0, 0.9
SIZES = {"tiny": ("0.3m", 512), "30m": ("30m", 8192), "124m": ("small", 50257)}


@dataclass(frozen=True)
class Job:
    """Tokens are counted; `titles` may be fewer than the job has for an engine that is measured on a part of it."""

    size: str
    folder: str
    titles: int = 25
    candidates: int = 5
    context_tokens: int = 810  # three articles of 200 words
    title_tokens: int = 40
    new_tokens: int = 270
    threads: int = 2
    precision: str = "fp32"

    @property
    def spec(self) -> GPTSpec:
        name, vocab = SIZES[self.size]
        return replace(find_spec(name, vocab_size=vocab, context=2048, attention="dense"), name=self.size)

    def make_prompts(self) -> tuple[list[int], list[list[int]]]:
        """The context's tokens, and those of each title."""
        rng = torch.Generator().manual_seed(7)
        vocabulary = self.spec.vocab_size
        context = torch.randint(1, vocabulary, (self.context_tokens,), generator=rng).tolist()
        titles = torch.randint(1, vocabulary, (self.titles, self.title_tokens), generator=rng).tolist()
        return context, titles

    def dump(self) -> str:
        return json.dumps(asdict(self))


def make_model(spec: GPTSpec) -> GPT:
    model = GPT(spec)
    model.initialise(seed=0)
    with torch.no_grad():
        model.final_norm.weight.fill_(SHARPNESS)
    return model


def write_checkpoint(job: Job) -> None:
    """A plain GPT-2 with a tokenizer of made-up words, w0 w1 …, that every engine's converter reads; once."""
    folder = Path(job.folder)
    if (folder / "tokenizer.json").is_file():
        return
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, PreTrainedTokenizerFast

    folder.mkdir(parents=True, exist_ok=True)
    spec = job.spec
    weights = name_as_gpt2(make_model(spec).state_dict())
    named = {f"transformer.{name}": weight.contiguous() for name, weight in weights.items()}
    save_file(named, folder / "model.safetensors", metadata={"format": "pt"})
    GPT2Config(
        vocab_size=spec.vocab_size,
        n_positions=spec.context,
        n_embd=spec.d_model,
        n_layer=spec.n_layers,
        n_head=spec.n_heads,
        bos_token_id=0,
        eos_token_id=0,
        architectures=["GPT2LMHeadModel"],
        dtype="float32",
    ).save_pretrained(folder)
    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(spec.vocab_size)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=words, bos_token="w0", eos_token="w0", unk_token="w0", model_max_length=spec.context
    ).save_pretrained(folder)
