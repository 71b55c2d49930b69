import pytest

from studyapp.actions.drafts import change_draft
from studyapp.actions.generation import claim_jobs, queue_jobs, store_candidates
from studyapp.actions.launch import review_readiness
from studyapp.actions.selection import SelectionRefusedError, reject_candidate, restore_candidate, select_stimuli
from studyapp.domain.design_changes import DesignChange
from studyapp.domain.normalisation import VERSION
from studyapp.models import Candidate, GenerationJob, Stimulus
from tests.studyapp.study_rows import NOW, finish_jobs, make_draft, make_launched, write_candidate

pytestmark = pytest.mark.django_db


def test_the_closest_in_length_is_chosen_for_each_arm_and_the_human_text_beside_it():
    study = make_draft(n_items=2)
    finish_jobs(study)  # candidates of 58 and 63 words against 60 of the human article
    outcome = select_stimuli(study)
    assert (outcome.chosen, outcome.unserved) == (6, ())
    assert set(Stimulus.objects.exclude(arm=None).values_list("words", flat=True)) == {58}
    human = Stimulus.objects.filter(arm=None)
    assert human.count() == 2
    assert all(stimulus.words == 60 and stimulus.candidate is None for stimulus in human)


def test_selecting_again_doubles_nothing_and_keeps_the_codes():
    study = make_draft(n_items=2)
    finish_jobs(study)
    select_stimuli(study)
    codes = set(Stimulus.objects.values_list("code", flat=True))
    select_stimuli(study)
    assert set(Stimulus.objects.values_list("code", flat=True)) == codes


def test_an_unfit_candidate_is_never_chosen_and_a_job_without_a_fit_one_is_named():
    study = make_draft(n_items=2)
    jobs = queue_jobs(study)
    for number, job_id in enumerate(jobs):
        order = claim_jobs(job_id, now=NOW)[0]
        store_candidates(
            order,
            [write_candidate(order.seeds[0], words=60, is_fit=False),
             write_candidate(order.seeds[1], words=90, is_fit=number > 0)],
            now=NOW,
        )  # fmt: skip
    outcome = select_stimuli(study)
    assert outcome.unserved == (jobs[0],)
    assert set(Stimulus.objects.exclude(arm=None).values_list("words", flat=True)) == {90}


def select_one():
    """A job of a study whose texts are selected, and the candidate that the rule chose for it."""
    study = make_draft(n_items=2)
    finish_jobs(study)
    select_stimuli(study)
    job = GenerationJob.objects.first()
    return job, Stimulus.objects.get(item=job.item, arm=job.arm).candidate


def test_a_rejected_text_gives_way_to_the_next_by_rule_until_none_is_left(admin_user):
    job, first = select_one()
    assert reject_candidate(first, reason="names a real person", by=admin_user, now=NOW)
    second = Stimulus.objects.get(item=job.item, arm=job.arm).candidate
    assert (second.words, second.pk != first.pk) == (63, True)
    assert not reject_candidate(second, reason="so does this", by=admin_user, now=NOW)
    assert not Stimulus.objects.filter(item=job.item, arm=job.arm).exists()
    kept = Candidate.objects.get(pk=first.pk)
    assert (kept.rejected_reason, kept.rejected_by, kept.rejected_at) == ("names a real person", admin_user, NOW)


def test_a_rejection_taken_back_leaves_the_choice_to_the_rule_again(admin_user):
    job, chosen = select_one()
    for candidate in job.candidates.all():
        reject_candidate(candidate, reason="a slip", by=admin_user, now=NOW)
    for candidate in job.candidates.exclude(pk=chosen.pk):
        restore_candidate(candidate)
    assert Stimulus.objects.get(item=job.item, arm=job.arm).candidate != chosen
    restore_candidate(chosen)
    assert Stimulus.objects.get(item=job.item, arm=job.arm).candidate == chosen
    assert not Candidate.objects.exclude(rejected_reason="", rejected_by=None, rejected_at=None).exists()


def test_nothing_is_rejected_without_a_reason_or_after_launch():
    study = make_launched()
    candidate = Candidate.objects.first()
    with pytest.raises(SelectionRefusedError, match="why"):
        reject_candidate(candidate, reason="  ", by=None, now=NOW)
    with pytest.raises(SelectionRefusedError, match="frozen"):
        reject_candidate(candidate, reason="late", by=None, now=NOW)
    with pytest.raises(SelectionRefusedError, match="frozen"):
        restore_candidate(candidate)
    with pytest.raises(SelectionRefusedError, match="frozen"):
        select_stimuli(study)


def write_with_marks(study):
    """A text for every job and an article for every item, each with the marks of its source."""
    for job_id in queue_jobs(study):
        order = claim_jobs(job_id, now=NOW)[0]
        texts = [f"LONDON — “Model”&nbsp;{'word ' * n}end." for n in (30, 50)]
        store_candidates(
            order,
            [write_candidate(seed, words=40, text=text) for seed, text in zip(order.seeds, texts, strict=True)],
            now=NOW,
        )
    for item in study.items.select_related("article"):
        item.article.body = f"HARRISBURG (AP) — ‘Human’ {'word ' * 50}end.\n\n(Reporting by Ann Doe)"
        item.article.save()


def test_human_and_model_texts_are_levelled_alike_and_what_was_done_is_kept_with_them():
    study = make_draft(n_items=2)
    write_with_marks(study)
    select_stimuli(study)
    human, model = Stimulus.objects.filter(arm=None).first(), Stimulus.objects.exclude(arm=None).first()
    words = " ".join(["word"] * 50)
    assert (human.text, model.text) == (f"'Human' {words} end.", f'"Model" {words} end.')
    assert human.normalised == ["quotes", "dashes", "datelines", "sign_offs"]
    assert model.normalised == ["entities", "spaces", "quotes", "dashes", "datelines"]
    assert {human.normalisation_version, model.normalisation_version} == {VERSION}
    assert (human.original[:15], model.original[:8]) == ("HARRISBURG (AP)", "LONDON —")
    assert human.words == model.words == 52  # the lengths are compared as the texts are shown


def test_other_rules_level_the_chosen_texts_anew_from_their_originals():
    study = make_draft(n_items=2)
    write_with_marks(study)
    select_stimuli(study)
    codes = set(Stimulus.objects.values_list("code", flat=True))
    change_draft(study, DesignChange(sections={"normalisation": {"rules": ["dashes"]}}))
    human = Stimulus.objects.filter(arm=None).first()
    assert human.text.startswith("HARRISBURG (AP) - ‘Human’ word")
    assert human.normalised == ["dashes"]
    assert set(Stimulus.objects.values_list("code", flat=True)) == codes


def test_a_draft_without_texts_gets_none_by_a_change_of_the_rules():
    study = make_draft(n_items=2)
    change_draft(study, DesignChange(sections={"normalisation": {"rules": []}}))
    assert not Stimulus.objects.exists()


def test_texts_of_an_earlier_version_of_the_rules_are_not_launched():
    study = make_draft(n_items=2)
    finish_jobs(study)
    select_stimuli(study)
    Stimulus.objects.update(normalisation_version="1")
    refused = [finding.message for finding in review_readiness(study) if finding.level == "refuse"]
    assert (
        "8 texts levelled by an earlier version of the rules: press “Select texts by rule” on Review again." in refused
    )
