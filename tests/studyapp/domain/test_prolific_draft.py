"""The draft that Prolific gets, and what of a study there would send people wrong."""

import pytest

from studyapp.domain.prolific_draft import DraftWish, compute_maximum_minutes, describe_draft, find_misfits
from studyapp.domain.prolific_records import StudyRecord

WISH = DraftWish(name="Who?", description="Read.", places=18, minutes=30, reward=450)
ENTRY = "https://study.example.org/s/pilot/"


@pytest.mark.parametrize(("minutes", "least"), [(1, 6), (4, 14), (30, 73), (60, 138)])
def test_the_maximum_time_follows_the_formula(minutes, least):
    # 2 + 2t + 2·√t by hand: 6; 14; 62 + 10.95 = 72.95; 122 + 15.49 = 137.49
    assert compute_maximum_minutes(minutes) == least


def test_a_draft_sends_people_to_us_with_their_ids_and_rejects_nobody():
    codes = {
        "COMPLETED": "C1A2B3",
        "NO_CONSENT": "NC0001",
        "SCREENED_OUT": "SO0001",
        "FAILED_ATTENTION_CHECK": "FA0001",
    }
    body = describe_draft(WISH, slug="pilot", entry_url=ENTRY, codes=codes)
    assert body["external_study_url"] == (
        ENTRY + "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )
    assert body["prolific_id_option"] == "url_parameters"
    actions = {code["code_type"]: code["actions"][0]["action"] for code in body["completion_codes"]}
    assert actions == {
        "COMPLETED": "MANUALLY_REVIEW",
        "NO_CONSENT": "REQUEST_RETURN",
        "SCREENED_OUT": "REQUEST_RETURN",
        "FAILED_ATTENTION_CHECK": "MANUALLY_REVIEW",
    }
    assert "REJECT" not in str(body)
    assert (body["reward"], body["maximum_allowed_time"], body["total_available_places"]) == (450, 73, 18)


@pytest.mark.parametrize(
    ("codes", "fault"),
    [({}, "no completion code"), ({"COMPLETED": "A", "NO_CONSENT": "A"}, "each outcome needs a code of its own")],
)
def test_a_draft_without_codes_that_tell_apart_is_refused(codes, fault):
    with pytest.raises(ValueError, match=fault):
        describe_draft(WISH, slug="pilot", entry_url=ENTRY, codes=codes)


@pytest.mark.parametrize("change", [{"places": 0}, {"minutes": 0}, {"reward": 0}, {"name": " "}])
def test_a_wish_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=":"):
        DraftWish(**{**vars(WISH), **change})


@pytest.mark.parametrize(
    ("url", "codes", "misfits"),
    [
        (ENTRY + "?PROLIFIC_PID={{%PROLIFIC_PID%}}&SESSION_ID={{%SESSION_ID%}}", {"COMPLETED": "C1"}, []),
        ("https://elsewhere.example/", {"COMPLETED": "C1"}, ["leads to https://elsewhere"]),
        (ENTRY + "?PROLIFIC_PID={{%PROLIFIC_PID%}}", {"OTHER": "C1"}, ["SESSION_ID"]),
        (ENTRY + "?PROLIFIC_PID={{%PROLIFIC_PID%}}&SESSION_ID={{%SESSION_ID%}}", {}, ["code for COMPLETED"]),
    ],
)
def test_a_study_that_was_made_by_hand_is_checked(url, codes, misfits):
    remote = StudyRecord(study_id="1", name="n", status="UNPUBLISHED", external_study_url=url, codes=codes)
    found = find_misfits(remote, entry_url=ENTRY, codes={"COMPLETED": "C1"})
    assert len(found) == len(misfits)
    assert all(word in text for word, text in zip(misfits, found, strict=True))
