from dataclasses import replace

import pytest

from studyapp.domain.launch_checklist import ArmFacts, StudyFacts, check_launch, may_launch

ARM = ArmFacts(
    name="small", is_control=False, has_n_params=True, generator="checkpoint:small", stimuli=60, jobs_unfinished=0,
    flags=(), model_words=(200,) * 60,
)  # fmt: skip
CONTROL = replace(ARM, name="control", is_control=True)
READY = StudyFacts(
    state="draft", n_items=60, n_context=3, human_stimuli=60, human_words=(205,) * 60, forms_balanced=True,
    stand_in_items=0, consent="c", instructions="i", question="q", debriefing="d", estimated_minutes=30,
    reward="USD 6", contact="lab@example.org", site_url="https://study.example.org", arms=(CONTROL, ARM),
)  # fmt: skip


def find(facts, level):
    return [finding.message for finding in check_launch(facts) if finding.level == level]


def test_a_ready_study_is_neither_refused_nor_warned():
    assert may_launch(check_launch(READY))
    assert find(READY, "warn") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"state": "launched"}, "only a draft"),
        ({"n_items": 1}, "at least 2"),
        ({"consent": " "}, "consent text is empty"),
        ({"debriefing": ""}, "debriefing text is empty"),
        ({"question": ""}, "question text is empty"),
        ({"arms": ()}, "no arm"),
        ({"arms": (CONTROL, replace(ARM, jobs_unfinished=2))}, "small: 2 articles to come"),
        ({"arms": (CONTROL, replace(ARM, stimuli=58))}, "small: 2 of 60 items have no model text"),
        ({"human_stimuli": 0}, "60 items have no human text"),
        ({"forms_balanced": False}, "missing or unbalanced"),
        ({"platform_gaps": ("BYLINE_PANEL_SECRET is not set",)}, "BYLINE_PANEL_SECRET is not set"),
    ],
)
def test_what_makes_a_study_impossible_refuses_it_and_says_why(change, message):
    facts = replace(READY, **change)
    assert not may_launch(check_launch(facts))
    assert any(message in text for text in find(facts, "refuse"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_items": 25, "human_stimuli": 25}, "fewer than 50"),
        ({"n_context": 0}, "No context articles"),
        ({"arms": (ARM,)}, "No control arm"),
        ({"arms": (CONTROL, replace(ARM, has_n_params=False))}, "left out of the size curve"),
        (
            {"arms": (CONTROL, replace(ARM, flags=("unfinished", "cut_at_limit", "unfinished")))},
            "1 x cut_at_limit, 2 x unfinished",
        ),
        ({"arms": (CONTROL, replace(ARM, model_words=(180,) * 60))}, "205:180"),
        ({"contact": " "}, "nobody to write to"),
        ({"site_url": "http://localhost:8000"}, "only this machine reaches"),
        ({"stand_in_items": 60}, "machine-written stand-ins"),
    ],
)
def test_what_weakens_a_study_warns(change, message):
    assert any(message in text for text in find(replace(READY, **change), "warn"))
