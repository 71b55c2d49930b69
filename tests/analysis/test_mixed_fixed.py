"""The fixed part as its different rows is the matrix."""

import numpy as np
import pytest

from analysis.mixed_fixed import FixedPart

RNG = np.random.default_rng(5)
ROWS, INDEX = RNG.normal(size=(6, 3)), RNG.integers(0, 6, 200)
VALUES, GROUP = RNG.normal(size=200), RNG.integers(0, 7, 200)


@pytest.mark.parametrize("part", [FixedPart(ROWS, INDEX), FixedPart(ROWS[INDEX])], ids=["different rows", "all rows"])
def test_products_are_those_of_the_matrix(part):
    x = ROWS[INDEX]
    assert part.matrix() == pytest.approx(x)
    assert part.predict(np.array([1.0, -2.0, 0.5])) == pytest.approx(x @ [1.0, -2.0, 0.5])
    assert part.collect(VALUES) == pytest.approx(x.T @ VALUES)
    assert part.gram(VALUES**2) == pytest.approx(x.T @ (x * VALUES[:, None] ** 2))
    expected = np.array([x[g == GROUP].T @ VALUES[g == GROUP] for g in range(7)])
    assert part.collect_by(GROUP, VALUES, 7) == pytest.approx(expected)
    order = RNG.permutation(200)
    assert part.take(order=order, columns=[2, 0]).matrix() == pytest.approx(x[order][:, [2, 0]])
