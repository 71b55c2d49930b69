"""Plan a study by simulation: the power of its tests over a grid of participants and titles.

python -m analysis.power [--bundle BUNDLE [--pilot]] [--control NAME[:SIZE[:ACCURACY]]] [--arm NAME:SIZE[:ACCURACY] …]
    [--participants N …] [--titles N …] [--shown N] [--runs N] [--seed N] [--out DIR] …

Every number of participants is crossed with every number of titles. Each design is simulated `--runs` times from a
probit model with participants, titles and texts drawn at random (analysis/power_draws.py); arms without an accuracy lie
on the published shape: control 86 %, from 76 % for the smallest model to 52 % for the largest, a line in log size.
Without arms and without a bundle, the arms are the nine of the published study. The power of each test is given in two
ways: participants × titles, which holds for new articles, and participants only, as published, which does not
(analysis/power_tests.py). DIR (default `power`) gets power.csv, power.json, power.svg and power.png. Exit status 2: the
plan or the bundle cannot be used, and the lines printed say why.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from analysis.figures import Picture
from analysis.load import BundleError, load_bundle
from analysis.power_bundle import describe_bundle
from analysis.power_design import Plan, PlanError, Spread, make_published_arms, place_on_curve, probit_sd, read_plan
from analysis.power_grid import PowerGrid, describe_grid, simulate_grid
from analysis.power_picture import draw_power
from analysis.power_wording import tell_grid, write_csv, write_table


@dataclass(frozen=True)
class PowerAnswer:
    """A simulated grid in every form in which it is kept."""

    grid: PowerGrid
    results: dict[str, Any]  # plain values, with `sentences`
    csv: str
    table: str
    picture: Picture


def plan_power(mapping: Mapping[str, Any], *, on_progress: Callable[[int, int], None] | None = None) -> PowerAnswer:
    """Simulate the plan of a mapping (`power_design.describe_plan` shows its keys).

    Raises:
        PlanError: the plan cannot be simulated.
    """
    grid = simulate_grid(read_plan(mapping), on_progress=on_progress)
    return PowerAnswer(
        grid=grid,
        results={**describe_grid(grid), "sentences": tell_grid(grid)},
        csv=write_csv(grid),
        table=write_table(grid),
        picture=draw_power(grid),
    )


def write_power(answer: PowerAnswer, out: Path) -> None:
    """Write table, numbers and picture into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "power.csv").write_text(answer.csv, encoding="utf-8", newline="")
    text = json.dumps(answer.results, indent=2, ensure_ascii=False, allow_nan=False)
    (out / "power.json").write_text(text + "\n", encoding="utf-8")
    (out / "power.svg").write_bytes(answer.picture.svg)
    (out / "power.png").write_bytes(answer.picture.png)


def main(arguments: list[str] | None = None) -> int:
    options = _make_parser().parse_args(arguments)

    def tell(done: int, total: int) -> None:
        if done < total:
            print(f"[{done + 1}/{total}] Simulating", file=sys.stderr, flush=True)

    try:
        answer = plan_power(_read_options(options), on_progress=tell)
    except (BundleError, PlanError) as error:
        print(f"This cannot be simulated:\n{error}", file=sys.stderr)
        return 2
    write_power(answer, options.out)
    plan = answer.grid.plan
    print(f"Power participants × titles (participants only, as published), {plan.runs} runs, seed {plan.seed}:")
    print(answer.table)
    for sentence in answer.results["sentences"]:
        print(f"- {sentence}")
    print(f"Written in {answer.grid.seconds:.1f} s: {options.out}")
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m analysis.power", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--bundle", type=Path, help="take arms, participants and items from a bundle")
    add("--pilot", action="store_true", help="and accuracies, “I don't know” and exclusions from its answers")
    add("--control", help="NAME[:SIZE[:ACCURACY]], an accuracy as a share, as 0.86")
    add("--arm", action="append", default=[], help="NAME:SIZE[:ACCURACY] of a model, as large:760e6:0.68; repeat it")
    add("--ends", type=float, nargs=3, metavar=("CONTROL", "SMALLEST", "LARGEST"), help="accuracies of the shape")
    add("--participants", type=int, nargs="+", help="an arm, paid, before exclusions")
    add("--titles", type=int, nargs="+", help="stories of the study")
    add("--shown", type=int, help="stories that a participant reads")
    add("--runs", type=int)
    add("--seed", type=int)
    for entry in fields(Spread):
        unit = "a share of accuracy" if entry.name == "model" else "probit"
        add(f"--{entry.name}-sd", type=float, help=f"({unit}; default {entry.default:g})")
    add("--logit", action="store_true", help="the standard deviations are on the logit scale")
    add("--dont-know", type=float, help="share of answers")
    add("--lost", type=float, help="share of participants who are excluded")
    add("--gate", type=float, help="what the control's 95 %% interval must lie above")
    add("--reward", type=float, help="of one participant")
    add("--fee", type=float, help="the platform's, a share of the reward")
    add("--currency")
    add("--out", type=Path, default=Path("power"), help="the folder to write (default: power)")
    return parser


def _read_options(options: argparse.Namespace) -> dict[str, Any]:
    """The plan's mapping: what the bundle says, then what was typed."""
    mapping = describe_bundle(load_bundle(options.bundle), pilot=options.pilot) if options.bundle else {}
    if options.arm or options.control:
        mapping["arms"] = _read_arms(options)
    elif options.ends:
        arms = mapping.get("arms") or [vars(arm) for arm in make_published_arms()]
        mapping["arms"] = _place_arms([{**arm, "accuracy": None} for arm in arms], options)
    given = {entry.name: getattr(options, f"{entry.name}_sd") for entry in fields(Spread)}
    scale = probit_sd if options.logit else float
    mapping["spread"] = {
        name: value if name == "model" else scale(value) for name, value in given.items() if value is not None
    }
    names = {entry.name for entry in fields(Plan)} - {"arms", "spread", "alpha"}
    return mapping | {name: value for name in names if (value := getattr(options, name)) is not None}


def _read_arms(options: argparse.Namespace) -> list[dict[str, Any]]:
    entries = [(True, options.control)] if options.control else []
    arms = [
        _read_arm(text, is_control=is_control) for is_control, text in [*entries, *((False, a) for a in options.arm)]
    ]
    return _place_arms(arms, options)


def _read_arm(text: str, *, is_control: bool) -> dict[str, Any]:
    parts = text.split(":")
    try:
        name, size, accuracy = [*parts, "", ""][: max(3, len(parts))]
        return {
            "name": name,
            "n_params": float(size) if size else None,
            "is_control": is_control,
            "accuracy": float(accuracy) if accuracy else None,
        }
    except ValueError:
        raise PlanError([f"{text!r}: write an arm as NAME:SIZE:ACCURACY, as large:760e6:0.68"]) from None


def _place_arms(arms: list[dict[str, Any]], options: argparse.Namespace) -> list[dict[str, Any]]:
    """Arms without an accuracy get that of the shape."""
    sizes = [arm["n_params"] for arm in arms if arm["n_params"] and not arm["is_control"]]
    ends = tuple(options.ends) if options.ends else None
    for arm in arms:
        if arm["accuracy"] is None:
            arm["accuracy"] = place_on_curve(arm["n_params"], is_control=arm["is_control"], sizes=sizes, ends=ends)
    return arms


if __name__ == "__main__":
    sys.exit(main())
