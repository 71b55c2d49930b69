"""Work side by side is what it is in turn."""

import pytest

from analysis.mixed_threads import WORTH_ROWS, SideBySide


@pytest.mark.parametrize("rows", [10, WORTH_ROWS])
def test_what_is_found_stands_in_the_order_of_the_parts(rows):
    assert SideBySide(rows).apply(lambda part: part**2, range(50)) == [part**2 for part in range(50)]


def test_a_fault_in_a_part_is_raised():
    with pytest.raises(ZeroDivisionError):
        SideBySide(WORTH_ROWS).apply(lambda part: 1 / part, [1, 0])
