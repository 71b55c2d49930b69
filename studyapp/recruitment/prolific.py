"""Prolific: ids come as URL parameters, and a participant returns with the study's completion code.

Entry link to give Prolific (`prolific_id_option: url_parameters`):
https://HOST/s/STUDY/?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}
"""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from studyapp.recruitment.entry import Arrival, EntryError, Platform

_ID = re.compile(r"[0-9a-f]{24}")
_MISSING_ID = (
    "This link carries no Prolific ID. Please open the study from its page on Prolific again; "
    "if that does not help, write to the researchers there."
)


def read_arrival(parameters: Mapping[str, str]) -> Arrival:
    """Who came from Prolific; the unreplaced placeholders of a researcher's preview are a preview.

    Raises:
        EntryError: the participant's id is missing or is none.
    """
    participant_id = parameters.get("PROLIFIC_PID", "").strip()
    if "{{%" in participant_id:
        return Arrival(is_preview=True)
    if not _ID.fullmatch(participant_id):
        raise EntryError(_MISSING_ID)
    session_id = parameters.get("SESSION_ID", "").strip()
    return Arrival(external_id=participant_id, session_id=session_id if _ID.fullmatch(session_id) else "")


def completion_url(completion_code: str) -> str:
    return "https://app.prolific.com/submissions/complete?" + urlencode({"cc": completion_code})


PLATFORM = Platform("prolific", ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"), read_arrival, completion_url)
