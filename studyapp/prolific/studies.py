"""A study of ours and its counterpart on Prolific: found, drafted, published, paused, read."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse

from studyapp.actions import prolific as actions
from studyapp.actions.audit import record
from studyapp.domain.prolific_draft import DraftWish, describe_draft, find_misfits, name_internally
from studyapp.domain.prolific_records import STUDY_TRANSITIONS, StudyRecord
from studyapp.models import ProlificStudy, Study
from studyapp.prolific.client import ProlificClient
from studyapp.prolific.transport import OutcomeUnknownError, ProlificError, RefusedError
from studyapp.recruitment import Outcome


class NotNowError(ValueError):
    """It cannot be asked of Prolific as things are; the message says why."""


CODE_TYPES = {  # Prolific takes a type of our own words beside its own
    Outcome.NO_CONSENT: "NO_CONSENT",
    Outcome.SCREEN_OUT: "SCREENED_OUT",
    Outcome.QUOTA_FULL: "QUOTA_FULL",
    Outcome.FAILED_CHECKS: "FAILED_ATTENTION_CHECK",
    Outcome.DEVICE: "INCOMPATIBLE_DEVICE",
    Outcome.ERROR: "TECHNICAL_ERROR",
}


def find_entry_url(study: Study) -> str:
    """Where participants enter, without the parameters that Prolific fills in."""
    return f"{settings.SITE_URL}{reverse('rater:enter', args=[study.slug])}"


def list_codes(study: Study) -> dict[str, str]:
    """The study's codes by Prolific's code type; an end that it tells by a link alone has none."""
    declared = study.adapter.outcomes
    codes = {
        CODE_TYPES[outcome]: told.code for outcome, told in declared.items() if outcome in CODE_TYPES and told.code
    }
    return {**codes, "COMPLETED": study.completion_code}


def create_draft(client: ProlificClient, study: Study, wish: DraftWish, *, now: datetime) -> ProlificStudy:
    """Make a draft on Prolific, or link the one that an earlier attempt made.

    Raises:
        AlreadyLinkedError, NotNowError: it cannot be made; nothing was asked of Prolific.
        OutcomeUnknownError: it may have been made; `find_draft` looks.
        ProlificError: it was not made.
    """
    try:
        body = describe_draft(wish, slug=study.slug, entry_url=find_entry_url(study), codes=list_codes(study))
    except ValueError as error:
        raise NotNowError(f"No draft was made: {error}") from None
    link = actions.begin_link(study, now=now)
    try:
        known = client.find_studies(internal_name=name_internally(study.slug))
    except ProlificError as error:
        actions.drop_unmade_link(link)
        raise RefusedError(f"No draft was made: {error}") from None
    if known:
        return actions.finish_link(link, known[-1], act="linked_prolific_study", now=now)
    try:
        made = client.create_draft(body)
    except OutcomeUnknownError:
        raise
    except ProlificError:
        actions.drop_unmade_link(link)
        raise
    return actions.finish_link(link, made, act="drafted_prolific_study", now=now)


def find_draft(client: ProlificClient, link: ProlificStudy, *, now: datetime) -> ProlificStudy | None:
    """After an unknown outcome: link the draft if it is there; without one, make room for another attempt."""
    known = client.find_studies(internal_name=name_internally(link.study.slug))
    if known:
        return actions.finish_link(link, known[-1], act="drafted_prolific_study", now=now)
    actions.drop_unmade_link(link)
    return None


def link_study(client: ProlificClient, study: Study, remote_id: str, *, now: datetime) -> ProlificStudy:
    """Link a study that was made on Prolific's own pages.

    Raises:
        AlreadyLinkedError, ProlificError: it was not linked.
    """
    remote = client.get_study(remote_id)
    link = actions.begin_link(study, now=now)
    try:
        linked = actions.finish_link(link, remote, act="linked_prolific_study", now=now)
    except actions.AlreadyLinkedError:
        actions.drop_unmade_link(link)
        raise
    _store(linked, remote, cost=None)
    return linked


def read_study(client: ProlificClient, link: ProlificStudy) -> None:
    """Store how the study on Prolific stands, and what it has cost."""
    remote = client.get_study(link.remote_id)
    try:
        cost = client.get_cost(link.remote_id)
    except ProlificError:
        cost = None  # told by the study itself, if less exactly
    _store(link, remote, cost=cost)


def transition(client: ProlificClient, link: ProlificStudy, action: str) -> str:
    """Publish, pause, start or stop; the status that Prolific shows afterwards.

    Raises:
        NotNowError: it cannot be asked for now.
        ProlificError: it was not done, or it cannot be told.
    """
    _check_transition(link, action)
    record(link.study, f"asked_prolific_to_{action.lower()}", places=link.places, reward=link.reward)
    try:
        remote = client.transition_study(link.remote_id, action)
    except OutcomeUnknownError:
        remote = client.get_study(link.remote_id)  # reading tells what became of it
    _store(link, remote, cost=None)
    return remote.status


def _check_transition(link: ProlificStudy, action: str) -> None:
    if action not in STUDY_TRANSITIONS:
        raise NotNowError(f"There is no {action!r}; choose from {', '.join(STUDY_TRANSITIONS)}.")
    if link.status not in STUDY_TRANSITIONS[action]:
        raise NotNowError(f"A study that is {link.status} on Prolific cannot {action.lower()}.")
    if action in ("PUBLISH", "START") and link.study.state != Study.State.LAUNCHED:
        raise NotNowError("Launch the study here first: participants would find a closed door.")


def _store(link: ProlificStudy, remote: StudyRecord, *, cost: int | None) -> None:
    study = link.study
    misfits = find_misfits(remote, entry_url=find_entry_url(study), codes=list_codes(study))
    actions.store_study(link, remote, misfits=misfits, cost=cost)
