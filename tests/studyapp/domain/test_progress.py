import pytest

from studyapp.domain.progress import Place, Step, find_step


@pytest.mark.parametrize(
    ("place", "step"),
    [
        (None, Step.CONSENT),
        (Place("enrolled", has_started=False, has_open_trial=True), Step.INSTRUCTIONS),
        (Place("enrolled", has_started=False, has_open_trial=True, awaits_comprehension=True), Step.INSTRUCTIONS),
        (Place("enrolled", has_started=True, has_open_trial=True, awaits_comprehension=True), Step.COMPREHENSION),
        (Place("enrolled", has_started=True, has_open_trial=True), Step.ITEM),
        (Place("enrolled", has_started=True, has_open_trial=True, awaits_attention=True), Step.ATTENTION),
        (Place("enrolled", has_started=True, has_open_trial=False, awaits_attention=True), Step.ATTENTION),
        (Place("enrolled", has_started=True, has_open_trial=False), Step.QUESTIONS),
        (Place("completed", has_started=True, has_open_trial=False), Step.DEBRIEFING),
        (Place("withdrawn", has_started=True, has_open_trial=False, awaits_comprehension=True), Step.WITHDRAWN),
        (Place("withdrawn", has_started=True, has_open_trial=False), Step.WITHDRAWN),
        (Place("dropped_out", has_started=True, has_open_trial=True), Step.DROPPED_OUT),
    ],
)
def test_a_participant_belongs_on_one_page(place, step):
    assert find_step(place) is step
