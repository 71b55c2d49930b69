"""Prolific: ids come as URL parameters, and a participant returns with the code of a completion path.

Entry link to give Prolific (`prolific_id_option: url_parameters`):
https://HOST/s/STUDY/?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}
Where the study has `secure_link`, Prolific adds `prolific_token`, which `prolific_token.verify_token` reads.
"""

import re

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import Adapter, Terms, Verification, with_outcomes
from studyapp.recruitment.outcomes import read_outcomes, read_settings

_ID = r"[0-9a-f]{24}"
_HOSTS = ("app.prolific.com",)
_NAMES = ("PROLIFIC_PID", "STUDY_ID", "SESSION_ID")


def make(terms: Terms) -> Adapter:
    """The adapter of a study on Prolific.

    Raises:
        ValueError: as "key: what is wrong".
    """
    read_settings(terms.settings, known={}, title="Prolific")
    if not re.fullmatch(r"[A-Za-z0-9]{4,40}", terms.completion_code):
        raise ValueError("completion_code: Prolific needs the code of the study's completion path, as C1ABCDEF")
    adapter = Adapter(
        name="prolific",
        title="Prolific",
        id_param="PROLIFIC_PID",
        session_param="SESSION_ID",
        study_param="STUDY_ID",
        id_shape=_ID,
        session_shape=_ID,
        verify=Verification.JWT if terms.secure_link else Verification.NONE,
        proof_param="prolific_token" if terms.secure_link else "",
        allowed_hosts=_HOSTS,
        entry_query="&".join(f"{name}={{{{%{name}%}}}}" for name in _NAMES),
        entry_note="Choose “I’ll use URL parameters” on Prolific and paste the link as it is.",
        return_hint=Sentence("Please return your submission on Prolific, so that your place there is free again."),
    )
    outcomes = read_outcomes(
        terms, own_hosts=_HOSTS, code_link="https://app.prolific.com/submissions/complete?cc={code}", places=("code",)
    )
    return with_outcomes(adapter, terms, outcomes)
