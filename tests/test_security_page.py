"""The page on security names the tests that show what it says, and each of them is there."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parent
PAGE = (TESTS.parent / "docs/security.md").read_text()


def test_every_test_that_the_page_names_is_there():
    named = set(re.findall(r"`((?:\w+/)*test_\w+\.py)`", PAGE))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (TESTS / name).is_file()] == []


def test_every_row_of_a_threat_names_one():
    rows = [line for line in PAGE.partition("## What to set")[0].splitlines() if line.startswith("| ")]
    threats = [row for row in rows if not row.endswith("| shown by |")]
    assert len(threats) > 30
    assert [row for row in threats if "test_" not in row.rpartition(" | ")[2]] == []
