"""The report's page: its first sentences, its chapters in order, its marks, and figures that follow its theme."""

import json
import re

import pytest

from analysis.report import write_report
from analysis.schema import SCHEMA_VERSION
from tests.analysis.bundles import draw_people, make_rows

MANIFEST = {
    "schema_version": SCHEMA_VERSION, "title": "Who wrote <it>?", "simulated": True, "stand_in_articles": True,
    "design_sha256": "ab" * 32, "launched_at": "2026-05-04T12:00:00.000000Z", "deviations": [], "unblindings": [],
}  # fmt: skip


@pytest.fixture(scope="module")
def rows():
    accuracies = {"control": 0.86, "small": 0.8, "middle": 0.7, "large": 0.6}
    return make_rows(
        {arm: draw_people(10, accuracy=a, items=12, seed=n) for n, (arm, a) in enumerate(accuracies.items())}
    )


@pytest.fixture(scope="module")
def real(rows, tmp_path_factory):
    """The report of people: no manifest, no marks."""
    folder = tmp_path_factory.mktemp("real")
    return write_report(
        rows.write(folder / "bundle"), folder / "report", only=["size_curve", "equivalence", "detection_model"]
    ).parent


@pytest.fixture(scope="module")
def marked(rows, tmp_path_factory):
    """The report of simulated participants with stand-in articles, and a frozen design."""
    folder = tmp_path_factory.mktemp("marked")
    (rows.write(folder / "bundle") / "manifest.json").write_text(json.dumps(MANIFEST))
    return write_report(folder / "bundle", folder / "report", only=["equivalence"], pdf=False).parent


def read(folder):
    return (folder / "report.html").read_text()


def test_the_first_page_answers_in_at_most_five_sentences_each_of_its_own_test(real):
    answers = re.search(r'<ul class="answers">(.*?)</ul>', read(real), re.DOTALL)[1]
    said = re.findall("<li>(.*?)</li>", answers)
    assert len(said) == 5
    assert "new participants and new articles alike" in said[2]
    assert "d′ = " in said[3]
    assert "ten times the parameters d′ changes by" in said[4]
    results = json.loads((real / "results.json").read_text())
    verdict = results["equivalence"]["arms"][-1]
    assert {"different": "right more often than by guessing", "inconclusive": "neither a difference"}[
        verdict["verdict"]
    ] in said[2]


def test_the_first_figure_is_that_of_the_widest_claim_and_stands_once(real, marked):
    assert [read(folder).index('data-figure="') for folder in (real, marked)] == [
        read(real).index('data-figure="size_curve"'), read(marked).index('data-figure="accuracy"'),
    ]  # fmt: skip
    for folder in (real, marked):
        shown = re.findall('data-figure="([^"]+)"', read(folder))
        assert len(shown) == len({*shown})
        assert {*shown} == {path.stem for path in (folder / "figures").glob("*.svg")}


def test_every_chapter_is_in_the_contents_and_stands_where_a_reader_asks(real):
    page = read(real)
    chapters = re.findall(r'<h2 id="(\w+)">', page)
    assert [name for name in chapters if name != "contents"] == [
        "arms", "size_curve", "equivalence", "detection_model", "flow", "registration", "seconds", "methods", "paper",
    ]  # fmt: skip
    assert page.count("as published</h3>") == 1  # the published curve stands in the section on size
    links = re.findall(r'href="#(\w+)"', page)
    assert {*links} <= {*re.findall(r'id="([\w-]+)"', page)}
    assert {*chapters} <= {*links}


def test_confirmatory_is_what_was_declared_and_without_a_hash_nothing(real, marked):
    kinds = dict(re.findall(r'<th scope="row">([^<]+)</th><td>(confirmatory|exploratory|descriptive)</td>', read(real)))
    assert [kinds[title] for title in ("By arm", "Can they tell at all?", "Seconds an article, as published")] == [
        "confirmatory", "confirmatory", "exploratory",
    ]  # fmt: skip
    assert "take every test as exploratory" in read(real)
    assert MANIFEST["design_sha256"] in read(marked)
    assert "take every test as exploratory" not in read(marked)


def test_data_that_are_not_real_are_marked_on_the_page_and_in_every_figure(real, marked):
    page = read(marked)
    assert re.search(r'<svg class="watermark" aria-hidden="true"', page)
    assert "SIMULATED PARTICIPANTS" in page
    assert "STAND-IN ARTICLES" in page
    labels = re.findall(r'role="img" aria-label="([^"]+)"><?', page)
    assert all("Simulated participants. Stand-in articles." in label for label in labels if label != "confirmatory")
    drawn = {path.name: path.read_bytes() for path in (marked / "figures").iterdir()}
    plain = {path.name: path.read_bytes() for path in (real / "figures").iterdir()}
    assert all(b"SIMULATED PARTICIPANTS" in drawn[name] for name in drawn if name.endswith(".svg"))
    assert all(drawn[name] != plain[name] for name in drawn if name in plain)
    assert not any(b"SIMULATED" in svg for svg in plain.values())
    assert "watermark" not in re.sub("<style>.*?</style>", "", read(real), flags=re.DOTALL)


def test_a_participant_who_is_simulated_is_enough_for_the_mark(rows, tmp_path):
    some = make_rows({})
    some.arms, some.trials = rows.arms, rows.trials
    some.participants = [{**row, "simulated": int(n == 0)} for n, row in enumerate(rows.participants)]
    page = write_report(some.write(tmp_path / "bundle"), tmp_path / "report", only=["none"], pdf=False)
    assert "SIMULATED PARTICIPANTS" in page.read_text()


def test_the_pages_figures_follow_the_theme_and_the_files_do_not(real):
    figures = re.findall(r'<div class="picture".*?</svg>', read(real), re.DOTALL)
    assert len(figures) >= 4
    for figure in figures:
        assert "var(--fig-ink, #1d1c1a)" in figure
        assert "fill: #ffffff" not in figure
    assert all("var(" not in path.read_text() for path in (real / "figures").glob("*.svg"))
