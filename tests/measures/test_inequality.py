"""The measures by their axioms and by hand, and that numpy and torch agree on them and on their slopes."""

import math
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from measures.inequality import MEASURES, atkinson, generalised_entropy, gini, theil, variance_of_logs
from tests.test_architecture import run_python

AMOUNTS = st.lists(st.floats(0.01, 100), min_size=2, max_size=12).map(np.array)
UNUSUAL = {
    "ge_-1.5": lambda amounts: generalised_entropy(amounts, alpha=-1.5),
    "ge_0.3": lambda amounts: generalised_entropy(amounts, alpha=0.3),
    "atkinson_2": lambda amounts: atkinson(amounts, epsilon=2.0),
}
ALL = {**MEASURES, **UNUSUAL}


@settings(max_examples=40)
@given(amounts=AMOUNTS, scale=st.floats(0.1, 10))
def test_it_is_nought_at_equality_positive_else_and_blind_to_scale(amounts, scale):
    for name, measure in ALL.items():
        assert measure(np.full(5, amounts[0])) == pytest.approx(0, abs=1e-9), name
        assert measure(amounts) >= -1e-9, name
        assert measure(scale * amounts) == pytest.approx(measure(amounts), rel=1e-6, abs=1e-7), name


def test_known_values():
    amounts = np.array([1.0, 1.0, 1.0, 5.0])
    assert gini(amounts) == pytest.approx(3 * 4 * 2 / (2 * 4 * 8))
    assert theil(amounts) == pytest.approx((3 * 0.5 * math.log(0.5) + 2.5 * math.log(2.5)) / 4)
    assert generalised_entropy(amounts, alpha=0) == pytest.approx(-(3 * math.log(0.5) + math.log(2.5)) / 4)
    assert generalised_entropy(amounts, alpha=2) == pytest.approx(amounts.var() / amounts.mean() ** 2 / 2)
    assert atkinson(amounts, epsilon=1) == pytest.approx(1 - 5**0.25 / 2)
    assert atkinson(amounts, epsilon=0.5) == pytest.approx(1 - ((3 + 5**0.5) / 4) ** 2 / 2)
    assert atkinson(amounts, epsilon=2) == pytest.approx(1 - 1 / (3.2 / 4) / 2), "the harmonic mean"
    assert generalised_entropy(amounts, alpha=1 + 1e-7) == pytest.approx(theil(amounts), abs=1e-5)
    assert variance_of_logs(amounts) == pytest.approx(math.log(5) ** 2 * 3 / 16)
    assert gini(amounts) == pytest.approx(np.abs(amounts[:, None] - amounts).sum() / (2 * 4 * amounts.sum()))


@pytest.mark.parametrize("name", ALL)
def test_torch_agrees_and_has_the_right_slope_and_curvature(name):
    amounts = torch.tensor([3.1, 2.2, 4.7, 3.6, 2.9], dtype=torch.float64, requires_grad=True)
    measure = ALL[name]
    assert float(measure(amounts.detach())) == pytest.approx(float(measure(amounts.detach().numpy())), rel=1e-12)
    assert torch.autograd.gradcheck(measure, (amounts,))
    assert torch.autograd.gradgradcheck(measure, (amounts,))


def test_the_measures_alone_load_no_torch():
    done = run_python(
        "import sys, numpy; from measures.inequality import gini\n"
        "assert gini(numpy.ones(3)) == 0\nprint('torch' in sys.modules)"
    )
    assert done.stdout.strip() == "False", done.stderr
    assert "torch" in sys.modules
