"""Questions, texts, rules, targets and recruitment: forms that the design's own dataclasses make."""

from dataclasses import dataclass, make_dataclass
from typing import Literal, get_type_hints

import pytest

from studyapp.actions.study import describe_study
from studyapp.domain.design_changes import apply_change
from studyapp.domain.study_design import LISTS, DesignError, StudyDesign, describe_design
from studyapp.models import AuditEntry, Candidate, Study
from studyapp.staff_site.design_forms import SectionsForm, TomlField, list_sections, make_field
from tests.studyapp.staff_site.staff_pages import page, read, read_form
from tests.studyapp.study_rows import finish_jobs, make_draft

pytestmark = pytest.mark.django_db
CONSENT = "**What this is.** A study.\n\n- one\n- two\n"


@pytest.fixture
def study():
    return make_draft(slug="pilot", texts={"consent": CONSENT}, fitness={"min_words": 20})


def test_every_key_of_the_design_is_on_one_of_the_pages(admin_client, study):
    shown = "".join(
        read(admin_client.get(page(name, "pilot"))) for name in ("study_texts", "study_recruitment", "study_articles")
    )
    elsewhere = {"study.slug", "study.preset", "articles.items", "articles.context", "texts.languages"}
    kinds = get_type_hints(StudyDesign)
    tables = [section for section in list_sections() if section not in LISTS]
    keys = {f"{section}.{key}" for section in tables for key in get_type_hints(kinds[section])} - elsewhere
    keys |= {f"{name}.{name}" for name in LISTS if name not in ("arms", "questions", "attention", "comprehension")}
    assert len(keys) > 25
    assert [key for key in sorted(keys) if f'name="{key.replace(".", "-")}"' not in shown] == []


def test_a_form_that_is_posted_as_it_is_changes_nothing(admin_client, study):
    before = describe_study(study)
    for name in ("study_texts", "study_recruitment"):
        form = {key: text.replace("\n", "\r\n") if isinstance(text, str) else text
                for key, text in read_form(admin_client.get(page(name, "pilot"))).items()}  # fmt: skip
        shown = read(admin_client.post(page(name, "pilot"), form, follow=True))
        assert "Nothing was different" in shown, name
    assert describe_study(Study.objects.get()) == before
    assert not AuditEntry.objects.filter(act="changed_design").exists()


def test_what_is_said_is_stored_and_leads_on(admin_client, study):
    form = read_form(admin_client.get(page("study_texts", "pilot")))
    said = {
        "texts-consent": "New *consent*", "checks-internet_check_question": "How high?",
        "checks-internet_check_solutions": "161 m\r\n\r\n 161 ",
        "checks-exclusion_rules": ["looked_up", "internet_check"],
        "targets-participants_per_cell": 12, "fitness-min_words": "", "fitness-disqualifying": ["copied"],
        "study-language": "en-GB", "then": "next",
    }  # fmt: skip
    answer = admin_client.post(page("study_texts", "pilot"), {**form, **said})
    assert answer.url == page("study_recruitment", "pilot")
    study = Study.objects.get()
    assert study.consent_text == "New *consent*"
    assert study.internet_check_solutions == ["161 m", "161"]
    assert set(study.exclusion_rules) == {"looked_up", "internet_check"}
    assert (study.participants_per_cell, study.fitness) == (12, {"disqualifying": ["copied"]})
    assert "texts.consent" in AuditEntry.objects.get(act="changed_design").detail["keys"]


def test_a_fault_is_shown_at_its_field_and_nothing_is_stored(admin_client, study):
    form = read_form(admin_client.get(page("study_texts", "pilot")))
    answer = admin_client.post(
        page("study_texts", "pilot"),
        {**form, "texts-consent": "New", "targets-participants_per_cell": 0,
         "checks-exclusion_rules": ["internet_check"], "checks-internet_check_question": ""},
    )  # fmt: skip
    errors = answer.context["form"].errors
    assert "must be from 1" in errors["targets-participants_per_cell"][0]
    assert "needs internet_check_question" in errors["checks-exclusion_rules"][0]
    assert Study.objects.get().consent_text == CONSENT
    assert "New" in read(answer)  # what was typed is still there


def test_rules_are_explained_in_words(admin_client, study):
    shown = read(admin_client.get(page("study_texts", "pilot")))
    assert "Internet check: leaves out who answered the internet-check question as only somebody" in shown


def test_texts_are_previewed_as_participants_see_them_without_being_saved(admin_client, study):
    assert "<strong>What this is.</strong>" in read(admin_client.get(page("study_texts", "pilot")))
    form = read_form(admin_client.get(page("study_texts", "pilot")))
    posted = {**form, "texts-consent": "*leaning* <script>alert(1)</script>", "do": "preview"}
    shown = read(admin_client.post(page("study_texts", "pilot"), posted))
    assert "<em>leaning</em>" in shown and "<script>alert(1)" not in shown
    assert Study.objects.get().consent_text == CONSENT
    live = read(admin_client.post(page("markdown_preview"), {"text": "## Two\r\n\r\n- a"}))
    assert "<h2>Two</h2>" in live and "<li>a</li>" in live
    assert "Nothing yet" in read(admin_client.post(page("markdown_preview"), {"text": " "}))


def test_thresholds_and_language_outdate_texts_and_are_asked_about(admin_client, study):
    finish_jobs(study)
    form = {**read_form(admin_client.get(page("study_texts", "pilot"))), "fitness-min_words": 30}
    assert "would be deleted" in read(admin_client.post(page("study_texts", "pilot"), form))
    assert Candidate.objects.count() == 24
    admin_client.post(page("study_texts", "pilot"), {**form, "drop_texts": "yes"})
    assert not Candidate.objects.exists()


