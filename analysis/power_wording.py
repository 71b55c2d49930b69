"""What a simulated grid says, in sentences; and its numbers as rows for a table."""

import csv
import io

from analysis.power_grid import Cell, Finding, PowerGrid
from analysis.power_tests import METHODS, Method

WANTED_POWER = 0.80
MAIN_TESTS = {
    "gate": "the control gate",
    "contrasts": "every contrast with the control, after Holm",
    "trend": "the trend over log size",
    "equivalence_3": "equivalence of the largest model to chance within ±3 points, after Holm",
    "equivalence_5": "equivalence of the largest model to chance within ±5 points, after Holm",
    "equivalence_10": "equivalence of the largest model to chance within ±10 points, after Holm",
}
METHOD_NAMES: dict[Method, str] = {"participants": "participants only (published)", "two_way": "participants × titles"}
COLUMNS = (
    "participants", "titles", "shown", "participants_in_all", "cost", "scenario", "test", "arm", "method", "share",
    "mc_error", "low", "high",
)  # fmt: skip


def tell_grid(grid: PowerGrid) -> list[str]:
    """A sentence for each test on where it reaches 80 % power, then what the published test gets wrong."""
    sentences = [_tell_test(grid, test, name) for test, name in MAIN_TESTS.items()]
    return [sentence for sentence in [*sentences, _tell_error(grid), _tell_coverage(grid)] if sentence]


def write_csv(grid: PowerGrid) -> str:
    """Every number of the grid, one a row."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for cell in grid.cells:
        for finding in cell.findings:
            writer.writerow({**vars(cell), **{k: _round(v) for k, v in vars(finding).items()}})
    return text.getvalue()


def write_table(grid: PowerGrid) -> str:
    """The main tests of the grid for a terminal: two-way power, and the participants-only one in brackets."""
    tests = [test for test in MAIN_TESTS if grid.cells[0].find(test, method="two_way")]
    short = {"contrasts": "contrasts", **{f"equivalence_{n}": f"±{n}" for n in (3, 5, 10)}}
    lines = [
        f"{'titles':>6} {'an arm':>6} {'in all':>6} {'cost':>10}" + "".join(f"{short.get(t, t):>14}" for t in tests)
    ]
    for cell in grid.cells:
        cost = f"{grid.plan.currency}{cell.cost:,.0f}" if cell.cost else "–"
        row = f"{cell.titles:>6} {cell.participants:>6} {cell.participants_in_all:>6} {cost:>10}"
        lines.append(row + "".join(f"{_both(cell, test):>14}" for test in tests))
    return "\n".join(lines)


def _both(cell: Cell, test: str) -> str:
    two_way, single = (cell.find(test, method=method) for method in reversed(METHODS))
    return "–" if two_way is None or single is None else f"{two_way.share:.2f} ({single.share:.2f})"


def _tell_test(grid: PowerGrid, test: str, name: str) -> str:
    clauses: list[str] = []
    best, fewest = None, 0
    for titles in grid.plan.titles:
        cells = [cell for cell in grid.cells if cell.titles == titles]
        found = [(cell, finding) for cell in cells if (finding := cell.find(test, method="two_way"))]
        if not found:
            return ""
        reached = next(((c, f) for c, f in found if f.share >= WANTED_POWER), None)
        best = max([*found, *([best] if best else [])], key=lambda pair: pair[1].share)
        if reached and (
            not clauses or reached[0].participants < fewest
        ):  # more titles are worth saying where they save
            fewest = reached[0].participants
            clauses.append(_tell_reached(*reached, is_fewest=reached[0] is cells[0]))
    if not clauses and best is not None:
        cell, finding = best
        return (
            f"80 % power for {name} is not reached: at the most {_percent(finding)}, with {cell.participants} "
            f"participants an arm and {cell.titles} items."
        )
    return f"80 % power for {name}: {'; '.join(clauses)}."


def _tell_reached(cell: Cell, finding: Finding, *, is_fewest: bool) -> str:
    fewest = ", the fewest simulated" if is_fewest else ""
    return f"from {cell.participants} participants an arm with {cell.titles} items ({_percent(finding)}{fewest})"


def _tell_error(grid: PowerGrid) -> str:
    pairs = [
        (cell, published, two_way)
        for cell in grid.cells
        if (published := cell.find("contrast", method="participants", scenario="null"))
        and (two_way := cell.find("contrast", method="two_way", scenario="null"))
    ]
    if not pairs:
        return ""
    cell, published, two_way = max(pairs, key=lambda pair: pair[1].share)
    return (
        "Where nothing differs, the published t test of a contrast still finds a difference in up to "
        f"{_percent(published)} of studies ({cell.participants} participants an arm, {cell.titles} items), "
        f"the two-way test in {_percent(two_way)}; both mean {100 * grid.plan.alpha:g} %."
    )


def _tell_coverage(grid: PowerGrid) -> str:
    covers = {
        method: [f.share for cell in grid.cells if (f := cell.find("coverage", method=method, scenario="null"))]
        for method in METHODS
    }
    published, two_way = covers["participants"], covers["two_way"]
    return (
        f"An arm's 95 % interval holds the truth of new articles in {_span(published)} of studies as published, in "
        f"{_span(two_way)} two-way."
        if published and two_way
        else ""
    )


def _span(shares: list[float]) -> str:
    low, high = f"{100 * min(shares):.0f}", f"{100 * max(shares):.0f}"
    return f"{low} %" if low == high else f"{low} to {high} %"


def _percent(finding: Finding) -> str:
    """As `83 ± 1.2 %`; where every run or none found it, the limit that so many runs allow."""
    if finding.share == 0:
        return f"under {100 * finding.high:.1f} %"
    if finding.share == 1:
        return f"over {100 * finding.low:.1f} %"
    digits = 0 if 0.01 <= finding.share <= 0.99 else 1
    return f"{100 * finding.share:.{digits}f} ± {100 * finding.mc_error:.1f} %"


def _round(value: object) -> object:
    return round(value, 5) if isinstance(value, float) else value
