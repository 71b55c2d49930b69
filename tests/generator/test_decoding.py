import pytest
import torch

from generator.decoding import GPTDecoder, GPTSession
from generator.model import GPT
from tests.generator.conftest import make_spec


@pytest.fixture(params=["alternating", "dense"])
def model(request):
    model = GPT(make_spec(attention=request.param, band=16))
    model.initialise(seed=2)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def run_rows(session: GPTSession, model, plan):
    """Admit and release as `plan` says, a step each; every row's logits must be those of its whole sequence.

    `plan` has for each step the admissions (prompt's suffix, rows) and the numbers of rows released.
    """
    rng = torch.Generator().manual_seed(0)
    rows: list[list[int]] = []
    for admissions, releases in plan:
        for suffix, count in admissions:
            logits = session.admit(suffix, rows=count)
            expected = model.project(model(torch.tensor([PREFIX[: session._prefix_length] + suffix]))[:, -1])
            torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-4)
            rows += [PREFIX[: session._prefix_length] + suffix for _ in range(count)]
        tokens = torch.randint(400, (len(rows),), generator=rng)
        rows = [[*row, token] for row, token in zip(rows, tokens.tolist(), strict=True)]
        logits = session.step(tokens)
        for row, own in zip(rows, logits, strict=True):
            expected = model.project(model(torch.tensor([row]))[0, -1])
            torch.testing.assert_close(own, expected, atol=1e-4, rtol=1e-4)
        for number in releases:
            session.release(number)
            rows[number] = rows[-1]
            rows.pop()


PREFIX = torch.randint(400, (40,), generator=torch.Generator().manual_seed(5)).tolist()
PLAN = [
    ([([7, 8, 9], 3), ([5], 2)], []),
    ([], [1]),
    ([([1, 2, 3, 4, 5, 6], 1)], [4, 0]),
    ([], []),
    ([([9, 9], 2)], []),
    *[([], [])] * 8,
    ([], [2]),
    ([], []),
]


@torch.inference_mode()
@pytest.mark.parametrize("prefix_length", [0, 1, 9, 16, 40])  # shorter and longer than the band
def test_rows_that_come_and_go_get_the_logits_of_their_whole_sequences(model, prefix_length):
    run_rows(GPTDecoder(model).open(PREFIX[:prefix_length], rows=8, own=22), model, PLAN)


@torch.inference_mode()
def test_a_prefix_is_read_once(model, monkeypatch):
    decoder = GPTDecoder(model)
    decoder.open(PREFIX, rows=4, own=8)
    monkeypatch.setattr(decoder, "model", None)  # would fail if it were read again
    monkeypatch.setattr(decoder, "_count_rows_that_fit", lambda own: 8)
    assert decoder._read_prefix(tuple(PREFIX))[0].values.shape[1] == len(PREFIX)


@torch.inference_mode()
@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_rows_bits_do_not_hang_on_the_others(model, n_threads):
    """Alone, among 11 others of its prompt, or among rows of other prompts and lengths."""
    torch.set_num_threads(n_threads)
    tokens = torch.arange(12)
    decoder = GPTDecoder(model)
    every = decoder.open(PREFIX[:30], rows=12, own=8)
    every.admit([3, 4, 5], rows=12)
    expected = [every.step(tokens) for _ in range(4)]
    for count in range(1, 12):
        some = decoder.open(PREFIX[:30], rows=12, own=8)
        some.admit([3, 4, 5], rows=count)
        for logits in expected:
            assert torch.equal(some.step(tokens[:count]), logits[:count]), count
    mixed = decoder.open(PREFIX[:30], rows=12, own=30)
    mixed.admit(list(range(20)), rows=3)
    mixed.step(torch.tensor([1, 2, 3]))
    mixed.admit([3, 4, 5], rows=4)
    for logits in expected:
        assert torch.equal(mixed.step(torch.cat((torch.tensor([9, 9, 9]), tokens[:4])))[3:], logits[:4])
    torch.set_num_threads(1)


@torch.inference_mode()
def test_half_precision_stays_near(model):
    tokens = torch.arange(6)
    exact, rough = (GPTDecoder(model, precision=p).open(PREFIX, rows=6, own=8) for p in ("fp32", "bf16"))
    for session in (exact, rough):
        session.admit([3, 4], rows=6)
    left, right = exact.step(tokens), rough.step(tokens)
    assert 0 < (left - right).abs().mean() < 0.03 * left.std()


def test_rows_are_as_many_as_memory_holds(model):
    decoder = GPTDecoder(model)
    assert decoder.open((), rows=1000, own=20).count_free() == 128
    assert decoder.open((), rows=5, own=20).count_free() == 5
    assert decoder._count_rows_that_fit(10**6) < decoder._count_rows_that_fit(10**5)
