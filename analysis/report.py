"""Write the report of a bundle.

python analysis/report.py BUNDLE [--out DIR] [--seed N]

BUNDLE is a folder or .zip as Byline exports it; arms.csv, participants.csv and trials.csv are enough. DIR (default
`report`) gets report.html (one file, no network), figures/*.svg and *.png, tables/*.csv and results.json, which holds
every number of the report. The same bundle and seed give the same bytes. Exit status 2: the bundle cannot be used, and
the lines printed say where and why.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

if __package__ in (None, ""):  # run as a script: the package's parent takes the place of its folder on the path
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup

from analysis import wording
from analysis.answer import Answer, analyse_bundle
from analysis.comparison import is_consistent
from analysis.figures import Picture, draw_figures
from analysis.load import Bundle, BundleError, load_bundle
from analysis.power_law import NoFit
from analysis.results import build_results, write_json
from analysis.tables import write_tables

STAGES = ("Reading the bundle", "Working the numbers out", "Drawing", "Writing")
Progress = Callable[[str, int, int], None]


class InconsistentReportError(RuntimeError):
    """A printed t, df and p do not belong together: a fault of this package, never of the data."""


def write_report(bundle: Path, out: Path, *, seed: int = 0, on_progress: Progress | None = None) -> Path:
    """Analyse a bundle and write everything into `out`; the path of report.html.

    `on_progress(stage, done, total)` is called as each stage begins.

    Raises:
        BundleError: the bundle cannot be used.
    """
    tell = on_progress or (lambda stage, done, total: None)
    tell(STAGES[0], 0, len(STAGES))
    loaded = load_bundle(bundle)
    tell(STAGES[1], 1, len(STAGES))
    answer = analyse_bundle(loaded)
    _check_tests(answer)
    tell(STAGES[2], 2, len(STAGES))
    pictures = draw_figures(answer)
    tell(STAGES[3], 3, len(STAGES))
    results = build_results(loaded, answer, seed=seed)
    _write_files(out, results, pictures)
    page = out / "report.html"
    page.write_text(render_page(loaded, answer, results, pictures), encoding="utf-8")
    return page


def render_page(bundle: Bundle, answer: Answer, results: dict[str, Any], pictures: list[Picture]) -> str:
    """The text of report.html."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html", "j2"]),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "percent": wording.percent,
        "number": wording.number,
        "significant": wording.significant,
        "size": wording.size,
        "p_value": wording.p_value,
    }
    figures = {picture.name: {"alt": picture.alt, "svg": Markup(_inline(picture))} for picture in pictures}  # noqa: S704
    return environment.get_template("report.html.j2").render(
        manifest=bundle.manifest,
        answer=answer,
        results=results,
        figures=figures,
        sentences=wording.tell_answer(answer),
        interval=wording.interval,
        page="a pair" if answer.is_paired else "an article",
        has_curve=not isinstance(answer.power_law, NoFit),
        has_line=not isinstance(answer.duration, NoFit),
    )


def _inline(picture: Picture) -> str:
    """The SVG element alone, its names made unique to the figure, so that several can stand in one page."""
    text = picture.svg.decode()
    element = text[text.index("<svg") :]
    for mark in ('id="', "url(#", 'href="#'):
        element = element.replace(mark, f"{mark}{picture.name}-")
    return element.replace("<svg ", f'<svg role="img" aria-label="{picture.alt}" ', 1)


def _check_tests(answer: Answer) -> None:
    faulty = [arm.arm for arm in answer.arms if not is_consistent(arm.comparison)]
    if faulty:
        raise InconsistentReportError(f"t, df and p do not belong together: {', '.join(faulty)}")


def _write_files(out: Path, results: dict[str, Any], pictures: list[Picture]) -> None:
    for folder in ("figures", "tables"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        (out / "figures" / f"{picture.name}.svg").write_bytes(picture.svg)
        (out / "figures" / f"{picture.name}.png").write_bytes(picture.png)
    for name, text in write_tables(results).items():
        (out / "tables" / name).write_text(text, encoding="utf-8", newline="")
    (out / "results.json").write_text(write_json(results), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python analysis/report.py", description="Write the report of a bundle.")
    parser.add_argument("bundle", type=Path, help="a folder or .zip as Byline exports it")
    parser.add_argument("--out", type=Path, default=Path("report"), help="the folder to write (default: report)")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn at random")
    options = parser.parse_args(arguments)

    def tell(stage: str, done: int, total: int) -> None:
        print(f"[{done + 1}/{total}] {stage}", file=sys.stderr, flush=True)

    try:
        page = write_report(options.bundle, options.out, seed=options.seed, on_progress=tell)
    except BundleError as error:
        print(f"This bundle cannot be used:\n{error}", file=sys.stderr)
        return 2
    print(f"Written: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
