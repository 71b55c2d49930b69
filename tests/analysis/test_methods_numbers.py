"""The methods' sentences have the numbers of results.json, and what was not run or not found is not told."""

import json
import re

import pytest

from analysis.load import load_bundle
from analysis.methods_numbers import ANALYSES, EXCLUSIONS, tell_attention, tell_took_part
from analysis.methods_text import write_methods
from analysis.results import write_json
from analysis.sections import find_writer
from analysis.study import Study
from tests.analysis.bundles import draw_people, make_rows

RUN = ("attrition", "exclusions", "dont_know", "order", "response_time")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The sections as they stand in results.json, and the methods written from them."""
    arms = {"control": 0.9, "small": 0.8, "middle": 0.7, "large": 0.6}
    people = {
        arm: draw_people(8, accuracy=accuracy, items=10, dont_know=0.1, seed=number)
        for number, (arm, accuracy) in enumerate(arms.items())
    }
    rows = make_rows(people)
    for number, trial in enumerate(rows.trials):
        trial["seconds"] = 20 + 7 * (number % 5) + number % 3
    rows.participants[0] |= {"excluded": 1, "exclusion_reasons": "looked_up"}
    rows.participants[9]["status"] = "dropped_out"
    study = Study(load_bundle(rows.write(tmp_path_factory.mktemp("told"))))
    sections = [find_writer(name)(study) for name in RUN]
    results = json.loads(write_json({section.name: section.results for section in sections}))
    return study, results, write_methods(study, sections)


def test_every_number_is_one_of_the_results(told):
    _, results, methods = told
    test = results["dont_know"]["test"]
    assert f"χ²({test['df']}) = {test['chi_square']:.2f}, p = {test['p']:.3f}" in methods["Analysis"]
    model = results["order"]["model"]
    assert f"p = {model['d_prime_p']:.3f}" in methods["Analysis"]
    assert f"{abs(model['criterion']['value']):.3f}" in methods["Analysis"]
    size = next(part for part in results["response_time"]["model"]["fit"]["coefficients"] if part["name"] == "size")
    assert f"t({size['df']:.0f}) = {size['t']:.2f}".replace("-", "−") in methods["Analysis"]
    lost = results["attrition"]
    assert f"1 of the 31 who completed were excluded (p = {lost['exclusions']['p']:.3f})" in methods["Exclusions"]
    assert "1 of the 32 who were not still at work dropped out" in methods["Exclusions"]
    people = {variant["name"]: variant["participants"] for variant in results["exclusions"]["variants"]}
    assert f"nobody excluded ({people['nobody_excluded']} participants)" in methods["Exclusions"]


def test_the_sentences_are_written_from_what_stands_in_the_file(told):
    _, results, methods = told
    for heading, tellers in (("Analysis", ANALYSES), ("Exclusions", EXCLUSIONS)):
        for name, tell in tellers:
            assert tell(results[name]) in methods[heading]


def test_what_was_not_run_is_not_told(told):
    study = told[0]
    said = " ".join(write_methods(study, []).values())
    assert not re.search(r"Halton|likelihood ratio|Satterthwaite|carelessness|attention checks|Order and", said)


def test_attention_checks_and_people_are_told_where_there_are_any():
    none = {"asked": 0, "failed_none": 0, "failed_one": 0, "failed_more": 0}
    assert tell_attention({"attention": none}) == ""
    some = {"asked": 20, "failed_none": 15, "failed_one": 4, "failed_more": 1}
    assert "Of the 20 who completed" in tell_attention({"attention": some})
    assert "15 failed none, 4 one, and 1 two or more" in tell_attention({"attention": some})
    hidden = {"answer": "b", "total": {"n": None, "share": None}}
    rows = [{"answer": "a", "total": {"n": 8, "share": 0.8}}, hidden]
    told = tell_took_part({"questions": [{"name": "age_band", "rows": rows, "total": None}]})
    assert "age band: a 80 % (groups" in told
    assert tell_took_part({"questions": []}) == ""
