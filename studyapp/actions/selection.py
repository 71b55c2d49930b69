"""Station 4: from the candidates of each job the rule chooses one; human articles become stimuli alike."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.article_text import count_words
from studyapp.domain.candidate_choice import CandidateLength, choose_candidate
from studyapp.domain.normalisation import VERSION, Normalised, normalise
from studyapp.models import Arm, Candidate, GenerationJob, Item, Stimulus, Study


class SelectionRefusedError(ValueError):
    """The texts of the study can no longer be changed, or a rejection says no reason."""


@dataclass(frozen=True)
class SelectionOutcome:
    """What came of a selection; `unserved` names jobs whose candidates are all unfit or rejected."""

    chosen: int
    unserved: tuple[int, ...]


@transaction.atomic
def select_stimuli(study: Study) -> SelectionOutcome:
    """Make every stimulus that a study can have by now, human and model, normalised alike by the study's rules.

    Safe to run again. Locks the study.
    """
    study = _lock_draft(study)
    for item in study.items.select_related("article"):
        _write_stimulus(item, normalise(item.article.body, rules=study.normalisation))
    unserved = []
    chosen = 0
    for job in _finished_jobs(study):
        if _choose_for_job(job):
            chosen += 1
        else:
            unserved.append(job.pk)
    record(study, "selected_texts", chosen=chosen, unserved=len(unserved))
    return SelectionOutcome(chosen=chosen, unserved=tuple(unserved))


@transaction.atomic
def reject_candidate(candidate: Candidate, *, reason: str, by: AbstractBaseUser | None, now: datetime) -> bool:
    """Set a candidate aside with a reason; the rule picks the next. False when no fit one is left. Locks the study.

    Raises:
        SelectionRefusedError: no reason is given, or the study is no draft.
    """
    if not reason.strip():
        raise SelectionRefusedError("Say why the text is rejected; nothing is rejected by taste alone.")
    job = GenerationJob.objects.select_related("arm__study", "item__article").get(pk=candidate.job_id)
    _lock_draft(job.arm.study)
    Candidate.objects.filter(pk=candidate.pk).update(
        rejected_reason=reason.strip()[:300], rejected_by=by, rejected_at=now
    )
    record(job.arm.study, "rejected_candidate", reason=reason, **_name_candidate(candidate, job))
    return _choose_for_job(job)


@transaction.atomic
def restore_candidate(candidate: Candidate) -> None:
    """Take a rejection back; the rule chooses again, as if it had not been. Locks the study.

    Raises:
        SelectionRefusedError: the study is no draft.
    """
    job = GenerationJob.objects.select_related("arm__study", "item__article").get(pk=candidate.job_id)
    _lock_draft(job.arm.study)
    Candidate.objects.filter(pk=candidate.pk).update(rejected_reason="", rejected_by=None, rejected_at=None)
    record(job.arm.study, "restored_candidate", **_name_candidate(candidate, job))
    _choose_for_job(job)


def _lock_draft(study: Study) -> Study:
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not study.is_draft:
        raise SelectionRefusedError(f"The study {study.slug!r} is {study.state}; its texts are frozen.")
    return study


def _name_candidate(candidate: Candidate, job: GenerationJob) -> dict[str, Any]:
    return {"item": job.item.article.ref, "arm": job.arm.name, "candidate": candidate.index + 1}


def _finished_jobs(study: Study) -> list[GenerationJob]:
    return list(
        GenerationJob.objects.of_study(study.pk)
        .filter(state=GenerationJob.State.DONE)
        .select_related("arm__study", "item__article")
        .prefetch_related("candidates")
    )


def _choose_for_job(job: GenerationJob) -> bool:
    """Write the stimulus of the candidate that the rule chooses; drop it and return False when none is left.

    Lengths are those of the texts as they would be shown.
    """
    rules = job.arm.study.normalisation
    fit = {candidate.index: candidate for candidate in job.candidates.fit_to_choose()}
    shown = {index: normalise(candidate.text, rules=rules) for index, candidate in fit.items()}
    choice = choose_candidate(
        human_words=count_words(normalise(job.item.article.body, rules=rules).text),
        candidates=[CandidateLength(index, count_words(text.text)) for index, text in shown.items()],
    )
    if choice is None:
        Stimulus.objects.filter(item=job.item, arm=job.arm).delete()
        return False
    _write_stimulus(job.item, shown[choice.index], arm=job.arm, candidate=fit[choice.index])
    return True


def _write_stimulus(
    item: Item, normalised: Normalised, *, arm: Arm | None = None, candidate: Candidate | None = None
) -> None:
    text = normalised.text
    Stimulus.objects.update_or_create(
        item=item,
        arm=arm,
        defaults={
            "candidate": candidate,
            "text": text,
            "words": count_words(text),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "normalised": list(normalised.rules),
            "normalisation_version": VERSION,
        },
    )
