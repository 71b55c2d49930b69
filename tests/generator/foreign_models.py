"""Small models of other people's families with random weights, saved as their makers save them."""

import json

import torch
from transformers import (
    AutoModelForCausalLM,
    GenerationConfig,
    GPT2Config,
    GPTNeoXConfig,
    LlamaConfig,
    OPTConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

from generator.tokenizer import train_tokenizer
from tests.generator.scripted_server import WORDS

FAMILIES = ("gpt2", "opt", "pythia", "llama", "qwen2")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NO_SYSTEM_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>model\n{% endif %}"
)


def make_config(family, *, vocab_size, end):
    marks = {"vocab_size": vocab_size, "bos_token_id": end, "eos_token_id": end, "pad_token_id": None}
    rotary = {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
        "max_position_embeddings": 512, **marks,
    }  # fmt: skip
    if family == "gpt2":
        return GPT2Config(n_positions=512, n_embd=32, n_layer=2, n_head=2, **marks)
    if family == "opt":
        return OPTConfig(
            hidden_size=32, num_hidden_layers=2, num_attention_heads=2, ffn_dim=64, max_position_embeddings=512,
            word_embed_proj_dim=32, **{**marks, "pad_token_id": 1},
        )  # fmt: skip
    kinds = {"pythia": GPTNeoXConfig, "llama": LlamaConfig, "qwen2": Qwen2Config}
    heads = {} if family == "pythia" else {"num_key_value_heads": 2}
    return kinds[family](tie_word_embeddings=family == "qwen2", **rotary, **heads)


def make_foreign(folder, family, *, template=None, has_bos=True):
    """A folder with config, safetensors and tokenizer; with a template, also the marks of its turns."""
    folder.mkdir(parents=True, exist_ok=True)
    train_tokenizer([WORDS], vocab_size=300).save(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), eos_token="<|endoftext|>",
        bos_token="<|endoftext|>" if has_bos else None,
    )  # fmt: skip
    if template:
        tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
        tokenizer.chat_template = template
    tokenizer.save_pretrained(str(folder))
    torch.manual_seed(5)
    model = AutoModelForCausalLM.from_config(make_config(family, vocab_size=len(tokenizer), end=tokenizer.eos_token_id))
    ends = [tokenizer.eos_token_id] + ([tokenizer.convert_tokens_to_ids("<|im_end|>")] if template else [])
    model.generation_config = GenerationConfig(do_sample=True, eos_token_id=ends)
    model.save_pretrained(str(folder))
    return folder


def put_into_cache(cache, repo, folder, *, commit="a" * 40, ref="main"):
    """Lay a folder into a Hugging Face cache as its downloads do: a snapshot of a commit, and a ref that names it."""
    place = cache / f"models--{repo.replace('/', '--')}"
    (place / "snapshots").mkdir(parents=True, exist_ok=True)
    (place / "refs" / ref).parent.mkdir(parents=True, exist_ok=True)
    (place / "refs" / ref).write_text(commit)
    (place / "blobs").mkdir(exist_ok=True)
    snapshot = place / "snapshots" / commit
    snapshot.mkdir()
    for file in folder.iterdir():
        blob = place / "blobs" / f"{commit[:8]}-{file.name}"
        blob.write_bytes(file.read_bytes())
        (snapshot / file.name).symlink_to(blob)
    return snapshot


def edit_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
