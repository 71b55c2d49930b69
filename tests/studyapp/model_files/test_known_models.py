"""The table of known ladders: its numbers are those that transformers counts on the published shapes."""

import logging

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPTNeoXConfig, OPTConfig

from studyapp.model_files.known_models import find_known_model, list_known_ladders
from studyapp.study_file import StudyFileError, parse_study_file

# layers, width, heads, and the width of the feed-forward part or the vocabulary, as the makers published them
GPT2 = {"gpt2": (12, 768, 12), "gpt2-medium": (24, 1024, 16), "gpt2-large": (36, 1280, 20), "gpt2-xl": (48, 1600, 25)}
OPT = {
    "125m": (12, 768, 12), "350m": (24, 1024, 16), "1.3b": (24, 2048, 32), "2.7b": (32, 2560, 32),
    "6.7b": (32, 4096, 32), "13b": (40, 5120, 40), "30b": (48, 7168, 56), "66b": (64, 9216, 72),
}  # fmt: skip
PYTHIA = {
    "70m": (6, 512, 8, 50304), "160m": (12, 768, 12, 50304), "410m": (24, 1024, 16, 50304),
    "1b": (16, 2048, 8, 50304), "1.4b": (24, 2048, 16, 50304), "2.8b": (32, 2560, 32, 50304),
    "6.9b": (32, 4096, 32, 50432), "12b": (36, 5120, 40, 50688),
}  # fmt: skip


def make_shapes():
    for name, (layers, width, heads) in GPT2.items():
        yield f"openai-community/{name}", GPT2Config(n_layer=layers, n_embd=width, n_head=heads)
    for size, (layers, width, heads) in OPT.items():
        odd = {"word_embed_proj_dim": 512, "do_layer_norm_before": False} if size == "350m" else {}
        config = OPTConfig(
            num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, ffn_dim=4 * width,
            vocab_size=50272, max_position_embeddings=2048, **{"word_embed_proj_dim": width, **odd},
        )  # fmt: skip
        yield f"facebook/opt-{size}", config
    for size, (layers, width, heads, vocabulary) in PYTHIA.items():
        config = GPTNeoXConfig(
            num_hidden_layers=layers, hidden_size=width, num_attention_heads=heads, intermediate_size=4 * width,
            vocab_size=vocabulary, max_position_embeddings=2048, tie_word_embeddings=False,
        )  # fmt: skip
        yield f"EleutherAI/pythia-{size}", config


SHAPES = dict(make_shapes())


@pytest.mark.parametrize("repo", SHAPES)
def test_the_number_of_parameters_is_that_of_the_published_shape(repo):
    logging.getLogger("transformers").setLevel(logging.ERROR)
    config = SHAPES[repo]
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    known = find_known_model(repo)
    assert known.n_params == sum(parameter.numel() for parameter in model.parameters())
    assert known.context == config.max_position_embeddings


def test_the_published_numbers_stand_in_the_table():
    assert find_known_model("openai-community/gpt2").n_params == 124_439_808
    assert find_known_model("OpenAI-Community/GPT2-XL@main").n_params == 1_557_611_200
    assert find_known_model("EleutherAI/pythia-12b").n_params == 11_846_072_320
    assert find_known_model("nobody/nothing") is None


def test_each_ladder_goes_up_and_no_model_stands_twice():
    ladders = list_known_ladders()
    for ladder in ladders:
        sizes = [model.n_params for model in ladder.models]
        assert sizes == sorted(set(sizes)) and len(sizes) >= 3
        assert ladder.licence and all(model.context >= 1024 for model in ladder.models)
    repos = [model.repo for ladder in ladders for model in ladder.models]
    assert len(repos) == len(set(repos))
    assert {"gpt2", "opt", "pythia"} <= {ladder.name for ladder in ladders}


def read_arms(text):
    refs = [f"a{number}" for number in range(28)]
    file = parse_study_file(
        f'[study]\nslug = "s"\ntitle = "T"\n[articles]\nitems = 3\ncontext = 1\n{text}', name="s.toml", folder=None
    )
    return file.resolve(refs).arms


def test_a_ladder_in_a_study_file_is_an_arm_a_model():
    arms = read_arms('[[arms]]\nladder = "pythia"\nsizes = ["1b", "70m"]\nsampling = { temperature = 0.8 }\n')
    assert [(arm.name, arm.generator, arm.n_params) for arm in arms] == [
        ("pythia-70m", "huggingface:EleutherAI/pythia-70m", 70_426_624),
        ("pythia-1b", "huggingface:EleutherAI/pythia-1b", 1_011_781_632),
    ]
    assert all(arm.conditioned and arm.sampling == {"temperature": 0.8} for arm in arms)
    assert [arm.name for arm in read_arms('[[arms]]\nladder = "gpt2"\n')] == list(GPT2)
    (smallest,) = read_arms('[[arms]]\nladder = "gpt2"\nsizes = ["gpt2"]\n')
    assert smallest.name == "gpt2"


def test_a_known_model_that_says_no_size_is_given_it_wherever_it_runs():
    arms = read_arms(
        '[[arms]]\nname = "a"\ngenerator = "openai:Qwen/Qwen2.5-7B"\n'
        '[[arms]]\nname = "b"\ngenerator = "huggingface-chat:somebody/else"\n'
        '[[arms]]\nname = "c"\ngenerator = "huggingface:openai-community/gpt2@main"\nn_params = 5\n'
    )
    assert [arm.n_params for arm in arms] == [7_615_616_512, None, 5]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('ladder = "pithia"', r"ladder: there is no 'pithia'; choose from gpt2, opt, pythia"),
        ('ladder = "opt"\nsizes = ["1b"]', r"sizes: OPT has no 1b; it has opt-125m"),
        ('ladder = "opt"\nsizes = "125m"', r"sizes: must be a list of texts"),
        ('ladder = "opt"\nname = "x"', r"name: each model of a ladder has its own"),
    ],
)
def test_what_is_no_ladder_is_named(text, fault):
    with pytest.raises(StudyFileError, match=fault):
        read_arms(f"[[arms]]\n{text}\n")
