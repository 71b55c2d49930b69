import math

import pytest
import torch
from torch.nn import functional
from torch.nn.attention.flex_attention import flex_attention
from transformers import GPT2Config, GPT2LMHeadModel

from generator.checkpoint_files import name_as_gpt2, name_as_ours
from generator.loss import CHUNK, mean_cross_entropy
from generator.model import GPT, attend_banded, make_band_mask
from tests.generator.conftest import make_spec


@pytest.mark.parametrize(("length", "band"), [(5, 8), (8, 8), (9, 8), (37, 8), (64, 8), (20, 1), (33, 16)])
def test_banded_attention_is_the_masked_one(length, band):
    torch.manual_seed(length)
    query, key, value = (torch.randn(2, 3, length, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    ours = attend_banded(query, key, value, band=band)
    distance = torch.arange(length)[:, None] - torch.arange(length)[None]
    scores = query @ key.transpose(2, 3) / math.sqrt(4)
    eager = scores.masked_fill((distance < 0) | (distance >= band), -math.inf).softmax(3) @ value
    torch.testing.assert_close(ours, eager)
    weights = torch.randn_like(ours)
    for mine, theirs in zip(
        torch.autograd.grad((ours * weights).sum(), (query, key, value)),
        torch.autograd.grad((eager * weights).sum(), (query, key, value)),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs)


def test_logits_and_loss_are_those_of_gpt2():
    spec = make_spec(attention="dense")
    model = GPT(spec)
    model.initialise(seed=1)
    for parameter in model.parameters():  # biases and norms too, so that none is forgotten
        torch.nn.init.normal_(parameter, std=0.1)
    theirs = GPT2LMHeadModel(
        GPT2Config(vocab_size=spec.vocab_size, n_positions=spec.context, n_embd=spec.d_model, n_layer=spec.n_layers,
                   n_head=spec.n_heads, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)
    )  # fmt: skip
    theirs.transformer.load_state_dict(name_as_gpt2(model.state_dict()))
    tokens = torch.randint(spec.vocab_size, (2, spec.context))
    output = theirs(tokens, labels=tokens)
    torch.testing.assert_close(model.project(model(tokens)), output.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.measure_loss(tokens[:, :-1], tokens[:, 1:]), output.loss)
    back = name_as_ours(name_as_gpt2(model.state_dict()))
    assert all(torch.equal(back[name], weight) for name, weight in model.state_dict().items())


def test_initialised_as_published():
    model = GPT(make_spec(d_model=128, n_layers=3, vocab_size=2000))
    model.initialise(seed=4)
    deviations = {name: parameter.std().item() for name, parameter in model.named_parameters() if parameter.dim() > 1}
    for name, deviation in deviations.items():
        residual = name.endswith(("projection.weight", "contraction.weight"))
        expected = 0.01 if name.startswith("positions") else 0.02 / math.sqrt(6) if residual else 0.02
        assert deviation == pytest.approx(expected, rel=0.03), name
    other = GPT(model.spec)
    other.initialise(seed=4)
    assert torch.equal(other.tokens.weight, model.tokens.weight)


def test_what_comes_later_is_not_seen():
    model = GPT(make_spec())
    model.initialise(seed=1)
    tokens = torch.randint(400, (1, 60))
    changed = tokens.clone()
    changed[0, 40:] = 7
    torch.testing.assert_close(model(tokens)[:, :40], model(changed)[:, :40])


def test_a_sequence_longer_than_the_context_is_refused():
    with pytest.raises(ValueError, match="longer than the context of 64"):
        GPT(make_spec())(torch.zeros(1, 65, dtype=torch.long))


@pytest.mark.parametrize("n_positions", [7, CHUNK, 2 * CHUNK + 3])
def test_chunked_loss_and_gradients(n_positions):
    torch.manual_seed(2)
    hidden = torch.randn(n_positions, 6, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(11, 6, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(11, (n_positions,))
    ours = mean_cross_entropy(hidden, weight, targets)
    theirs = functional.cross_entropy(hidden @ weight.t(), targets)
    torch.testing.assert_close(ours.double(), theirs, atol=1e-5, rtol=1e-5)
    for mine, reference in zip(
        torch.autograd.grad(3 * ours, (hidden, weight)), torch.autograd.grad(3 * theirs, (hidden, weight)), strict=True
    ):
        torch.testing.assert_close(mine, reference, atol=1e-6, rtol=1e-4)


def test_the_mask_for_a_gpu_is_the_same_band():
    """FlexAttention, here in its eager form, under the block mask that CUDA uses."""
    torch.manual_seed(3)
    query, key, value = (torch.randn(1, 2, 300, 16) for _ in range(3))
    theirs = flex_attention(query, key, value, block_mask=make_band_mask(300, 70, torch.device("cpu")))
    torch.testing.assert_close(theirs, attend_banded(query, key, value, band=70), atol=1e-5, rtol=1e-5)
    sparse = make_band_mask(2048, 256, torch.device("cpu"))
    assert sparse.sparsity() > 70, "most blocks of keys are never read"


def test_activations_made_again_give_the_same_gradients():
    tokens = torch.randint(400, (2, 33), generator=torch.Generator().manual_seed(1))
    gradients = []
    for recompute in (False, True):
        model = GPT(make_spec(), recompute=recompute)
        model.initialise(seed=1)
        model.measure_loss(tokens[:, :-1], tokens[:, 1:]).backward()
        gradients.append([parameter.grad for parameter in model.parameters()])
    for kept, made_again in zip(*gradients, strict=True):
        torch.testing.assert_close(kept, made_again)
