"""Other people's models: every family opened and sampled, chats asked by their template, and what is refused."""

import json
from itertools import pairwise

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from generator.article_request import ArticleRequest, Sampling
from generator.checkpoints import CheckpointError, open_checkpoint
from generator.prompts import CHAT_CONTROL_INSTRUCTION, CHAT_INSTRUCTION, Story, build_prompt
from generator.writer import open_writer
from tests.generator.foreign_models import (
    CHAT_TEMPLATE,
    FAMILIES,
    NO_SYSTEM_TEMPLATE,
    edit_json,
    make_foreign,
)

CPU = torch.device("cpu")
CONTEXT = (Story(title="An earlier one", subtitle="", body="The council met.\n\nIt went home again."),)
REQUEST = ArticleRequest(
    title="Ferry returns", subtitle="After two winters.", context=CONTEXT, conditioned=True, target_words=30,
    sampling=Sampling(temperature=0.9),
)  # fmt: skip
PROMPT = build_prompt(context=CONTEXT, title="Ferry returns", subtitle="After two winters.")


@pytest.fixture(scope="module")
def chat_folder(tmp_path_factory):
    return make_foreign(tmp_path_factory.mktemp("chat"), "qwen2", template=CHAT_TEMPLATE, has_bos=False)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_of_each_family_writes_by_seed(tmp_path, family):
    folder = make_foreign(tmp_path / family, family)
    writer = open_writer(folder, device="cpu")
    together = writer.write(REQUEST, seeds=[1, 2, 3])
    assert [draft.seed for draft in together] == [1, 2, 3]
    assert len({draft.text for draft in together}) == 3
    assert writer.write(REQUEST, seeds=[2])[0].text == together[1].text
    assert writer.checkpoint.card is None and writer.checkpoint.decoder.context == 512


@pytest.mark.parametrize("family", FAMILIES)
def test_the_next_token_is_as_transformers_itself_has_it(tmp_path, family):
    folder = make_foreign(tmp_path / family, family)
    checkpoint = open_checkpoint(folder, device=CPU)
    tokens = checkpoint.encode_prompt("The harbour counted")
    with torch.inference_mode():
        logits = checkpoint.decoder.open([], rows=1, own=len(tokens)).admit(tokens, rows=1)
        theirs = AutoModelForCausalLM.from_pretrained(str(folder)).eval()(torch.tensor([tokens])).logits[:, -1]
    torch.testing.assert_close(logits, theirs, atol=1e-5, rtol=1e-5)


def test_a_prompt_begins_with_the_mark_that_the_tokenizer_names_and_with_none_where_it_names_none(tmp_path):
    marked = open_checkpoint(make_foreign(tmp_path / "marked", "llama"), device=CPU)
    assert marked.encode_prompt("The")[0] == marked.first_token == marked.codec.end_of_text
    bare = open_checkpoint(make_foreign(tmp_path / "bare", "llama", has_bos=False), device=CPU)
    assert bare.encode_prompt("The") == bare.codec.encode("The")


def test_a_chat_is_what_apply_chat_template_makes_with_the_instructions_of_the_remote_one(chat_folder):
    checkpoint = open_checkpoint(chat_folder, device=CPU, chat=True)
    tokenizer = AutoTokenizer.from_pretrained(str(chat_folder))
    turns = [{"role": "system", "content": CHAT_INSTRUCTION}, {"role": "user", "content": PROMPT}]
    expected = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]
    tokens = checkpoint.encode_prompt(checkpoint.render_prompt(PROMPT, conditioned=True))
    assert tokens == expected
    assert tokenizer.decode(tokens).endswith("<|im_start|>assistant\n")
    blind = checkpoint.render_prompt("Article:", conditioned=False)
    assert CHAT_CONTROL_INSTRUCTION in blind and "Ferry" not in blind and "system" not in blind


def test_special_tokens_are_not_doubled_and_a_template_without_a_systems_turn_is_asked_in_one(tmp_path):
    folder = make_foreign(tmp_path / "gemma-like", "llama", template=NO_SYSTEM_TEMPLATE)
    checkpoint = open_checkpoint(folder, device=CPU, chat=True)
    rendered = checkpoint.render_prompt(PROMPT, conditioned=True)
    tokens = checkpoint.encode_prompt(rendered)
    assert tokens.count(checkpoint.first_token) == 1 and tokens[0] == checkpoint.first_token
    assert all(one != other for one, other in pairwise(tokens[:4]))
    assert rendered.count("<|im_start|>user") == 1
    assert CHAT_INSTRUCTION in rendered and PROMPT in rendered


