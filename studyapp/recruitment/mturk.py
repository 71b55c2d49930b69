"""MTurk, by ExternalQuestion: the pages stand in a frame of MTurk's, and the browser itself posts the completion.

MTurk appends assignmentId, hitId, workerId and turkSubmitTo to the link. A preview has no assignment yet. The form at
the end goes to MTurk's two hosts and to no other: an open turkSubmitTo would hand answers to anybody.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import Adapter, EntryError, Exit, Outcome, Terms, with_outcomes
from studyapp.recruitment.links import is_allowed
from studyapp.recruitment.outcomes import read_outcomes, read_settings

NO_ASSIGNMENT = "ASSIGNMENT_ID_NOT_AVAILABLE"
SUBMIT_HOSTS = ("www.mturk.com", "workersandbox.mturk.com")
_ID = r"[A-Za-z0-9]{1,64}"


def make(terms: Terms) -> Adapter:
    """The adapter of a study on MTurk.

    Raises:
        ValueError: as "key: what is wrong".
    """
    read_settings(terms.settings, known={}, title="MTurk")
    if "complete" in terms.outcomes:
        raise ValueError("outcomes: complete is posted to MTurk itself; leave it out")
    told = read_outcomes(terms, own_hosts=SUBMIT_HOSTS, places=("id", "session", "hitId"))
    complete = Exit(
        url_template="https://{turkSubmitTo}/mturk/externalSubmit",
        method="POST",
        fields={"assignmentId": "{session}", "outcome": "complete"},
    )
    adapter = Adapter(
        name="mturk",
        title="MTurk",
        id_param="workerId",
        session_param="assignmentId",
        study_param="hitId",
        capture=("turkSubmitTo",),
        id_shape=_ID,
        session_shape=_ID,
        preview_rule=is_preview,
        check_captured=keep_submit_host,
        allowed_hosts=SUBMIT_HOSTS,
        entry_note="Give it as the ExternalURL of an ExternalQuestion; MTurk appends its parameters by itself.",
        return_hint=Sentence("Please return the HIT on MTurk, so that somebody else can take it."),
        frame_ancestors=("https://*.mturk.com",),
    )
    return with_outcomes(adapter, terms, {**told, Outcome.COMPLETE: complete})


def is_preview(adapter: Adapter, parameters: Mapping[str, str]) -> bool:
    return parameters.get("assignmentId", "") == NO_ASSIGNMENT


def keep_submit_host(captured: dict[str, str]) -> dict[str, str]:
    """The captured parameters, with the host of turkSubmitTo in its place.

    Raises:
        EntryError: it is none of MTurk's two.
    """
    address = captured.get("turkSubmitTo", "")
    if not is_allowed(address, SUBMIT_HOSTS):
        raise EntryError(
            Sentence("This link does not say where MTurk takes the answers. Please open the HIT on MTurk again.")
        )
    return {**captured, "turkSubmitTo": urlsplit(address).hostname or ""}
