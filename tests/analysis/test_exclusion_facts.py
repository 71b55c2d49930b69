"""What led to exclusions is what was recorded; a bundle without records has none, and a broken record is named."""

import csv
import json

import pytest

from analysis.exclusion_facts import gather_facts
from analysis.flow import count_flow, count_leavers
from analysis.load import BundleError, load_bundle
from analysis.sections.exclusions import write
from analysis.study import Study
from tests.analysis.bundles import answer_with, make_rows

RUN = {"same_answer": {"longest_run": 25, "answers": 25, "run": 25}}
FAST = {"too_fast": {"share_too_fast": 0.8, "wpm": 1000, "most": 0.5}}


def make(folder, records, *, reasons=("same_answer", "too_fast;same_answer", "too_fast", "")):
    rows = make_rows({"control": [answer_with(3, 1)] * 2, "small": [answer_with(2, 2)] * 2})
    for row, reason in zip(rows.participants, reasons, strict=True):
        row |= {"excluded": int(bool(reason)), "exclusion_reasons": reason}
    rows.participants[3]["status"] = "dropped_out"
    rows.write(folder)
    if records is not None:
        with (folder / "enrolments.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("participant", "order_seed", "dropout_reason", "exclusion_facts"))
            writer.writerows(records)
    return load_bundle(folder)


def record(facts=({**RUN}, {**RUN, **FAST}, None, {})):
    names = ("control-0000", "control-0001", "small-0000", "small-0001")
    told = ("", "", "", "returned")
    cells = ["" if own is None else json.dumps(own) for own in facts]
    return [(name, 1, why, cell) for name, why, cell in zip(names, told, cells, strict=True)]


def test_facts_are_gathered_by_rule_with_their_bounds(tmp_path):
    bundle = make(tmp_path, record())
    run, fast = gather_facts(bundle)
    assert (run.rule, run.participants, run.unrecorded, dict(run.bounds)) == ("same_answer", 2, 0, {"run": (25,)})
    assert [(fact.name, fact.median, fact.least) for fact in run.facts] == [
        ("answers", 25, 25),
        ("longest_run", 25, 25),
    ]
    assert (fast.participants, fast.unrecorded) == (1, 1)  # one was excluded of whom nothing is recorded
    assert dict(fast.bounds) == {"most": (0.5,), "wpm": (1000,)}
    section = write(Study(bundle))
    assert [rule["rule"] for rule in section.results["rules"]] == ["same_answer", "too_fast"]
    assert "no record" in section.context["unrecorded"][0]


def test_why_people_left_is_told_in_the_flow(tmp_path):
    flows = count_flow(make(tmp_path, record()))
    assert [flow.left for flow in flows] == [{}, {"dropped_out": {"returned": 1}}]
    assert count_leavers(flows) == {"dropped_out": {"returned": 1}}


def test_a_bundle_without_records_is_read_as_before(tmp_path):
    bundle = make(tmp_path, None)
    assert gather_facts(bundle) == []
    assert write(Study(bundle)).results["rules"] == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (("nobody", 1, "", "{}"), "row 2: participant 'nobody' is not in participants.csv"),
        (("control-0000", 1, "", "{"), "row 2: exclusion_facts is '{'; it must be a JSON object"),
        (("control-0000", 1, "", '{"too_fast": 3}'), "it must be a JSON object of objects by rule"),
    ],
)
def test_a_broken_record_is_named(row, fault, tmp_path):
    with pytest.raises(BundleError, match=r"enrolments\.csv") as raised:
        make(tmp_path, [row])
    assert fault in str(raised.value)
