import pytest
import torch

from generator.token_choice import HEAD, choose_tokens, draw_uniforms


def list_choices(probabilities, *, n=20_000, temperature=1.0, top_p=1.0, top_k=0):
    """Share of each token when the uniforms go evenly through [0, 1)."""
    uniforms = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    logits = torch.tensor(probabilities).log().expand(n, -1)
    tokens = choose_tokens(logits, uniforms, temperature=temperature, top_p=top_p, top_k=top_k)
    return (torch.bincount(tokens, minlength=len(probabilities)) / n).tolist()


@pytest.mark.parametrize(
    ("settings", "shares"),
    [
        ({}, [0.1, 0.4, 0.3, 0.2]),
        ({"top_k": 2}, [0, 4 / 7, 3 / 7, 0]),
        ({"top_k": 9}, [0.1, 0.4, 0.3, 0.2]),
        ({"top_p": 0.3}, [0, 1, 0, 0]),
        ({"top_p": 0.69}, [0, 4 / 7, 3 / 7, 0]),
        ({"top_p": 0.71}, [0, 4 / 9, 3 / 9, 2 / 9]),
        ({"top_k": 3, "top_p": 0.7}, [0, 4 / 7, 3 / 7, 0]),  # the nucleus is of what top_k left
        ({"temperature": 0.5}, [1 / 30, 16 / 30, 9 / 30, 4 / 30]),
        ({"temperature": 0.01}, [0, 1, 0, 0]),
    ],
)
def test_shares_are_as_worked_by_hand(settings, shares):
    assert list_choices([0.1, 0.4, 0.3, 0.2], **settings) == pytest.approx(shares, abs=2e-4)


def test_a_nucleus_larger_than_the_head_is_the_same_as_a_full_sort():
    size = 4 * HEAD
    logits = torch.randn(50, size, generator=torch.Generator().manual_seed(1)) * 0.1
    logits[::2] *= 60  # every other row is peaked and stays within the head
    uniforms = draw_uniforms(seed=3, count=50)
    chosen = choose_tokens(logits, uniforms, temperature=1.0, top_p=0.9, top_k=0)
    values, tokens = logits.softmax(1).double().sort(1, descending=True)
    cumulative = values.cumsum(1)
    for row in range(50):
        last = int((cumulative[row] < 0.9 * cumulative[row, -1]).sum())
        place = int((cumulative[row] <= uniforms[row] * cumulative[row, last]).sum())
        assert chosen[row] == tokens[row, min(place, last)]


def test_rows_hang_on_themselves_alone():
    logits = torch.randn(6, 900, generator=torch.Generator().manual_seed(2))
    uniforms = draw_uniforms(seed=9, count=6)
    together = choose_tokens(logits, uniforms, temperature=1.3, top_p=0.9, top_k=0)
    alone = [
        choose_tokens(logits[row : row + 1], uniforms[row : row + 1], temperature=1.3, top_p=0.9, top_k=0)
        for row in range(6)
    ]
    assert together.tolist() == torch.cat(alone).tolist()


def test_a_candidates_numbers_are_its_own():
    assert torch.equal(draw_uniforms(seed=5, count=40)[:10], draw_uniforms(seed=5, count=10))
    assert not torch.equal(draw_uniforms(seed=5, count=10), draw_uniforms(seed=6, count=10))
