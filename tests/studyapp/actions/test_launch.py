from datetime import timedelta

import pytest

from studyapp.actions.launch import LaunchRefusedError, close_study, freeze_design, launch_study, review_readiness
from studyapp.actions.quiz_forms import FormsRefusedError, are_forms_balanced, make_quiz_forms
from studyapp.actions.selection import select_stimuli
from studyapp.domain.study_design import hash_design
from studyapp.models import AuditEntry, QuizFormItem
from tests.studyapp.study_rows import NOW, finish_jobs, launch, make_draft, make_launched

pytestmark = pytest.mark.django_db


def test_forms_are_drawn_from_the_seed_and_the_same_again():
    study = make_draft(n_items=5)
    make_quiz_forms(study)
    first = {(e.form.name, e.item_id): e.source for e in QuizFormItem.objects.select_related("form")}
    make_quiz_forms(study)
    assert first == {(e.form.name, e.item_id): e.source for e in QuizFormItem.objects.select_related("form")}
    assert are_forms_balanced(study)


def test_forms_that_somebody_bent_are_seen():
    study = make_draft(n_items=4)
    make_quiz_forms(study)
    entry = study.quiz_forms.first().entries.first()
    entry.source = "human" if entry.source == "model" else "model"
    entry.save()
    assert not are_forms_balanced(study)


def test_an_unready_study_is_refused_with_every_reason():
    with pytest.raises(LaunchRefusedError) as caught:
        launch_study(make_draft(), now=NOW, acknowledged=())
    topics = {finding.topic for finding in caught.value.findings}
    assert topics == {"Stimuli", "Forms"}


@pytest.mark.parametrize(
    ("recruitment", "gap"),
    [
        (
            {
                "platform": "panel",
                "completion_code": "DONE1",
                "settings": {"id_param": "r", "signature_param": "h", "secret": "BYLINE_PANEL_SECRET"},
            },
            "BYLINE_PANEL_SECRET is not set",
        ),
        ({"platform": "mturk"}, "cookies need https"),
        ({"platform": "prolific", "completion_code": "C1AB", "secure_link": True}, "https addresses only"),
        ({"platform": "prolific", "completion_code": "C1AB"}, ""),
    ],
)
def test_what_nobody_could_enter_without_refuses_the_launch(recruitment, gap):
    gaps = [finding.message for finding in review_readiness(make_draft(recruitment=recruitment))
            if finding.topic == "Platform"]  # fmt: skip
    assert len(gaps) == bool(gap)
    assert gap in "".join(gaps)


def test_launch_freezes_every_text_and_form_under_one_hash():
    study = make_launched(n_items=4)
    assert (study.state, study.launched_at) == ("launched", NOW)
    assert study.design_sha256 == hash_design(study.frozen_design)
    assert len(study.frozen_design["stimuli"]) == 4 * (1 + 3)
    assert set(study.frozen_design["forms"]) == {"A", "B"}
    assert freeze_design(study) == study.frozen_design
    with pytest.raises(FormsRefusedError, match="frozen"):
        make_quiz_forms(study)
    with pytest.raises(LaunchRefusedError, match="only a draft"):
        launch_study(study, now=NOW, acknowledged=())


def test_every_warning_is_acknowledged_by_itself_and_the_checklist_is_kept():
    study = make_draft()
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    keys = [finding.key for finding in review_readiness(study) if finding.level == "warn"]
    assert len(keys) > 2
    with pytest.raises(LaunchRefusedError, match="not acknowledged") as caught:
        launch_study(study, now=NOW, acknowledged=keys[1:])
    assert [finding.key for finding in caught.value.findings] == keys[:1]
    study.refresh_from_db()
    assert study.is_draft
    launch_study(study, now=NOW, acknowledged=keys)
    detail = AuditEntry.objects.get(act="launched").detail
    assert len(detail["warnings"]) == len(keys)
    assert {line["level"] for line in detail["checklist"]} == {"warn", "pass"}


def test_closing_is_for_launched_studies_and_happens_once():
    study = make_draft()
    assert close_study(study, now=NOW).state == "draft"
    finish_jobs(study)
    select_stimuli(study)
    make_quiz_forms(study)
    launch(study)
    close_study(study, now=NOW)
    closed = close_study(study, now=NOW + timedelta(days=1))
    assert (closed.state, closed.closed_at) == ("closed", NOW)
