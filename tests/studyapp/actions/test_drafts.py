import pytest

from studyapp.actions.drafts import DraftRefusedError, TextsAtStakeError, change_draft
from studyapp.actions.quiz_forms import make_quiz_forms
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import describe_study
from studyapp.domain.design_changes import ArmEntry, DesignChange
from studyapp.domain.study_design import DesignError, describe_design
from studyapp.models import AuditEntry, Candidate, GenerationJob, Stimulus, Study
from tests.studyapp.study_rows import finish_jobs, make_articles, make_draft, make_launched

pytestmark = pytest.mark.django_db


def make_written():
    """A draft whose texts are all written and chosen, with its forms."""
    study = make_draft(n_items=3)
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    return study


def list_arms(study):
    return describe_design(describe_study(study))["arms"]


def put(study, *, drops_texts=False, arms=None, **sections):
    return change_draft(study, DesignChange(sections=sections, arms=arms), drops_texts=drops_texts)


def test_a_change_is_stored_and_written_into_the_audit_log_with_its_keys():
    study = make_draft()
    keys = put(study, texts={"consent": "Do you agree?"}, recruitment={"reward": "USD 6"})
    assert keys == ("texts.consent", "recruitment.reward")
    changed = Study.objects.get()
    assert (changed.consent_text, changed.reward, changed.title) == ("Do you agree?", "USD 6", study.title)
    entry = AuditEntry.objects.get(act="changed_design")
    assert entry.detail == {"keys": ["texts.consent", "recruitment.reward"], "deleted_texts": 0}


def test_a_change_that_changes_nothing_leaves_no_trace():
    study = make_draft()
    before = describe_study(study)
    assert put(study, texts={"consent": before.texts.consent}) == ()
    assert not AuditEntry.objects.filter(act="changed_design").exists()


def test_what_cannot_be_changes_nothing():
    study = make_draft()
    before = describe_study(study)
    with pytest.raises(DesignError, match=r"\[targets\] dropout_minutes"):
        put(study, texts={"consent": "New"}, targets={"dropout_minutes": 0})
    with pytest.raises(DesignError, match="not imported: gone"):
        put(study, articles={"items": ["gone"]})
    assert describe_study(Study.objects.get()) == before


def test_a_launched_study_is_not_changed():
    study = make_launched()
    with pytest.raises(DraftRefusedError, match="is launched; its design is frozen"):
        put(study, texts={"consent": "Other"})


def test_articles_are_added_moved_and_taken_out_and_those_that_stay_keep_their_texts():
    study = make_written()
    first, second, third = study.items.values_list("article__ref", flat=True)
    new = make_articles(1, prefix="new")[0]
    kept = Stimulus.objects.get(item__article__ref=third, arm__name="small").pk
    with pytest.raises(TextsAtStakeError) as refused:
        put(study, articles={"items": [third, new, second]})
    assert refused.value.n_texts == 6  # two candidates of each arm for the article that goes
    assert study.items.count() == 3
    put(study, drops_texts=True, articles={"items": [third, new, second]})
    assert list(study.items.values_list("article__ref", flat=True)) == [third, new, second]
    assert Stimulus.objects.filter(pk=kept).exists()
    assert not GenerationJob.objects.filter(item__article__ref=first).exists()
    assert not study.quiz_forms.exists()
    assert AuditEntry.objects.get(act="changed_design").detail["deleted_texts"] == 6


def test_another_context_outdates_the_texts_of_the_arms_that_were_given_it():
    study = make_written()
    with pytest.raises(TextsAtStakeError):
        put(study, articles={"context": []})
    put(study, drops_texts=True, articles={"context": []})
    assert set(Candidate.objects.values_list("job__arm__name", flat=True)) == {"control"}
    assert set(Stimulus.objects.exclude(arm=None).values_list("arm__name", flat=True)) == {"control"}
    assert Stimulus.objects.filter(arm=None).count() == 3
    assert study.quiz_forms.exists()


def test_a_job_that_has_cost_money_stays_so_that_the_budget_knows_of_it():
    study = make_written()
    GenerationJob.objects.filter(arm__name="large").update(cost="0.5", prompt_tokens=10)
    put(study, drops_texts=True, fitness={"min_words": 5})
    assert not Candidate.objects.exists()
    left = GenerationJob.objects.all()
    assert {(job.arm.name, job.state) for job in left} == {("large", "failed")}
    assert sum(job.cost for job in left) == 1.5
    finish_jobs(study)  # queues it again
    assert Candidate.objects.filter(job__arm__name="large").count() == 6


def test_arms_change_places_names_and_the_control_at_once():
    study = make_written()
    control, small, large = list_arms(study)
    row = study.arms.get(name="small").pk
    entries = [
        ArmEntry("large", {**large, "name": "small"}),
        ArmEntry("small", {**small, "name": "large", "control": True}),
        ArmEntry("control", {**control, "control": False}),
    ]
    put(study, arms=entries)
    assert list(study.arms.values_list("name", "is_control")) == [("small", False), ("large", True), ("control", False)]
    assert study.arms.get(name="large").pk == row
    assert Candidate.objects.count() == 18  # no text was written under another setting


def test_an_arm_goes_with_its_texts_only_when_that_was_said_and_a_new_one_comes():
    study = make_written()
    control, small, large = list_arms(study)
    entries = [ArmEntry("control", control), ArmEntry("small", small), ArmEntry(None, {**large, "name": "huge"})]
    with pytest.raises(TextsAtStakeError):
        put(study, arms=entries)
    put(study, drops_texts=True, arms=entries)
    assert list(study.arms.values_list("name", flat=True)) == ["control", "small", "huge"]
    assert set(Candidate.objects.values_list("job__arm__name", flat=True)) == {"control", "small"}
    hotter = {**small, "sampling": {"temperature": 2.0}}
    put(study, drops_texts=True, arms=[ArmEntry("control", control), ArmEntry("small", hotter)])
    assert set(Candidate.objects.values_list("job__arm__name", flat=True)) == {"control"}
