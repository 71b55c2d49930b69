import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from generator.checkpoints import CheckpointError, load_model, open_checkpoint

CPU = torch.device("cpu")


@pytest.mark.parametrize(("attention", "model_type"), [("dense", "gpt2"), ("alternating", "byline_gpt")])
def test_opens_with_transformers_and_gives_the_same_logits(checkpoints, attention, model_type):
    folder = checkpoints[attention]
    assert json.loads((folder / "config.json").read_text())["model_type"] == model_type
    ours = load_model(folder)
    theirs = AutoModelForCausalLM.from_pretrained(str(folder))
    tokens = torch.randint(ours.spec.vocab_size, (2, 200))
    torch.testing.assert_close(theirs(tokens).logits, ours.project(ours(tokens)), atol=1e-5, rtol=1e-5)
    assert sum(parameter.numel() for parameter in theirs.parameters()) == ours.spec.n_params
    loss = theirs(tokens, labels=tokens).loss
    torch.testing.assert_close(loss, ours.measure_loss(tokens[:, :-1], tokens[:, 1:]))
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    written = theirs.generate(**tokenizer("Title: The ferry", return_tensors="pt"), max_new_tokens=4, do_sample=False)
    assert written.shape[1] == len(tokenizer("Title: The ferry").input_ids) + 4


def test_the_dense_form_opens_without_our_package(checkpoints):
    script = (
        "import sys, transformers; model = transformers.AutoModelForCausalLM.from_pretrained(sys.argv[1]);"
        "assert type(model).__name__ == 'GPT2LMHeadModel' and 'generator' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(checkpoints["dense"])], check=True, cwd="/")


def test_ours_and_others_are_opened_alike(checkpoints, tmp_path):
    foreign = shutil.copytree(checkpoints["dense"], tmp_path / "foreign")
    (foreign / "byline.json").unlink()
    ours, theirs = open_checkpoint(checkpoints["dense"], device=CPU), open_checkpoint(foreign, device=CPU)
    assert ours.card is not None and theirs.card is None
    assert ours.first_token == theirs.first_token == ours.codec.end_of_text
    text = "Vellmar’s ferry – 12 days."
    assert ours.codec.encode(text) == theirs.codec.encode(text)
    assert theirs.codec.decode(theirs.codec.encode(text)) == text
    with torch.inference_mode():
        mine = ours.decoder.open([], rows=2, own=8).admit([1, 2, 3], rows=2)
        other = theirs.decoder.open([], rows=2, own=8).admit([1, 2, 3], rows=2)
    torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-5)


def test_what_is_no_checkpoint_is_named(checkpoints, tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no config\.json"):
        open_checkpoint(tmp_path, device=CPU)
    broken = shutil.copytree(checkpoints["alternating"], tmp_path / "broken")
    card = json.loads((broken / "byline.json").read_text())
    card["spec"]["n_layers"] = 3
    (broken / "byline.json").write_text(json.dumps(card))
    with pytest.raises(CheckpointError, match="not those of the card's shape"):
        load_model(broken)


def test_weights_are_never_pickled(checkpoints, tmp_path):
    foreign = shutil.copytree(checkpoints["dense"], tmp_path / "pickled")
    (foreign / "byline.json").unlink()
    torch.save(load_file(foreign / "model.safetensors"), foreign / "pytorch_model.bin")
    (foreign / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="cannot be opened"):
        open_checkpoint(foreign, device=CPU)