def test_any_of_the_models_end_marks_ends_a_text(chat_folder):
    checkpoint = open_checkpoint(chat_folder, device=CPU, chat=True)
    tokenizer = AutoTokenizer.from_pretrained(str(chat_folder))
    end_of_turn, end = tokenizer.convert_tokens_to_ids("<|im_end|>"), checkpoint.codec.end_of_text
    tokens = checkpoint.encode_prompt(checkpoint.render_prompt(PROMPT, conditioned=True))
    with torch.inference_mode():
        logits = checkpoint.decoder.open([], rows=1, own=len(tokens)).admit(tokens, rows=1)
        theirs = AutoModelForCausalLM.from_pretrained(str(chat_folder)).eval()(torch.tensor([tokens])).logits[:, -1]
    assert logits[0, end_of_turn] == float("-inf")
    chance, apart = logits.softmax(1)[0], theirs.softmax(1)[0]
    torch.testing.assert_close(chance[end], apart[end] + apart[end_of_turn])
    others = [token for token in range(len(apart)) if token not in (end, end_of_turn)]
    torch.testing.assert_close(chance[others], apart[others], atol=1e-6, rtol=1e-4)


def test_a_local_chat_writes_an_article_and_its_labels_are_taken_off(chat_folder):
    writer = open_writer(chat_folder, device="cpu", chat=True)
    drafts = writer.write(REQUEST, seeds=[1, 2])
    assert drafts[0].text != drafts[1].text and all("im_end" not in draft.text for draft in drafts)
    plain = open_writer(chat_folder, device="cpu").write(REQUEST, seeds=[1])[0]
    assert plain.prompt_sha256 != drafts[0].prompt_sha256
    answer = writer.checkpoint.codec.encode("Title: Ferry returns\nArticle: The ferry is back.")
    assert writer.checkpoint.decode_answer(answer) == "The ferry is back."
    assert writer.checkpoint.decode_answer(answer[:6]) == ""  # its label is not a story's next frame


def test_a_model_without_a_template_cannot_be_asked(tmp_path, checkpoints):
    with pytest.raises(CheckpointError, match="has no chat template; leave -chat out"):
        open_checkpoint(make_foreign(tmp_path / "plain", "gpt2"), device=CPU, chat=True)
    with pytest.raises(CheckpointError, match="trained by Byline"):
        open_writer(checkpoints["dense"], device="cpu", chat=True)


def test_pickled_weights_are_refused_with_what_to_do(tmp_path):
    folder = make_foreign(tmp_path / "pickled", "opt")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"holds pytorch_model\.bin and no safetensors.*never opened"):
        open_checkpoint(folder, device=CPU)


def test_weights_that_are_missing_are_not_drawn_at_random(tmp_path):
    folder = make_foreign(tmp_path / "partial", "llama")
    weights = load_file(folder / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"is not whole: its files lack .*up_proj"):
        open_checkpoint(folder, device=CPU)


def put_trap(folder):
    """Code in the folder that would leave a mark if it were run."""
    (folder / "modeling_trap.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('sprung').touch()\nraise RuntimeError('run')\n"
    )


def test_code_beside_a_known_model_is_not_run(tmp_path):
    folder = make_foreign(tmp_path / "known", "llama")
    put_trap(folder)
    edit_json(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling_trap.TrapForCausalLM"})
    assert open_writer(folder, device="cpu").write(REQUEST, seeds=[1])
    assert not (folder / "sprung").exists()


def test_a_model_that_needs_code_of_its_own_is_refused(tmp_path):
    folder = make_foreign(tmp_path / "unknown", "llama")
    put_trap(folder)
    edit_json(
        folder / "config.json", model_type="trap",
        auto_map={"AutoConfig": "modeling_trap.TrapConfig", "AutoModelForCausalLM": "modeling_trap.TrapForCausalLM"},
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="without code of its own, which Byline never runs"):
        open_checkpoint(folder, device=CPU)
    assert not (folder / "sprung").exists()
    assert json.loads((folder / "config.json").read_text())["model_type"] == "trap"
