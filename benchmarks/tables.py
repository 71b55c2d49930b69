"""What was measured as tables in Markdown, as docs/benchmarks.md shows them."""

import statistics
from typing import Any

from benchmarks.load_suite import describe_load


def describe_table(table: dict[str, Any]) -> str:
    """A table as Markdown."""
    lines = [f"### {table['title']}", ""]
    if "growth" in table:
        lines += ["| value | seconds | tokens/s | peak memory |", "|--:|--:|--:|--:|"]
        for row in table["growth"]:
            speed = f"{row['tokens'] / row['seconds']:,.0f}"
            lines.append(f"| {row['value']} | {row['seconds']:.1f} | {speed} | {row['peak_bytes'] / 2**30:.2f} GiB |")
        return "\n".join([*lines, ""])
    if "load" in table:
        return "\n".join([*lines, *describe_load(table), ""])
    lines += [f"| | {table['unit']} | Byline's speed over it | peak memory | share |", "|---|--:|--:|--:|--:|"]
    floor = table.get("floor")
    for row in sorted(table["rows"], key=lambda row: -statistics.median(row["speeds"])):
        share = floor["share_reached"][row["name"]] if floor else row["flop_use"]
        ratios = row["ratios"]
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else ""
        speed, memory = statistics.median(row["speeds"]), row["peak_bytes"] / 2**30
        lines.append(f"| {row['name']} | {speed:,.0f} | {ratio} | {memory:.2f} GiB | {share:.0%} |")
    if floor:
        rate, bandwidth = table["machine"]["matrix_rate"] / 1e9, table["machine"]["bandwidth"] / 1e9
        lines += [
            "",
            f"Share: of the floor, {floor['seconds']:.0f} s for the job ({floor['prompts']:.1f} s of prompts; "
            f"{floor['decoding']:.0f} s of decoding, of which memory alone would take {floor['bytes_only']:.0f} s) "
            f"at {rate:.0f} GFLOP/s and {bandwidth:.1f} GB/s, {floor['rows']} rows at once.",
        ]
    else:
        lines += ["", "Share: the model's FLOPs over the rate of matrix products measured in the same process."]
    return "\n".join([*lines, ""])
