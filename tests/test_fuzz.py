"""A few hundred bad inputs at every door, the same each time; `make fuzz` feeds a hundred thousand."""

import logging

import pytest

from tests.fuzz.__main__ import fuzz

pytestmark = pytest.mark.django_db


def test_bad_input_meets_no_fault_of_ours_and_leaves_no_row(tmp_path):
    logging.disable(logging.CRITICAL)
    try:
        tally = fuzz(tmp_path, inputs=250, seed=7)
    finally:
        logging.disable(logging.NOTSET)
    assert tally.inputs.total() >= 240 and len(tally.inputs) == 13
    assert not tally.faults and not tally.partial, str(tally)
