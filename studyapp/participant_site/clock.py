"""The server's clock as it goes for a participant; for a simulated one it is ahead by the time that they have read.

Only who comes by a pass that this installation signed is simulated, so nobody real can move it.
"""

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from studyapp.domain.simulated_reading import CLOCK_HEADER, read_seconds
from studyapp.models import Participant


def set_clock(request: HttpRequest, participant: Participant) -> None:
    """Let a simulated participant's time be ahead by what their request says."""
    if participant.simulated:
        participant.lead = timedelta(seconds=read_seconds(request.headers.get(CLOCK_HEADER, "")))


def read_clock(participant: Participant) -> datetime:
    """What time it is for a participant."""
    return timezone.now() + participant.lead