def test_recruitment_shows_what_the_promise_comes_to_an_hour(admin_client, study):
    address = page("study_recruitment", "pilot")
    assert "No reward is set" in read(admin_client.get(address))
    form = read_form(admin_client.get(address))
    admin_client.post(address, {**form, "recruitment-reward": "a voucher"})
    assert "no plain sum of money" in read(admin_client.get(address))
    for reward, verdict in (("USD 3", "Less than platforms allow"), ("£4", "Less than recommended"), ("$ 6", "Fair")):
        admin_client.post(address, {**form, "recruitment-reward": reward, "recruitment-estimated_minutes": 30})
        assert verdict in read(admin_client.get(address)), reward
    answer = admin_client.post(address, {**form, "recruitment-platform": "prolific", "recruitment-completion_code": ""})
    assert "Prolific needs the code" in answer.context["form"].errors["recruitment-completion_code"][0]


def test_the_minutes_of_the_reading_time_can_be_taken(admin_client, study):
    address = page("study_recruitment", "pilot")
    answer = admin_client.get(address)
    assert "tell participants 6 minutes" in read(answer)  # 4 x 60 words, 4 answers, and the rest
    assert 'form="recruitment"' in read(answer)  # the button sends the form beside it, as below
    admin_client.post(address, {**read_form(answer), "do": "take_minutes"})
    assert Study.objects.get().estimated_minutes == 6


@dataclass(frozen=True)
class Stage:
    seconds: int


@pytest.mark.parametrize(
    ("hint", "value", "said", "meant"),
    [
        (int, 3, "4", 4),
        (int | None, None, "", None),
        (float | None, 0.5, "0.25", 0.25),
        (str, "a", "b", "b"),
        (str, "a\nb", "c\r\nd", "c\nd"),
        (Literal["one", "two"], "one", "two", "two"),
        (tuple[str, ...], ("a",), "a\r\nb", ("a", "b")),
        (dict, {"x": 1}, "[key]\nx = 2", {"x": 2}),
        (tuple[Stage, ...], [{"seconds": 30}], "[[key]]\nseconds = 5\n[[key]]\nseconds = 6",
         [{"seconds": 5}, {"seconds": 6}]),
    ],
)  # fmt: skip
def test_a_key_of_any_type_gets_a_field_without_a_list(hint, value, said, meant):
    field = make_field("some_section", "key", hint, value)
    assert field.label == "Key"
    assert field.clean(said) == meant


def test_what_only_a_study_file_can_say_is_said_as_there():
    field = TomlField(key="key", required=False)
    assert field.prepare_value([{"a": 1}]) == "[[key]]\na = 1\n"
    assert field.clean("") is None
    for text, reason in (("key = ", "no TOML"), ("other = 1", "key = …, and nothing else")):
        with pytest.raises(Exception, match=reason):
            field.clean(text)


def test_a_new_section_of_the_design_appears_by_itself(study, monkeypatch):
    """A section that somebody adds to the design is on the page, and what it says comes back as a change."""
    reveal = make_dataclass("Reveal", [("stages", int, 1), ("after_each", bool, False)], frozen=True)
    hints = {**get_type_hints(StudyDesign), "reveal": reveal}
    described = {**describe_design(describe_study(study)), "reveal": {"stages": 3, "after_each": True}}
    kinds = "studyapp.staff_site.design_forms.get_type_hints"
    monkeypatch.setattr(kinds, lambda kind: hints if kind is StudyDesign else get_type_hints(kind))
    monkeypatch.setattr("studyapp.staff_site.design_forms.describe_design", lambda design: described)
    assert "reveal" in list_sections(without=("recruitment",))
    form = SectionsForm({"reveal-stages": "2"}, design=describe_study(study), sections=["reveal"])
    assert [field.label for field in form] == ["Stages", "After each"]
    assert form.is_valid()
    assert form.read_change().sections == {"reveal": {"stages": 2, "after_each": False}}


def test_a_list_without_a_page_of_its_own_is_written_as_in_a_study_file(study):
    asked = '[[comprehension]]\nquestion = "What?"\nchoices = ["The writer", "The style"]\nanswer = "{}"\n'
    design = describe_study(study)

    def fill(said):
        form = SectionsForm(
            {"comprehension-comprehension": asked.format(said)}, design=design, sections=["comprehension"]
        )
        assert form.is_valid()
        return form

    assert fill("The writer").read_change().lists["comprehension"][0]["answer"] == "The writer"
    wrong = fill("Nobody")
    with pytest.raises(DesignError) as fault:
        apply_change(design, wrong.read_change())
    wrong.add_faults(fault.value)
    assert "[[comprehension]] 1 answer" in str(wrong.errors["comprehension-comprehension"])


def test_taking_the_reading_time_keeps_what_was_typed_beside_it(admin_client, study):
    address = page("study_recruitment", "pilot")
    form = read_form(admin_client.get(address))
    typed = {"recruitment-reward": "USD 2.20", "recruitment-contact": "lab@example.org", "do": "take_minutes"}
    admin_client.post(address, {**form, **typed})
    study = Study.objects.get()
    assert (study.reward, study.contact) == ("USD 2.20", "lab@example.org")
    assert study.estimated_minutes == 6  # a minute of reading, 40 s of answers, 4 minutes beside: 5.7, rounded up
