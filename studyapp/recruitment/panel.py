"""Any other panel: the names of its parameters, its return links and its signature are said by the study."""

import re
from typing import Any

from studyapp.domain.sentences import Sentence
from studyapp.recruitment.adapter import Adapter, Outcome, Terms, Verification, with_outcomes
from studyapp.recruitment.outcomes import read_outcomes, read_settings

_NAME = r"[A-Za-z][A-Za-z0-9_]{0,60}"
_SETTINGS = {
    "title": r"[^\n<>]{1,60}",
    "id_param": _NAME,
    "session_param": _NAME,
    "study_param": _NAME,
    "signature_param": _NAME,
    "secret": r"BYLINE_PANEL_SECRET[A-Z0-9_]*",
}
_RESERVED = ("id", "session", "code", "simulated")
MOST_CAPTURED_NAMES = 20


def make(terms: Terms) -> Adapter:
    """The adapter of a study on a panel.

    Raises:
        ValueError: as "key: what is wrong".
    """
    settings = dict(terms.settings)
    capture = _read_capture(settings.pop("capture", []))
    said = read_settings(settings, known=_SETTINGS, title="a panel (beside capture)")
    if "id_param" not in said:
        raise ValueError("settings: a panel needs id_param, the parameter of its link that names the participant")
    if ("signature_param" in said) != ("secret" in said):
        raise ValueError("settings: signature_param and secret go together; secret names an environment variable")
    names = [said[key] for key in ("id_param", "session_param", "study_param", "signature_param") if key in said]
    if doubled := sorted({name for name in (*names, *capture) if [*names, *capture].count(name) > 1}):
        raise ValueError(f"settings: a parameter has one meaning; twice: {', '.join(doubled)}")
    places = ("id", "session", "code", *([said["study_param"]] if "study_param" in said else ()), *capture)
    outcomes = read_outcomes(terms, own_hosts=(), places=places)
    if Outcome.COMPLETE not in outcomes:
        raise ValueError("outcomes: a panel needs complete (its return link), or a completion_code to show")
    title = said.get("title", Sentence("the panel"))
    adapter = Adapter(
        name="panel",
        title=title,
        id_param=said["id_param"],
        session_param=said.get("session_param", ""),
        study_param=said.get("study_param", ""),
        capture=capture,
        verify=Verification.HMAC if "secret" in said else Verification.NONE,
        proof_param=said.get("signature_param", ""),
        secret_name=said.get("secret", ""),
        entry_query="&".join(f"{name}=[{name}]" for name in (*names, *capture)),
        entry_note="Put the panel's own placeholders in place of what stands in brackets.",
        return_hint=Sentence("Please go back to %(panel)s and say there that you did not take part.", panel=title),
    )
    return with_outcomes(adapter, terms, outcomes)


def _read_capture(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(n, str) and re.fullmatch(_NAME, n) for n in value):
        raise ValueError("settings: capture must be a list of names of parameters")
    if len(value) > MOST_CAPTURED_NAMES:
        raise ValueError(f"settings: capture can have {MOST_CAPTURED_NAMES} names, not {len(value)}")
    if taken := sorted(set(value) & set(_RESERVED)):
        raise ValueError(f"settings: capture cannot take {', '.join(taken)}, which means something else in a link")
    return tuple(value)
