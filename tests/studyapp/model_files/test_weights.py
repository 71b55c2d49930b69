import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from studyapp.model_files.weights import count_params
from tests.generator.foreign_models import FAMILIES, make_foreign


def read_config(folder):
    return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize("family", FAMILIES)
def test_headers_give_the_count_of_the_opened_model(tmp_path, family):
    folder = make_foreign(tmp_path, family)
    opened = AutoModelForCausalLM.from_pretrained(str(folder))
    expected = sum(parameter.numel() for parameter in opened.parameters())
    assert count_params(folder, read_config(folder)) == expected
    # as older versions saved them: masks and tables beside the weights, and a tied output layer once more
    weights = load_file(folder / "model.safetensors")
    weights["h.0.attn.bias"] = torch.ones(1, 1, 8, 8)
    weights["gpt_neox.layers.0.attention.masked_bias"] = torch.tensor(-1e9)
    weights["model.layers.0.self_attn.rotary_emb.inv_freq"] = torch.ones(4)
    weights["gpt_neox.layers.0.attention.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    if opened.config.tie_word_embeddings:
        weights["lm_head.weight"] = torch.ones(opened.config.vocab_size, 32)
    save_file(weights, folder / "model.safetensors")
    assert count_params(folder, read_config(folder)) == expected


def test_shards_are_counted_by_their_index(tmp_path):
    save_file({"a.weight": torch.ones(2, 3)}, tmp_path / "model-1.safetensors")
    save_file({"b.bias": torch.ones(5)}, tmp_path / "model-2.safetensors")
    save_file({"a.weight": torch.ones(2, 3), "b.bias": torch.ones(5)}, tmp_path / "consolidated.safetensors")
    index = {"weight_map": {"a.weight": "model-1.safetensors", "b.bias": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert count_params(tmp_path, {}) == 11


def test_what_the_headers_do_not_say_is_unknown(tmp_path):
    assert count_params(tmp_path, {}) is None
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    assert count_params(tmp_path, {}) is None
    save_file({"a": torch.ones(3)}, tmp_path / "model.safetensors")
    assert count_params(tmp_path, {"quantization_config": {"bits": 4}}) is None
