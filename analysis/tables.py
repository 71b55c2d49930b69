"""The report's tables, each as rows of text for the page and as a CSV file with full precision."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from analysis.flow import LEAVING
from analysis.schema import STATUSES
from analysis.sections import Section, Table

ARM_COLUMNS = (
    "arm", "label", "n_params", "is_control", "recruited", "excluded", "participants", "trials", "accuracy", "ci_low",
    "ci_high", "sd", "difference", "difference_low", "difference_high", "t", "df", "p", "p_holm", "dont_know_rate",
    "words_human", "words_model", "seconds_mean", "seconds_low", "seconds_high",
)  # fmt: skip
FLOW_COLUMNS = ("arm", "recruited", *STATUSES, "excluded", "reasons", "analysed", *LEAVING.values())


def write_tables(results: dict[str, Any]) -> dict[str, str]:
    """The CSV files by name."""
    flow = [
        [row["arm"], row["recruited"], *(row["by_status"][status] for status in STATUSES), row["excluded"],
         _join(row["reasons"]), row["analysed"], *(_join(row["left"].get(status, {})) for status in LEAVING)]
        for row in results["flow"]
    ]  # fmt: skip
    curves = [
        [curve, key, value]
        for curve in ("power_law", "duration")
        for key, value in results[curve].items()
        if not isinstance(value, list)
    ]
    return {
        "arms.csv": _write(ARM_COLUMNS, [[row[column] for column in ARM_COLUMNS] for row in results["arms"]]),
        "flow.csv": _write(FLOW_COLUMNS, flow),
        "curves.csv": _write(("curve", "quantity", "value"), curves),
    }


def _join(counts: dict[str, int]) -> str:
    return ";".join(f"{name}={n}" for name, n in counts.items())


def write_section_tables(sections: Sequence[Section]) -> dict[str, str]:
    """The further sections' tables by file name, each as CSV in full precision and as LaTeX in four digits."""
    found: dict[str, str] = {}
    for section in sections:
        for name, table in section.tables.items():
            found[f"{name}.csv"] = _write(table.header, table.rows)
            found[f"{name}.tex"] = _typeset(table)
    return found


def _typeset(table: Table) -> str:
    """A tabular between booktabs' rules; columns of numbers stand to the right."""
    columns = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    is_text = [any(isinstance(cell, str) for cell in column) for column in columns]
    lines = [
        f"\\begin{{tabular}}{{{''.join('l' if text else 'r' for text in is_text)}}}",
        "\\toprule",
        " & ".join(map(_escape, table.header)) + " \\\\",
        "\\midrule",
        *(" & ".join(_escape(_shorten(cell)) for cell in row) + " \\\\" for row in table.rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _shorten(cell: Any) -> str:
    if cell is None:
        return "--"
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return str(int(cell)) if isinstance(cell, bool) else str(cell)


def _escape(text: str) -> str:
    marks = {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    return "".join(marks.get(sign, f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


def _write(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow("" if cell is None else int(cell) if isinstance(cell, bool) else cell for cell in row)
    return text.getvalue()
