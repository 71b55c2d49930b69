import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from generator.decoding import GPTDecoder, TransformersDecoder
from generator.model import GPT
from tests.generator.conftest import make_spec


@pytest.fixture(params=["alternating", "dense"])
def model(request):
    model = GPT(make_spec(attention=request.param, band=16))
    model.initialise(seed=2)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


@torch.inference_mode()
@pytest.mark.parametrize("prompt_length", [1, 9, 16, 40])  # shorter and longer than the band
def test_steps_give_the_logits_of_the_whole_sequence(model, prompt_length):
    prompt = torch.randint(400, (prompt_length,)).tolist()
    rows = torch.randint(400, (5, 20))
    session, logits = GPTDecoder(model).start(prompt, rows=5, max_new=20)
    whole = torch.cat((torch.tensor(prompt).expand(5, -1), rows), dim=1)
    expected = model.project(model(whole))
    torch.testing.assert_close(logits, expected[:1, prompt_length - 1], atol=1e-4, rtol=1e-4)
    alive = torch.arange(5)
    for step in range(20):
        if step in (6, 11, 15):  # 4, 3 and 2 rows are left
            kept = torch.tensor([place for place in range(len(alive)) if place != 1])
            session.keep_rows(kept)
            alive = alive[kept]
        logits = session.step(rows[alive, step])
        torch.testing.assert_close(logits, expected[alive, prompt_length + step], atol=1e-4, rtol=1e-4)


@torch.inference_mode()
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_rows_bits_do_not_hang_on_the_others(model, n_threads):
    torch.set_num_threads(n_threads)
    prompt, tokens = list(range(30)), torch.arange(12)
    decoder = GPTDecoder(model)
    every, _ = decoder.start(prompt, rows=12, max_new=4)
    expected = [every.step(tokens) for _ in range(4)]
    for count in range(1, 12):
        some, _ = decoder.start(prompt, rows=count, max_new=4)
        for logits in expected:
            assert torch.equal(some.step(tokens[:count]), logits[:count]), count
    turned, _ = decoder.start(prompt, rows=5, max_new=4)
    for logits in expected:
        assert torch.equal(turned.step(tokens[:5].flip(0)), logits[:5].flip(0))
    torch.set_num_threads(1)


@torch.inference_mode()
def test_models_of_transformers_step_alike():
    model = GPT2LMHeadModel(GPT2Config(vocab_size=90, n_positions=50, n_embd=16, n_layer=2, n_head=2)).eval()
    decoder = TransformersDecoder(model)
    assert decoder.context == 50
    rows = torch.randint(90, (5, 8))
    session, logits = decoder.start([3, 4, 5], rows=5, max_new=8)
    expected = model(torch.cat((torch.tensor([[3, 4, 5]]).expand(5, -1), rows), dim=1)).logits
    torch.testing.assert_close(logits, expected[:1, 2], atol=1e-5, rtol=1e-5)
    alive = torch.arange(5)
    for step in range(8):
        if step in (3, 5):
            kept = torch.arange(1, len(alive))
            session.keep_rows(kept)
            alive = alive[kept]
        logits = session.step(rows[alive, step])
        torch.testing.assert_close(logits, expected[alive, 3 + step], atol=1e-5, rtol=1e-5)
