import pytest
import torch

from generator.token_choice import choose_together, choose_tokens, draw_uniforms, penalise_repetition


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


def test_the_nucleus_of_a_large_vocabulary_holds_the_likeliest():
    logits = torch.randn(40, 5000, generator=torch.Generator().manual_seed(1))
    logits[::2] *= 6  # every other row is peaked
    uniforms = draw_uniforms(seed=3, count=40)
    chosen = choose_tokens(logits, uniforms, temperature=1.0, top_p=0.9, top_k=0)
    probabilities = logits.softmax(1).double()
    for row in range(40):
        values, tokens = probabilities[row].sort(descending=True)
        size = int((values.cumsum(0) < 0.9).sum()) + 1
        nucleus = sorted(tokens[:size].tolist())
        mass = probabilities[row, nucleus].cumsum(0)
        expected = nucleus[int((mass <= uniforms[row] * mass[-1]).sum())]
        assert chosen[row] == expected, row


@pytest.mark.parametrize("top_k", [0, 1, 50, 4999, 5000, 9000])
@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.95, 1.0])
def test_row_by_row_and_together_are_the_same_choice(top_p, top_k):
    logits = torch.randn(60, 5000, generator=torch.Generator().manual_seed(4)) * torch.linspace(0, 8, 60)[:, None]
    logits[::3] = logits[::3].round()  # many tokens exactly as likely as each other
    uniforms = draw_uniforms(seed=6, count=60)
    by_row = choose_tokens(logits, uniforms, temperature=1.0, top_p=top_p, top_k=top_k)
    assert by_row.tolist() == choose_together(logits.softmax(1), uniforms, top_p=top_p, top_k=top_k).tolist()


def test_the_last_uniform_is_still_in_the_nucleus():
    logits = torch.tensor([[0.0, 5.0, 1.0, -9.0, -9.0]])
    last = torch.tensor([1 - 2**-53], dtype=torch.float64)
    for settings in ({"top_p": 0.5, "top_k": 0}, {"top_p": 1.0, "top_k": 1}):
        assert choose_tokens(logits, last, temperature=1.0, **settings).item() == 1


def test_what_was_drawn_is_made_less_likely():
    logits = torch.tensor([[2.0, -2.0, 1.0], [2.0, -2.0, 1.0]])
    penalised = penalise_repetition(logits, [[0, 1, 0], []], penalty=2.0)
    assert penalised.tolist() == [[1.0, -4.0, 1.0], [2.0, -2.0, 1.0]]


def test_rows_hang_on_themselves_alone():
    logits = torch.randn(6, 900, generator=torch.Generator().manual_seed(2))
    uniforms = draw_uniforms(seed=9, count=6)
    together = choose_tokens(logits, uniforms, temperature=1.3, top_p=0.9, top_k=0)
    alone = [
        choose_tokens(logits[row : row + 1], uniforms[row : row + 1], temperature=1.3, top_p=0.9, top_k=0)
        for row in range(6)
    ]
    assert together.tolist() == torch.cat(alone).tolist()


def test_threads_change_nothing():
    logits = torch.randn(37, 5000, generator=torch.Generator().manual_seed(8))
    uniforms = draw_uniforms(seed=2, count=37)
    before, choices = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        choices.append(choose_tokens(logits, uniforms, temperature=1.0, top_p=0.9, top_k=0).tolist())
    torch.set_num_threads(before)
    assert choices[0] == choices[1]


def test_a_candidates_numbers_are_its_own():
    assert torch.equal(draw_uniforms(seed=5, count=40)[:10], draw_uniforms(seed=5, count=10))
    assert not torch.equal(draw_uniforms(seed=5, count=10), draw_uniforms(seed=6, count=10))
