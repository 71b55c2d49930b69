"""heds.json: the form's own ids and shape, filled from the design, and what a person must answer left to them."""

import json

import pytest

from analysis.heds import CRITERION, FIELDS, NOT_MEASURED, fill_datasheet
from analysis.methods_text import write_methods
from tests.analysis.test_methods_text import DESIGN, make


@pytest.fixture
def fill(tmp_path):
    def fill(**kwargs):
        study = make(tmp_path, **kwargs)
        return fill_datasheet(
            study, write_methods(study, []), agreement=[{"arm": "small", "ordinal": {"value": 0.214}}]
        )

    return fill


def test_every_question_has_one_state(fill):
    sheet = fill(manifest={"design": DESIGN, "title": "Pilot"})
    numbers = [*sheet.filled, *sheet.suggested, *sheet.human]
    assert len(numbers) == len(set(numbers)) == 62
    assert {"1.3.1.1", "1.3.2.3", "5.1", "5.4"} <= {*sheet.human}  # names and ethics are nobody's to guess
    assert {entry["number"] for entry in sheet.form.values() if "number" in entry} == {*sheet.filled, *sheet.suggested}


def test_every_answer_has_the_type_that_its_question_asks_for(fill):
    fields = {field["number"]: field for field in json.loads(FIELDS.read_text())["fields"]}
    for kwargs in ({}, {"manifest": {"design": DESIGN, "title": "Pilot"}}, {"pairs": True}):
        form = fill(**kwargs).form
        chosen = {}
        for name, entry in form.items():
            if "number" not in entry:
                continue
            field = fields[entry["number"]]
            assert name == field["id"] or name.startswith(f"{field['id']}-")
            (key,) = entry["data"]
            assert key == (CRITERION if entry["number"].startswith("4.") else "")
            if field["kind"] in ("TextInput", "IntegerInput"):
                assert isinstance(entry["data"][key], str) and entry["data"][key].strip()
                assert field["kind"] == "TextInput" or entry["data"][key].isdigit()
            elif not name.endswith("-other_text"):
                option = name.removeprefix(f"{field['id']}-")
                assert entry["text"][key] == field["options"][option]
                chosen.setdefault(entry["number"], []).append(option)
        assert all(len(own) == 1 for number, own in chosen.items() if fields[number]["kind"] == "RadioGroup")


@pytest.mark.parametrize(
    ("reward", "platform", "option"),
    [("USD 6", "prolific", "1"), ("", "prolific", "3"), ("2 credits", "sona", "2"), ("nothing at all", "panel", None)],
)
def test_payment_is_told_where_the_reward_says_it(reward, platform, option, fill):
    design = {**DESIGN, "recruitment": {"platform": platform, "reward": reward}}
    form = fill(manifest={"design": design}).form
    paid = [name for name in form if "evaluators-payment-" in name and not name.endswith("other_text")]
    assert [name.rsplit("-", 1)[1] for name in paid] == ([option] if option else [])


def test_texts_options_and_criteria_have_the_forms_shape(fill):
    form = fill(manifest={"design": DESIGN, "title": "Pilot"}).form
    assert form["heds-paper_and_resources-paper-experiment_identification"] == {
        "data": {"": "Pilot"}, "control": {}, "number": "1.1.2",
    }  # fmt: skip
    assert form["heds-system-output_languages-42"] == {
        "data": {"": True}, "control": {}, "text": {"": "41. English"}, "number": "2.5",
    }  # fmt: skip
    assert "news article" in form["heds-system-tasks-other_text"]["data"][""]
    assert form["heds-criteria-criterion"] == {"data": {}, "control": {CRITERION: True}, "text": {}}
    question = form["heds-criteria-criterion-response_elicitation-verbatim_question"]
    assert question["data"] == {CRITERION: "Who do you think wrote this?"}
    assert form["heds-sample_evaluators_design-evaluators-number_of_evaluators"]["data"] == {"": "5"}
    agreement = form["heds-criteria-criterion-response_elicitation-inter_annotator-agreement_score"]
    assert agreement["data"] == {CRITERION: "small 0.21"}
    again = form["heds-criteria-criterion-response_elicitation-intra_annotator-intra_annotator_agreement"]
    assert again["data"] == {CRITERION: NOT_MEASURED}


def test_without_a_design_its_questions_are_left_to_a_person(fill):
    sheet = fill()
    assert {"2.4", "3.2.2.2", "3.2.4", "3.3.3.1", "3.3.5", "4.3.7", "5.2"} <= {*sheet.human}


def test_pairs_are_relative(fill):
    form = fill(pairs=True).form
    assert "heds-criteria-criterion-evaluation_mode-absolute_or_relative-2" in form
    assert "heds-criteria-criterion-response_elicitation-form_of_response-3" in form
