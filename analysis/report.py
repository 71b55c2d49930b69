"""Write the report of a bundle.

python analysis/report.py BUNDLE [--out DIR] [--seed N] [--only SECTION]… [--no-pdf] [--mixed | --no-mixed]

BUNDLE is a folder or .zip as Byline exports it; arms.csv, participants.csv and trials.csv are enough. DIR (default
`report`) gets report.html (one file, no network), report.pdf (unless --no-pdf), figures/*.svg and *.png, tables/*.csv
and *.tex, methods.md (a paragraph for a paper), heds.json (a datasheet to upload and complete), and results.json, which
holds every number of the report. The same bundle and seed give the same bytes. The published analysis is always there;
of the further sections `--only NAME` takes those that are named (`--only none`: not one). Of more than 100,000
judgments mixed models are fitted only with --mixed. Exit status 2: the bundle
cannot be used, and the lines printed say where and why.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

if __package__ in (None, ""):  # run as a script: the package's parent takes the place of its folder on the path
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from typing import Any

from analysis.figures import Picture, draw_figures, marked
from analysis.heds import fill_datasheet
from analysis.load import BundleError, load_bundle
from analysis.memory import give_back
from analysis.methods_text import format_markdown, write_methods
from analysis.page import lay_out, list_marks, render_page
from analysis.pdf_file import typeset
from analysis.results import build_results, write_json
from analysis.sections import ORDER, find_writer
from analysis.self_check import list_tests
from analysis.study import MOST_UNASKED, Study
from analysis.tables import write_section_tables, write_tables

READING, DRAWING, WRITING, TYPESETTING = "Reading the bundle", "Drawing", "Writing", "Typesetting the PDF"
Progress = Callable[[str, int, int], None]


class InconsistentReportError(RuntimeError):
    """A printed t, df and p do not belong together: a fault of this package, never of the data."""


def write_report(
    bundle: Path,
    out: Path,
    *,
    seed: int = 0,
    only: Sequence[str] | None = None,
    on_progress: Progress | None = None,
    pdf: bool = True,
) -> Path:
    """Analyse a bundle and write everything into `out`; the path of report.html.

    `only` names the further sections that are wanted (all unless given); `on_progress(stage, done, total)` is called as
    each stage begins. `pdf`: write report.pdf too.

    Raises:
        BundleError: the bundle cannot be used.
    """
    study = read_study(bundle, seed=seed, on_progress=on_progress, stages=count_stages(only, pdf=pdf))
    return report_study(study, out, only=only, on_progress=on_progress, pdf=pdf)


def count_stages(only: Sequence[str] | None = None, *, pdf: bool = True) -> int:
    """How many stages `on_progress` is told of: reading, the sections, drawing, writing, and the PDF."""
    return sum(only is None or name in only for name in ORDER) + 3 + pdf


def read_study(
    bundle: Path,
    *,
    seed: int = 0,
    mixed: bool | None = None,
    on_progress: Progress | None = None,
    stages: int | None = None,
) -> Study:
    """Load a bundle; `mixed`: whether mixed models are fitted (see `Study`); `stages`: the whole report's.

    Raises:
        BundleError: the bundle cannot be used.
    """
    if on_progress:
        on_progress(READING, 0, stages or count_stages())
    return Study(load_bundle(bundle), seed=seed, mixed=mixed)


def report_study(
    study: Study,
    out: Path,
    *,
    only: Sequence[str] | None = None,
    on_progress: Progress | None = None,
    pdf: bool = True,
) -> Path:
    """As `write_report`, of a bundle that was read already."""
    tell = on_progress or (lambda stage, done, total: None)
    wanted = [name for name in ORDER if only is None or name in only]
    total = count_stages(only, pdf=pdf)
    sections = []
    with marked(list_marks(study)):
        for number, name in enumerate(wanted, start=1):
            tell(name.replace("_", " ").capitalize(), number, total)
            sections.append(find_writer(name)(study))
            give_back()
        tell(DRAWING, len(wanted) + 1, total)
        pictures = draw_figures(study.answer)
    pictures += [picture for section in sections for picture in section.pictures]
    tell(WRITING, len(wanted) + 2, total)
    results = build_results(study.bundle, study.answer, seed=study.seed)
    results |= {section.name: section.results for section in sections}
    _check_tests(results)
    methods = write_methods(study, sections)
    sheet = fill_datasheet(study, methods, agreement=results.get("agreement"))
    states = {"filled": sheet.filled, "suggested": sheet.suggested, "human": sheet.human}
    results |= {"methods": methods, "heds": states}
    _write_files(out, pictures)
    marks = list_marks(study)
    _write_tables(out, write_tables(results, marks=marks) | write_section_tables(sections, marks=marks))
    (out / "results.json").write_text(write_json(results), encoding="utf-8")
    (out / "methods.md").write_text(_format_methods(study, methods), encoding="utf-8")
    (out / "heds.json").write_text(write_json(sheet.form), encoding="utf-8")
    laid = lay_out(study, results, pictures, sections)
    page = out / "report.html"
    page.write_text(render_page(laid), encoding="utf-8")
    if pdf:
        tell(TYPESETTING, total - 1, total)
        (out / "report.pdf").write_bytes(typeset(laid, figures=out / "figures"))
    return page


def _format_methods(study: Study, methods: dict[str, str]) -> str:
    title = str(study.bundle.manifest.get("title") or "Can people tell?")
    return format_markdown(methods, title=title, marks=list_marks(study))


def _check_tests(results: dict[str, Any]) -> None:
    """Every t, df and p of the report, the published analysis's and the sections'."""
    faulty = [test.place for test in list_tests(results) if not test.is_consistent]
    if faulty:
        raise InconsistentReportError(f"t, df and p do not belong together: {', '.join(faulty)}")


def _write_files(out: Path, pictures: Sequence[Picture]) -> None:
    (out / "figures").mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        (out / "figures" / f"{picture.name}.svg").write_bytes(picture.svg)
        (out / "figures" / f"{picture.name}.png").write_bytes(picture.png)


def _write_tables(out: Path, tables: dict[str, str]) -> None:
    (out / "tables").mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (out / "tables" / name).write_text(text, encoding="utf-8", newline="")


@contextmanager
def show_progress() -> Iterator[Progress]:
    """Say on stderr what is running: a bar on a terminal, a line a stage elsewhere."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: print(f"[{done + 1}/{total}] {stage}", file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda stage, done, total: bar.update(task, completed=done, total=total, description=stage)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python analysis/report.py", description="Write the report of a bundle.")
    parser.add_argument("bundle", type=Path, help="a folder or .zip as Byline exports it")
    parser.add_argument("--out", type=Path, default=Path("report"), help="the folder to write (default: report)")
    parser.add_argument("--seed", type=int, default=0, help="of everything that is drawn at random")
    parser.add_argument(
        "--only",
        action="append",
        metavar="SECTION",
        help=f"of the further sections, only this: none, {', '.join(ORDER)}",
    )
    parser.add_argument("--no-pdf", action="store_true", help="leave report.pdf out")
    parser.add_argument(
        "--mixed",
        action=argparse.BooleanOptionalAction,
        help=f"fit mixed models, or do not (default: up to {MOST_UNASKED:,} judgments)",
    )
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.only or ()) - {*ORDER, "none"}):
        parser.error(f"there is no section {', '.join(unknown)}; choose from none, {', '.join(ORDER)}")

    try:
        with show_progress() as tell:
            stages = count_stages(options.only, pdf=not options.no_pdf)
            study = read_study(options.bundle, seed=options.seed, mixed=options.mixed, on_progress=tell, stages=stages)
            page = report_study(study, options.out, only=options.only, on_progress=tell, pdf=not options.no_pdf)
    except BundleError as error:
        print(f"This bundle cannot be used:\n{error}", file=sys.stderr)
        return 2
    print(f"Written: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
