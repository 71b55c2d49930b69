"""CloudResearch Connect: it appends its ids to the link, and is told by a copied redirect or a fixed code.

Its completion redirect is for completions only; for screen-outs it makes a second one, under *Partial Completes*.
"""

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import Adapter, Outcome, Terms, with_outcomes
from studyapp.recruitment.outcomes import read_outcomes, read_settings

_HOSTS = ("*.cloudresearch.com",)


def make(terms: Terms) -> Adapter:
    """The adapter of a study on Connect.

    Raises:
        ValueError: as "key: what is wrong".
    """
    read_settings(terms.settings, known={}, title="Connect")
    outcomes = read_outcomes(terms, own_hosts=_HOSTS, places=("id", "session", "projectId"))
    if Outcome.COMPLETE not in outcomes:
        raise ValueError(
            "completion_code: Connect needs the project's completion code, or its Redirect URL as complete in outcomes"
        )
    adapter = Adapter(
        name="connect",
        title="CloudResearch Connect",
        id_param="participantId",
        session_param="assignmentId",
        study_param="projectId",
        allowed_hosts=_HOSTS,
        entry_note="Connect appends participantId, assignmentId and projectId by itself.",
        return_hint=Sentence("Please return the project on Connect, so that your place there is free again."),
    )
    return with_outcomes(adapter, terms, outcomes)
