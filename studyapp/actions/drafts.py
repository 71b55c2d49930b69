"""A draft's design is changed: all of a change or nothing, and no generated text is lost without a word."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from studyapp.actions.articles import find_missing_refs
from studyapp.actions.audit import record
from studyapp.actions.selection import select_stimuli
from studyapp.actions.study import arm_columns, describe_study, update_study
from studyapp.domain.design_changes import ChangedDesign, DesignChange, apply_change
from studyapp.domain.study_design import DesignError
from studyapp.models import Arm, Article, Candidate, ContextArticle, GenerationJob, Item, Stimulus, Study

NORMALISATION_KEY = "normalisation.rules"
REWRITE = "its texts were deleted when the design was changed; queue it again"


class DraftRefusedError(ValueError):
    """The study is no draft any more; the message says so."""


class TextsAtStakeError(ValueError):
    """The change would delete generated texts, and nobody has said that it may."""

    def __init__(self, n_texts: int) -> None:
        super().__init__(
            f"{n_texts} generated texts were written under what is changed here, and would be deleted. "
            "Nothing was changed."
        )
        self.n_texts = n_texts


@transaction.atomic
def change_draft(study: Study, change: DesignChange, *, drops_texts: bool = False) -> tuple[str, ...]:
    """Change the design of a draft; the keys that differ now, none where nothing does. Locks the study.

    Texts that were written under what is changed are deleted, where `drops_texts` says so; forms whose items or seed
    are changed are deleted too, since they are drawn anew at no cost. Where the rules of normalisation change,
    the texts that were chosen are levelled, and chosen, anew.

    Raises:
        DraftRefusedError: the study is launched or closed.
        DesignError: the design cannot be, or names articles that are not imported.
        TextsAtStakeError: texts would be deleted, and `drops_texts` is not said.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not study.is_draft:
        raise DraftRefusedError(f"The study {study.slug!r} is {study.state}; its design is frozen.")
    changed = apply_change(describe_study(study), change)
    if not changed.keys:
        return ()
    articles = changed.design.articles
    if missing := find_missing_refs([*articles.items, *articles.context]):
        raise DesignError([f"[articles] items: these articles are not imported: {', '.join(missing[:10])}"])
    at_stake = _find_outdated_jobs(study, changed)
    n_texts = Candidate.objects.filter(job__in=at_stake).count()
    if n_texts and not drops_texts:
        raise TextsAtStakeError(n_texts)
    _delete_texts(at_stake)
    if changed.outdates_forms:
        study.quiz_forms.all().delete()
    update_study(study, changed.design)
    _write_arms(study, changed)
    _write_items(study, articles.items)
    _write_context(study, articles.context)
    record(study, "changed_design", keys=list(changed.keys), deleted_texts=n_texts)
    if NORMALISATION_KEY in changed.keys and Stimulus.objects.filter(item__study=study).exists():
        select_stimuli(study)
    return changed.keys


def _find_outdated_jobs(study: Study, changed: ChangedDesign) -> Sequence[GenerationJob]:
    """The jobs whose texts were written under other settings, or that lose their arm or their item."""
    kept = [name for name in changed.was_named if name is not None]
    lost = ~Q(arm__name__in=kept) | ~Q(item__article__ref__in=changed.design.articles.items)
    return list(
        GenerationJob.objects.of_study(study.pk)
        .filter(lost | Q(arm__name__in=changed.outdated_arms))
        .select_for_update(of=("self",))
    )


def _delete_texts(jobs: Sequence[GenerationJob]) -> None:
    """Delete jobs with their texts. One that has cost money stays, empty, so that the study's budget knows of it."""
    Stimulus.objects.filter(candidate__job__in=jobs).delete()
    Candidate.objects.filter(job__in=jobs).delete()
    ids = [job.pk for job in jobs]
    GenerationJob.objects.filter(pk__in=ids, cost=0, prompt_tokens=0).delete()
    GenerationJob.objects.filter(pk__in=ids).update(state=GenerationJob.State.FAILED, claim="", error=REWRITE)


def _write_arms(study: Study, changed: ChangedDesign) -> None:
    """Bring the arms' rows to what the design says; an arm that was renamed keeps its row, and with it its texts."""
    rows = {arm.name: arm for arm in study.arms.all()}
    kept = {name for name in changed.was_named if name is not None}
    study.arms.exclude(name__in=kept).delete()
    for name in kept:  # out of the way, since names and the control are unique and may change places
        Arm.objects.filter(pk=rows[name].pk).update(name=f"~{rows[name].pk}", is_control=False)
    for position, (was, arm) in enumerate(zip(changed.was_named, changed.design.arms, strict=True)):
        columns = {"position": position, **arm_columns(arm)}
        if was is None:
            Arm.objects.create(study=study, **columns)
        else:
            Arm.objects.filter(pk=rows[was].pk).update(**columns)


def _write_items(study: Study, refs: Sequence[str]) -> None:
    study.items.exclude(article__ref__in=refs).delete()
    positions = {ref: position for position, ref in enumerate(refs)}
    rows = list(study.items.select_related("article"))
    for row in rows:
        row.position = positions[row.article.ref]
    Item.objects.bulk_update(rows, ["position"])
    there = {row.article.ref for row in rows}
    articles = Article.objects.by_ref(refs)
    Item.objects.bulk_create(
        Item(study=study, article=articles[ref], position=positions[ref]) for ref in refs if ref not in there
    )


def _write_context(study: Study, refs: Sequence[str]) -> None:
    study.context.all().delete()
    articles = Article.objects.by_ref(refs)
    ContextArticle.objects.bulk_create(
        ContextArticle(study=study, article=articles[ref], position=position) for position, ref in enumerate(refs)
    )
