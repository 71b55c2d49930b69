"""The ends that a study declares for its platform, and which of them a participation has come to."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from studyapp.recruitment.adapter import Exit, Outcome, Terms
from studyapp.recruitment.links import check_host, check_link, fill_link

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,39}")
FAILED_BY = ("internet_check", "attention")  # exclusion rules that are checks one can fail; no other rule ends so
SCREEN_OUTS = {"device": Outcome.DEVICE, "error": Outcome.ERROR}  # reasons that a platform has an end of its own for


def choose_outcome(*, status: str, screen_out_reason: str, exclusion_reasons: Sequence[str]) -> Outcome | None:
    """The end that a participation has come to; None while it goes on, and where it was withdrawn.

    Somebody whose place was given away while they were away meets a full quota. A failed check is an end of its own,
    which is paid: answers are left out of the analysis, and no payment is refused for them. What panels allow as no
    ground at all (the questions about the instructions, what somebody said of themselves, how fast or how they
    answered) ends as every completion does.
    """
    if status == "screened_out":
        return SCREEN_OUTS.get(screen_out_reason, Outcome.SCREEN_OUT)
    if status == "dropped_out":
        return Outcome.QUOTA_FULL
    if status != "completed":
        return None
    failed = any(reason in FAILED_BY for reason in exclusion_reasons)
    return Outcome.FAILED_CHECKS if failed else Outcome.COMPLETE


def read_outcomes(
    terms: Terms, *, own_hosts: tuple[str, ...], code_link: str = "", places: Sequence[str] = ()
) -> dict[Outcome, Exit]:
    """The ends of a study, each written as a code or as a link.

    `code_link` is the platform's own address for a code (with the place `{code}`), where it has one.

    Raises:
        ValueError: as "key: what is wrong".
    """
    for host in terms.hosts:
        _name_fault("hosts", check_host, host)
    known = [outcome.value for outcome in Outcome]
    ends: dict[Outcome, Exit] = {}
    for name, value in terms.outcomes.items():
        if name not in known:
            raise ValueError(f"outcomes: there is no {name!r}; choose from {', '.join(known)}")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"outcomes: {name} must be a code or a link, in quotes")
        ends[Outcome(name)] = _read_exit(name, value, hosts=(*own_hosts, *terms.hosts), places=places)
    if terms.completion_code:
        link = ends.pop(Outcome.COMPLETE, Exit()).url_template
        code = _read_code("completion_code", terms.completion_code)
        ends = {Outcome.COMPLETE: Exit(code=code, url_template=link), **ends}
    if code_link:
        ends = {
            name: end if end.url_template else Exit(code=end.code, url_template=code_link) for name, end in ends.items()
        }
    _refuse_twins(ends)
    return ends


def read_settings(settings: Mapping[str, Any], *, known: Mapping[str, str], title: str) -> dict[str, str]:
    """The platform's own settings, each a text of the shape that `known` gives for it.

    Raises:
        ValueError: one is unknown, or is not of its shape.
    """
    for name, value in settings.items():
        if name not in known:
            there = f"; {title} has {', '.join(known)}" if known else f"; {title} has none"
            raise ValueError(f"settings: there is no {name!r}{there}")
        if not isinstance(value, str) or not re.fullmatch(known[name], value):
            raise ValueError(f"settings: {name} is {value!r}, which is not of the form {known[name]}")
    return dict(settings)


def _read_exit(name: str, value: str, *, hosts: Sequence[str], places: Sequence[str]) -> Exit:
    if ":" not in value and "/" not in value:
        return Exit(code=_read_code(f"outcomes: {name}", value))
    try:
        return Exit(url_template=check_link(value, hosts=hosts, places=places))
    except ValueError as error:
        raise ValueError(f"outcomes: {name} {error}") from None


def _read_code(key: str, value: str) -> str:
    if not CODE.fullmatch(value):
        raise ValueError(f"{key}: {value!r} is no code; write letters and digits, from 3 to 40, as C1ABCDEF")
    return value


def _refuse_twins(ends: Mapping[Outcome, Exit]) -> None:
    """No other end may be told as the completion is: it would be paid as one."""
    complete = ends.get(Outcome.COMPLETE, Exit())
    link = fill_link(complete.url_template, {"code": complete.code})
    for name, end in ends.items():
        same_code = complete.code and end.code == complete.code
        same_link = link and fill_link(end.url_template, {"code": end.code}) == link
        if name is not Outcome.COMPLETE and (same_code or same_link):
            raise ValueError(f"outcomes: {name} is the same as that of a completion; it needs one of its own")


def _name_fault(key: str, check: Any, value: str) -> None:
    try:
        check(value)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
