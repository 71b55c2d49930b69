"""After launch: the few things that may still change, each change with a reason and written down for good."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.actions.blindness import UNBLINDED
from studyapp.actions.places import add_blocks
from studyapp.actions.study import describe_study
from studyapp.domain.deviation import CHANGEABLE, Change, DeviationRefusedError, Value, plan_changes
from studyapp.domain.study_design import DesignError, describe_design, parse_design
from studyapp.models import AuditEntry, Study

DEVIATION = "deviation"
TARGET = "targets.participants_per_cell"


@transaction.atomic
def deviate(study: Study, changes: Mapping[str, Value], *, reason: str) -> AuditEntry:
    """Change a launched or closed study, by the keys of the study file; its frozen design and hash stay.

    Locks the study.

    Raises:
        DeviationRefusedError: the study is a draft, a key may not change so, or no reason is given.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.is_draft:
        raise DeviationRefusedError({"": "The study is a draft; change it freely, nothing is frozen yet."})
    planned = plan_changes(current=read_current(study), wanted=changes, reason=reason)
    _check_design(study, planned)
    if more := sum(_count_more_places(study, change) for change in planned):
        add_blocks(study, more)
    for change in planned:
        setattr(study, CHANGEABLE[change.key].column, change.after)
    study.save(update_fields=[CHANGEABLE[change.key].column for change in planned])
    return record(study, DEVIATION, reason=reason, changes=[asdict(change) for change in planned])


def read_current(study: Study) -> dict[str, Value]:
    """What the study says now, of all that may change, by key."""
    return {key: getattr(study, rule.column) for key, rule in CHANGEABLE.items()}


def list_deviations(study: Study) -> list[dict[str, Any]]:
    """Every change after launch, the oldest first: when, what, before, after, why; not who."""
    return [
        {"at": entry.at, **change, "reason": entry.reason}
        for entry in study.audit_entries.filter(act=DEVIATION).order_by("id")
        for change in entry.detail["changes"]
    ]


def list_unblindings(study: Study) -> list[dict[str, Any]]:
    """When results were opened before the study was closed, and why; not by whom."""
    entries = study.audit_entries.filter(act=UNBLINDED).order_by("id")
    return [{"at": entry.at, "reason": entry.reason} for entry in entries]


def _count_more_places(study: Study, change: Change) -> int:
    """By how much a change raises the target of a cell."""
    if change.key != TARGET:
        return 0
    if study.state != Study.State.LAUNCHED:
        raise DeviationRefusedError({TARGET: f"the study is {study.state}; nobody can enter it any more"})
    return int(change.after or 0) - int(change.before or 0)


def _check_design(study: Study, changes: list[Change]) -> None:
    """The changed study must be one that a study file could say."""
    design = describe_design(describe_study(study))
    for change in changes:
        section, key = change.key.split(".")
        if change.after is None:
            design[section].pop(key, None)
        else:
            design[section][key] = change.after
        longest = getattr(Study._meta.get_field(CHANGEABLE[change.key].column), "max_length", None)
        if longest and len(str(change.after)) > longest:
            raise DeviationRefusedError({change.key: f"at most {longest} characters can be kept"})
    try:
        parse_design(design)
    except DesignError as error:
        raise DeviationRefusedError({"": str(error)}) from None
