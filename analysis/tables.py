"""The report's tables, each as a CSV file with full precision and as LaTeX for a paper."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from analysis.flow import LEAVING
from analysis.latex_tables import typeset_table
from analysis.schema import STATUSES
from analysis.sections import Section

ARM_COLUMNS = (
    "arm", "label", "n_params", "is_control", "recruited", "excluded", "participants", "trials", "accuracy", "ci_low",
    "ci_high", "sd", "difference", "difference_low", "difference_high", "t", "df", "p", "p_holm", "dont_know_rate",
    "words_human", "words_model", "seconds_mean", "seconds_low", "seconds_high",
)  # fmt: skip
PRINTED_COLUMNS = (
    "label", "n_params", "participants", "accuracy", "ci_low", "ci_high", "t", "df", "p", "p_holm", "dont_know_rate",
)  # fmt: skip
ARM_NOTE = (
    "Accuracy: right answers among those that are not “I don’t know”, a mean over participants, with the t interval "
    "over participants; Student’s t against the control (pooled variance, two-sided), p also by Holm over the arms."
)
FLOW_COLUMNS = ("arm", "recruited", *STATUSES, "excluded", "reasons", "analysed", *LEAVING.values())


def write_tables(results: dict[str, Any], *, marks: Sequence[str] = ()) -> dict[str, str]:
    """The published analysis's tables by file name, each as CSV and as LaTeX."""
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
    arms = [[row[column] for column in ARM_COLUMNS] for row in results["arms"]]
    printed = [[row[column] for column in PRINTED_COLUMNS] for row in results["arms"]]
    return {
        "arms.csv": _write(ARM_COLUMNS, arms),
        "arms.tex": _typeset("arms", PRINTED_COLUMNS, printed, title="By arm", note=ARM_NOTE, marks=marks),
        "flow.csv": _write(FLOW_COLUMNS, flow),
        "flow.tex": _typeset("flow", FLOW_COLUMNS, flow, title="How far participants came", note="", marks=marks),
        "curves.csv": _write(("curve", "quantity", "value"), curves),
    }


def _join(counts: dict[str, int]) -> str:
    return ";".join(f"{name}={n}" for name, n in counts.items())


def write_section_tables(sections: Sequence[Section], *, marks: Sequence[str] = ()) -> dict[str, str]:
    """The further sections' tables by file name, each as CSV in full precision and as LaTeX in four digits."""
    found: dict[str, str] = {}
    for section in sections:
        for name, table in section.tables.items():
            found[f"{name}.csv"] = _write(table.header, table.rows)
            found[f"{name}.tex"] = _typeset(
                name, table.header, table.rows, title=section.title, note=section.formula, marks=marks
            )
    return found


def _typeset(
    name: str,
    header: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    title: str,
    note: str,
    marks: Sequence[str],
) -> str:
    """With what must be said of data that are not real in the caption itself, so that no copy goes about without it."""
    caption = " ".join([f"{title} ({name.replace('_', ' ')}).", *(f"{mark}." for mark in marks)])
    return typeset_table(header, rows, name=name, caption=caption, note=note)


def _write(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow("" if cell is None else int(cell) if isinstance(cell, bool) else cell for cell in row)
    return text.getvalue()
