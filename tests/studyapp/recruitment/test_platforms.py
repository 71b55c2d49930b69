from pathlib import Path

import pytest

from studyapp.domain import study_design
from studyapp.recruitment import PLATFORMS, Arrival, EntryError

PID, SESSION = "5f8d0c2b9a1e4d3c2b1a0f9e", "60fd8a4b2c3d4e5f6a7b8c9d"


def read(platform, **parameters):
    return PLATFORMS[platform].read_arrival(parameters)


def test_prolific_names_its_participant_and_submission():
    arrival = read("prolific", PROLIFIC_PID=PID, STUDY_ID="x", SESSION_ID=SESSION)
    assert arrival == Arrival(external_id=PID, session_id=SESSION)


def test_a_prolific_preview_stores_nothing():
    assert read("prolific", PROLIFIC_PID="{{%PROLIFIC_PID%}}").is_preview


@pytest.mark.parametrize("pid", ["", "x", PID.upper(), PID + "0", "<script>"])
def test_a_link_without_a_prolific_id_is_refused_with_what_to_do(pid):
    with pytest.raises(EntryError, match="open the study from its page on Prolific"):
        read("prolific", PROLIFIC_PID=pid)


def test_a_participant_returns_to_prolific_with_the_code_and_nothing_else():
    assert PLATFORMS["prolific"].completion_url("C1AB&x=1") == (
        "https://app.prolific.com/submissions/complete?cc=C1AB%26x%3D1"
    )


def test_an_anonymous_arrival_is_nobody_in_particular():
    assert read("anonymous", PROLIFIC_PID=PID) == Arrival()
    assert PLATFORMS["anonymous"].completion_url("X") == ""


def test_a_simulated_participant_needs_a_name():
    assert read("simulated", simulated="7").external_id == "7"
    with pytest.raises(EntryError):
        read("simulated")


def test_every_platform_a_study_can_name_has_its_module():
    assert set(study_design.PLATFORMS) == set(PLATFORMS) - {"simulated"}


def test_no_file_names_the_dead_domain_of_prolific():
    root = Path(__file__).resolve().parents[3]
    dead = "prolific" + ".co"
    for path in [*(root / "studyapp").rglob("*.py"), *(root / "studyapp").rglob("*.html")]:
        text = path.read_text()
        assert dead not in text.replace(dead + "m", ""), path
