"""SONA: a code of the sign-up comes with the link, and the credit is granted by a link back that carries it."""

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import Adapter, Exit, Outcome, Terms, with_outcomes
from studyapp.recruitment.links import check_host, is_allowed
from studyapp.recruitment.outcomes import read_outcomes, read_settings

_HOSTS = ("*.sona-systems.com",)
_SETTINGS = {"host": r"[a-z0-9.-]{4,200}", "experiment_id": r"[0-9]{1,12}", "credit_token": r"[A-Za-z0-9]{1,80}"}


def make(terms: Terms) -> Adapter:
    """The adapter of a study on SONA.

    Raises:
        ValueError: as "key: what is wrong".
    """
    said = read_settings(terms.settings, known=_SETTINGS, title="SONA")
    if missing := [name for name in _SETTINGS if name not in said]:
        raise ValueError(f"settings: SONA needs {', '.join(missing)}; its page of the study shows the completion URL")
    if terms.completion_code or "complete" in terms.outcomes:
        raise ValueError("completion_code: SONA has none; a completion is told by the credit link from settings")
    try:
        root = f"https://{check_host(said['host'])}"
    except ValueError as error:
        raise ValueError(f"settings: host {error}") from None
    if not is_allowed(root, (*_HOSTS, *terms.hosts)):
        raise ValueError(f"settings: host {said['host']} is none of SONA's; list it in hosts if it is your own name")
    outcomes = read_outcomes(terms, own_hosts=_HOSTS, places=("id",))
    credit = (
        f"{root}/webstudy_credit.aspx?experiment_id={said['experiment_id']}"
        f"&credit_token={said['credit_token']}&survey_code={{id}}"
    )
    adapter = Adapter(
        name="sona",
        title="SONA",
        id_param="survey_code",
        id_shape=r"[0-9]{2,7}",
        allowed_hosts=_HOSTS,
        entry_query="survey_code=%SURVEY_CODE%",
        entry_note="Paste the link as it is into the study's URL on SONA, which puts the sign-up's code in.",
        return_hint=Sentence("You can cancel your sign-up on SONA."),
    )
    return with_outcomes(adapter, terms, {Outcome.COMPLETE: Exit(url_template=credit), **outcomes})
