"""The published tables, recomputed: which printed pairs cannot be, the curve, and the section that sets them beside."""

import csv
import json
import re

import pytest

from analysis import report
from analysis.published import LONG, SHORT
from analysis.replication import main, recompute_curve, recompute_study, tell_counts, tell_faults
from analysis.report import InconsistentReportError, write_report
from analysis.self_check import belongs_together
from tests.analysis.bundles import draw_people, make_rows


def test_the_impossible_pairs():
    """Three of the eight of the short study, and the one of the long study."""
    impossible = [arm.published.label for arm in recompute_study(SHORT) if arm.p_is_possible is False]
    assert impossible == ["Medium", "13B", "175B"]
    assert [arm.p_is_possible for arm in recompute_study(LONG)] == [None, False]
    assert tell_faults(recompute_study(SHORT)[2]) == ["t, df and p cannot belong together"]


@pytest.mark.parametrize(
    ("label", "low", "high"), [("Medium", 5e-19, 1e-18), ("13B", 2e-31, 4e-31), ("175B", 1.5e-35, 2.7e-35)]
)
def test_the_p_that_their_t_can_have(label, low, high):
    ends = next(arm.p_ends for arm in recompute_study(SHORT) if arm.published.label == label)
    assert (ends.low, ends.high) == (pytest.approx(low, rel=0.1), pytest.approx(high, rel=0.1))


def test_what_the_means_and_intervals_imply():
    arms = recompute_study(SHORT)
    assert [arm.df for arm in arms] == [None, 140, 140, 124, 132, 136, 138, 135, 138]
    assert (min(arm.sd for arm in arms), max(arm.sd for arm in arms)) == (
        pytest.approx(10.6, abs=0.05), pytest.approx(17.1, abs=0.05)
    )  # fmt: skip
    for arm in arms[1:]:  # within rounding every printed t is that of its means
        assert arm.t_is_possible
        assert arm.t_ends.low < arm.t < arm.t_ends.high
    assert [arm.p_holm for arm in arms[1:]] == pytest.approx(
        [2e-4, 3.5e-20, 6e-11, 4e-19, 1.5e-18, 1.8e-20, 7e-32, 8e-34]
    )


def test_the_counts():
    assert tell_counts(SHORT).startswith("In these tables 713 were recruited")
    assert "718" in tell_counts(SHORT)
    assert tell_counts(LONG) == "In these tables 160 were recruited, and 124 are left after exclusions."


def test_the_published_curve():
    curve = recompute_curve()
    assert curve.crossing == pytest.approx(2.02e11, rel=0.005)
    assert curve.at_trillion == pytest.approx(0.463, abs=5e-4)
    assert (curve.rss, curve.rss_asymptote) == pytest.approx((0.00873303928109956, 0.007696038893))
    assert curve.fits[1].p == pytest.approx(2.2e-4, rel=0.02)
    assert curve.fits[1].chi2 == pytest.approx(26.0375249560078)


def test_the_command_prints_and_writes(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert len(re.findall("cannot belong together", printed)) == 4
    assert "26.04" in printed
    with (tmp_path / "out" / "replication_short.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["p_is_possible"] for row in rows] == ["", "1", "0", "1", "1", "1", "1", "0", "0"]
    assert len(list((tmp_path / "out").iterdir())) == 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    people = {arm: draw_people(8, accuracy=p, items=8, seed=n) for n, (arm, p) in enumerate(
        {"control": 0.86, "small": 0.76, "large": 0.55}.items())}  # fmt: skip
    rows = make_rows(people, sizes={"control": 160_000_000, "small": 125_000_000, "large": 13_000_000_000})
    folder = rows.write(tmp_path_factory.mktemp("bundle"))
    (folder / "manifest.json").write_text(json.dumps({"schema_version": "1", "preset": "gpt3-short"}))
    return folder


def test_the_published_arms_stand_beside_those_of_their_size(folder, tmp_path):
    page = write_report(folder, tmp_path, only=["replication"])
    results = json.loads((tmp_path / "results.json").read_text())
    beside = {row["published"]["label"]: row for row in results["replication"]["published"]}
    assert len(beside) == 9
    own = {arm["arm"]: arm["accuracy"] for arm in results["arms"]}
    assert {label: row["own_accuracy"] for label, row in beside.items() if row["own_arm"]} == {
        "Control": own["control"], "Small": own["small"], "13B": own["large"]
    }  # fmt: skip
    assert "718" in page.read_text()
    assert (tmp_path / "tables" / "replication_published.csv").is_file()


def test_every_test_of_the_page_belongs_together_as_printed(folder, tmp_path):
    """Read back from the HTML, as a reader would: t (df) and the p beside it."""
    page = write_report(folder, tmp_path, only=["replication"]).read_text()
    table = page[page.index('aria-label="Table of arms"') :]
    cells = re.findall(r"<td>(-?[\d.]+) \((\d+)\)</td><td>([\d.e-]+)</td>", table[: table.index("</table>")])
    assert len(cells) == 2
    for t, df, p in cells:
        assert belongs_together(t, int(df), p)
        assert not belongs_together(t, int(df), f"{float(p) / 1000:.1e}")


def test_a_report_whose_tests_do_not_belong_together_is_not_written(folder, tmp_path, monkeypatch):
    build = report.build_results

    def spoil(*arguments, **named):
        results = build(*arguments, **named)
        results["arms"][1]["p"] *= 2
        return results

    monkeypatch.setattr(report, "build_results", spoil)
    with pytest.raises(InconsistentReportError, match=r"arms\.1"):
        write_report(folder, tmp_path / "report", only=["none"])
    assert not (tmp_path / "report").exists()


def test_another_study_has_nothing_beside_it(tmp_path):
    rows = make_rows({"control": draw_people(4, accuracy=0.8, items=6), "m": draw_people(4, accuracy=0.6, items=6)})
    write_report(rows.write(tmp_path / "bundle"), tmp_path / "report", only=["replication"])
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    assert results["replication"]["published"] == []
    assert results["replication"]["reason"]
    assert [check["is_consistent"] for check in results["replication"]["printed_tests"]] == [True]
