"""A plain GPT-2 checkpoint as the GGUF file that llama.cpp reads."""

import json
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

_OUTSIDE = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm"}
_BLOCK = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def write_gguf(folder: Path, file: Path, *, precision: str) -> None:
    """Matrices in float32 or bf16, all else in float32; the tokenizer is that of the made-up words."""
    import gguf

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(str(file), "gpt2")
    writer.add_context_length(config["n_positions"])
    writer.add_embedding_length(config["n_embd"])
    writer.add_feed_forward_length(4 * config["n_embd"])
    writer.add_block_count(config["n_layer"])
    writer.add_head_count(config["n_head"])
    writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    writer.add_tokenizer_model("no_vocab")
    writer.add_vocab_size(config["vocab_size"])
    for name, weight in load_file(folder / "model.safetensors").items():
        module, _, kind = name.removeprefix("transformer.").rpartition(".")
        array = weight.numpy()
        if module.startswith("h."):
            _, number, part = module.split(".", 2)
            stem = f"blk.{number}.{_BLOCK[part]}"
            array = np.ascontiguousarray(array.T) if array.ndim == 2 else array  # GPT-2 keeps them (in, out)
        else:
            stem = _OUTSIDE[module]
        is_bf16 = precision == "bf16" and array.ndim == 2 and stem != "position_embd"
        kind_of = gguf.GGMLQuantizationType.BF16 if is_bf16 else gguf.GGMLQuantizationType.F32
        writer.add_tensor(f"{stem}.{kind}", gguf.quants.quantize(array, kind_of), raw_dtype=kind_of)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
