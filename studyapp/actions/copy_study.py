"""A copy of a study: its design, and with it the texts, forms and choices that its rows hold."""

from typing import Any, TypeVar

from django.db import models, transaction

from studyapp.actions.study import create_study
from studyapp.domain.study_design import StudyDesign
from studyapp.models import Candidate, GenerationJob, QuizFormItem, Stimulus, Study

Row = TypeVar("Row", bound=models.Model)


@transaction.atomic
def copy_study(study: Study, *, design: StudyDesign) -> Study:
    """A new draft of `design`, with the chosen texts and the forms of `study`, whose arms and items it must have.

    Of each arm's texts the chosen candidate is copied, with the job that wrote it; what a server took for it is not
    counted twice. Locks nothing of the study that is copied: a launched one is frozen, and a draft is read in one
    transaction.
    """
    copy = create_study(design)
    items = dict(copy.items.values_list("article_id", "pk"))
    arms = dict(copy.arms.values_list("name", "pk"))
    stimuli = list(
        Stimulus.objects.filter(item__study=study).select_related("item", "arm", "candidate__job").order_by("pk")
    )
    chosen = [(s.candidate, s.arm, s) for s in stimuli if s.candidate is not None and s.arm is not None]
    jobs = GenerationJob.objects.bulk_create(
        _copy_row(
            candidate.job, item_id=items[s.item.article_id], arm_id=arms[arm.name], state=GenerationJob.State.DONE,
            claim="", cost=0, prompt_tokens=0, completion_tokens=0,
        )
        for candidate, arm, s in chosen
    )  # fmt: skip
    candidates = Candidate.objects.bulk_create(
        _copy_row(candidate, job_id=job.pk) for (candidate, _, _), job in zip(chosen, jobs, strict=True)
    )
    new = {s.pk: candidate.pk for (_, _, s), candidate in zip(chosen, candidates, strict=True)}
    Stimulus.objects.bulk_create(
        _copy_row(
            s, without=("code",), item_id=items[s.item.article_id], arm_id=arms[s.arm.name] if s.arm else None,
            candidate_id=new.get(s.pk),
        )
        for s in stimuli
    )  # fmt: skip
    _copy_forms(study, copy, items=items)
    return copy


def _copy_forms(study: Study, copy: Study, *, items: dict[int, int]) -> None:
    for form in study.quiz_forms.prefetch_related("entries__item"):
        new = _copy_row(form, study_id=copy.pk)
        new.save()
        QuizFormItem.objects.bulk_create(
            _copy_row(entry, form_id=new.pk, item_id=items[entry.item.article_id]) for entry in form.entries.all()
        )


def _copy_row(row: Row, *, without: tuple[str, ...] = (), **changes: Any) -> Row:
    """A new row, not stored yet, with all columns of another but its key, those left out and those changed."""
    kept = {
        field.attname: getattr(row, field.attname)
        for field in row._meta.concrete_fields
        if not field.primary_key and field.attname not in without
    }
    return type(row)(**{**kept, **changes})
