"""LaTeX of the tables: nothing in a bundle is a command, every row has its columns, long ones break over pages."""

import re

import pytest

from analysis.latex_tables import MOST_ROWS, escape, typeset_table

NASTY = "50 % of $x_1$ & {a} #1 ~^ \\input{secrets}\n[2em] <b>|*"


@pytest.mark.parametrize("rows", [3, MOST_ROWS + 1])
def test_environments_close_and_rows_have_their_columns(rows):
    cells = [(NASTY, -0.5, None, 1e-7, True)] * rows
    text = typeset_table(("arm", "ci_low", "x", "p", "is"), cells, name="a_b", caption="All & sundry.", note=NASTY)
    opened, closed = re.findall(r"\\begin\{(\w+)\}", text), re.findall(r"\\end\{(\w+)\}", text)
    assert sorted(opened) == sorted(closed)
    assert ("longtable" in opened) is (rows > MOST_ROWS)
    assert "\\caption{All \\& sundry.}\\label{tab:a-b}" in text
    assert "{lrrrr}" in text
    lines = [line for line in text.splitlines() if line.endswith(" \\\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in lines} == {4}
    assert "$-0.5$ & -- & $1\\times10^{-7}$ & 1 \\\\" in text


def test_words_are_words():
    told = escape(NASTY)
    assert "\\textbackslash{}input\\{secrets\\} {[}2em]" in told
    assert not re.search(r"(?<!\\)[%&#]", told)
    bare = re.sub(r"\\[&%$#_{}]", "", told)
    assert bare.count("{") == bare.count("}")
    assert escape("χ² ≥ −1") == "$\\chi$$^2$ $\\geq$ $-$1"
