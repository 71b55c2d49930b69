"""What a participant is told at their end: the platform's code and link, never before it."""

from dataclasses import replace

from studyapp.models import Participant, PlatformIdentity
from studyapp.recruitment import SIMULATED, Arrival, Ending, choose_outcome


def find_ending(participant: Participant) -> Ending | None:
    """The end that a participant has come to, in the words of their platform; None while they are at work.

    A simulated participant has an end too, but no platform is told of it.
    """
    outcome = choose_outcome(
        status=participant.status,
        screen_out_reason=participant.screen_out_reason,
        exclusion_reasons=participant.exclusion_reasons,
    )
    if outcome is None:
        return None
    adapter = SIMULATED if participant.simulated else participant.study.adapter
    identity = PlatformIdentity.objects.filter(participant=participant).first()
    arrival = (
        Arrival(external_id=identity.external_id, session_id=identity.session_id, captured=identity.captured)
        if identity
        else Arrival()
    )
    ending = adapter.end(outcome, arrival)
    if identity is None and ending.url != adapter.end(outcome, Arrival("somebody", session_id="some-visit")).url:
        return replace(ending, url="")  # it would name them, and their id is deleted
    return ending
