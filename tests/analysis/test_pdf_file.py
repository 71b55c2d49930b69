"""report.pdf: it opens, has the page's numbers and its marks, and takes no word of a bundle for a command."""

import io
import json

import pytest
from pypdf import PdfReader

from analysis.page import Chapter, Page
from analysis.pdf_file import read_html, typeset, write_blocks
from analysis.report import main
from analysis.schema import SCHEMA_VERSION
from tests.analysis.bundles import draw_people, make_rows

HOSTILE = '"); #panic("no") [x] $y$ \\ *z* <label> @ref'


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pdf")
    rows = make_rows({"control": draw_people(8, accuracy=0.9), "large": draw_people(8, accuracy=0.6, seed=1)})
    rows.arms[1]["label"] = HOSTILE
    manifest = {"schema_version": SCHEMA_VERSION, "title": HOSTILE, "simulated": True}
    (rows.write(folder / "bundle") / "manifest.json").write_text(json.dumps(manifest))
    assert main([str(folder / "bundle"), "--out", str(folder / "report"), "--only", "equivalence"]) == 0
    return folder / "report"


def test_it_opens_and_has_the_numbers_of_the_page(report):
    reader = PdfReader(report / "report.pdf")
    assert reader.metadata.title == HOSTILE
    said = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
    assert HOSTILE in said
    results = json.loads((report / "results.json").read_text())
    for arm in results["arms"]:
        assert f"{100 * arm['accuracy']:.1f}" in said
        assert f"{100 * arm['ci_low']:.1f} to {100 * arm['ci_high']:.1f}" in said
    for part in ("Can they tell at all?", "What was set beforehand", "How it was worked out", "Contents"):
        assert part in said
    assert all("SIMULATED PARTICIPANTS" in page.extract_text() for page in reader.pages)


def lay(body, title="Title"):
    chapter = Chapter(name="one", title="One", body=body)
    return Page(
        title=title, sentences=["One sentence."], cautions=[], chapters=[chapter], first="accuracy", marks=[],
        context={"figures": {"accuracy": {"svg": ""}}},
    )  # fmt: skip


def test_tables_lists_and_words_are_told_and_the_same_page_gives_the_same_bytes(tmp_path):
    body = """<p>Of <strong>two</strong> <code>a = "b"</code> x<sup>2</sup></p>
    <table><thead><tr><th>Arm</th><th>n</th></tr></thead><tbody><tr><th>Small</th><td>12</td></tr></tbody></table>
    <ul><li>first</li><li>second</li></ul><details><summary>How</summary><p class="note">so</p></details><br>"""
    made = [typeset(lay(body), figures=tmp_path) for _ in range(2)]
    assert made[0] == made[1]
    pages = PdfReader(io.BytesIO(made[0])).pages
    said = " ".join(" ".join(page.extract_text() for page in pages).split())
    for part in ("One sentence.", 'Of two a = "b"', "Arm", "Small", "12", "first", "second", "How", "so"):
        assert part in said


def test_columns_of_words_stand_to_the_left():
    told = write_blocks(read_html('<table><tr><th>Arm</th><td class="text">so</td><td>1</td></tr></table>'))
    assert 'table.cell(align: left, )[#"so"]' in told
    assert told.count("align: left") == 1


def test_a_picture_is_the_file_of_its_name_and_what_is_in_it_is_not_read():
    told = write_blocks(
        read_html('<div><svg data-figure="roc" aria-label="Hits"><path d="M 0"/><text>no</text></svg>x</div>')
    )
    assert 'image("/roc.svg"' in told
    assert 'alt: "Hits"' in told
    assert "no" not in told
    assert '"x"' in told


def test_it_can_be_left_out(tmp_path, capsys):
    rows = make_rows({"control": draw_people(3, accuracy=0.9)})
    main([str(rows.write(tmp_path / "bundle")), "--out", str(tmp_path / "report"), "--only", "none", "--no-pdf"])
    assert not (tmp_path / "report" / "report.pdf").exists()
    assert "[1/3] Reading the bundle" in capsys.readouterr().err
