from dataclasses import replace

import pytest

from studyapp.actions.study import StudyExistsError, describe_study, load_study
from studyapp.domain.study_design import DesignError
from studyapp.models import Study
from tests.studyapp.study_rows import finish_jobs, make_articles, make_design, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_a_study_says_the_design_it_was_made_from():
    design = make_design(make_articles(5), checks={"internet_check_question": "?", "internet_check_solutions": ["x"]})
    study, is_new = load_study(design)
    assert is_new
    assert describe_study(study) == design


def test_a_study_says_again_how_its_platform_is_told():
    design = make_design(
        make_articles(5),
        recruitment={
            "platform": "prolific", "completion_code": "C1AB", "secure_link": True, "hosts": ["lab.example.org"],
            "outcomes": {"no_consent": "C2AB", "quota_full": "https://lab.example.org/full"},
        },
    )  # fmt: skip
    study, _ = load_study(design)
    study.refresh_from_db()
    assert describe_study(study) == design
    assert study.adapter.verify == "jwt"


def test_every_key_of_the_presentations_and_the_questions_is_kept():
    checks = {"reveal_stages": 3, "reveal_seconds": 0, "comprehension_tries": 4, "exclusion_rules": ["comprehension"]}
    questions = [{"question": "?", "choices": ["a", "b"], "answer": "b"}]
    design = make_design(make_articles(5), checks=checks, comprehension=questions)
    assert describe_study(load_study(design)[0]) == design
    paired = make_design([f"story-{n}" for n in range(1, 6)], slug="pairs", checks={"presentation": "paired"})
    assert describe_study(load_study(paired)[0]) == paired


def test_the_same_design_again_changes_nothing():
    design = make_design(make_articles(5))
    first, _ = load_study(design)
    second, is_new = load_study(design)
    assert (first.pk, is_new) == (second.pk, False)


def test_a_draft_without_texts_makes_room_for_another_design():
    design = make_design(make_articles(5))
    load_study(design)
    changed = replace(design, targets=replace(design.targets, participants_per_cell=9))
    study, is_new = load_study(changed)
    assert is_new
    assert Study.objects.get().participants_per_cell == 9 == study.participants_per_cell


def test_a_draft_with_texts_is_replaced_only_on_the_users_word():
    study = make_draft()
    finish_jobs(study)
    design = describe_study(study)
    changed = replace(design, targets=replace(design.targets, participants_per_cell=9))
    with pytest.raises(StudyExistsError, match="--replace"):
        load_study(changed)
    assert load_study(changed, replace=True)[1]


def test_a_launched_study_is_never_replaced():
    design = describe_study(make_launched())
    changed = replace(design, targets=replace(design.targets, participants_per_cell=9))
    with pytest.raises(StudyExistsError, match="frozen"):
        load_study(changed, replace=True)


def test_articles_that_are_not_imported_are_named():
    refs = make_articles(5)
    with pytest.raises(DesignError, match="1 articles are not imported: nowhere"):
        load_study(make_design([*refs, "nowhere"]))
    assert not Study.objects.exists()
