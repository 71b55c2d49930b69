"""Raters at once: Byline and its peers with the same texts, on each database, as contenders in interleaved rounds."""

import statistics
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from benchmarks.load_shape import Load
from benchmarks.rounds import OURS, Bench, Contender, run_rounds

SITES = (OURS, "oTree", "Potato")
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
EXPLAINED = (
    "A page is counted when its answer is acknowledged and the next page is there: two requests, whose time the "
    "quantiles are. The raters share the server's cores."
)
QUICK = Load(at_once=3, seconds=2.0, raters=20)


def bench_load(bench: Bench) -> Iterator[dict[str, Any]]:
    """Answered pages a second: an answer acknowledged, and the next page shown."""
    for database, title in DATABASES.items():
        load = replace(QUICK if bench.quick else bench.load, database=database)
        crowd = f"{load.arrivals:g} arriving a second" if load.arrivals else f"{load.at_once} at once"
        heading = f"Raters on {title}, {crowd}, {load.seconds:g} s a round"
        bench.console.print(heading, style="bold")
        sites = SITES if database == "sqlite" else SITES[:-1]  # Potato keeps its answers in files
        contenders = [Contender(name, "benchmarks.load_contenders", load.dump()) for name in bench.choose(sites)]
        rows = run_rounds(contenders, bench=bench, find_speed=lambda result: result["pages_per_second"])
        yield {"title": heading, "load": asdict(load), "rows": [asdict(row) for row in rows]}


def describe_load(table: dict[str, Any]) -> list[str]:
    """The lines of such a table: medians over the rounds, and whatever was wrong in any of them."""
    lines = [
        "| | pages/s | Byline's over it | ms: p50, p95, p99 | a request's p95 | CPU a page: server, raters "
        "| heaviest | errors | stored wrongly |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for row in table["rows"]:
        results, ratios = row["results"], row["ratios"]
        ratio = f"{statistics.median(ratios):.1f} ({min(ratios):.1f}–{max(ratios):.1f})" if ratios else ""
        waits = ", ".join(f"{_find_median(results, 'answer', name) * 1000:,.0f}" for name in ("p50", "p95", "p99"))
        answers = max(_find_median(results, "answers"), 1)
        costs = [_find_median(results, name) / answers * 1000 for name in ("server_cpu_seconds", "client_cpu_seconds")]
        heaviest = max(page["most_bytes"] for result in results for page in result["pages"].values()) / 1000
        faults = sorted({fault for result in results for fault in result["faults"]})
        lines.append(
            f"| {row['name']} | {_find_median(results, 'pages_per_second'):,.0f} | {ratio} | {waits} "
            f"| {_find_median(results, 'request', 'p95') * 1000:,.0f} | {costs[0]:.1f}, {costs[1]:.1f} ms "
            f"| {heaviest:.1f} kB | {sum(result['n_errors'] for result in results)} "
            f"| {'; '.join(faults) or 'nothing'} |"
        )
    return [*lines, "", *_describe_pages(table), EXPLAINED]


def _describe_pages(table: dict[str, Any]) -> list[str]:
    """How long each kind of page took, redirects and all; peers have one kind."""
    lines = ["| page | seen | ms: p50, p95, p99 | bytes |", "|---|--:|--:|--:|"]
    for row in table["rows"]:
        results = [result["pages"] for result in row["results"]]
        for kind in sorted({kind for pages in results for kind in pages}):
            seen = [pages[kind] for pages in results if kind in pages]
            waits = ", ".join(f"{_find_median(seen, name) * 1000:,.0f}" for name in ("p50", "p95", "p99"))
            count, heaviest = sum(page["n"] for page in seen), max(page["most_bytes"] for page in seen)
            lines.append(f"| {row['name']}: {kind} | {count:,} | {waits} | {heaviest:,} |")
    return [*lines, ""]


def _find_median(results: list[dict[str, Any]], *keys: str) -> float:
    return statistics.median(_dig(result, keys) for result in results)


def _dig(result: dict[str, Any], keys: tuple[str, ...]) -> float:
    for key in keys:
        result = result[key]
    return result  # type: ignore[return-value]
