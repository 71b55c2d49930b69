"""Station 5: forms A and B of a study."""

import random
from collections.abc import Sequence

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.counterbalancing import FORM_NAMES, FormPlan, Pool, choose_titles, plan_forms
from studyapp.domain.seeds import derive_seed
from studyapp.models import Item, QuizForm, QuizFormItem, Study


class FormsRefusedError(ValueError):
    """Forms cannot be made; the message says why."""


@transaction.atomic
def make_quiz_forms(study: Study) -> list[QuizForm]:
    """Draw forms A and B from the study's seed, anew if they are there; the same items give the same forms.

    Locks the study.

    Raises:
        FormsRefusedError: the study is not a draft, or has fewer than two items.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    if not study.is_draft:
        raise FormsRefusedError(f"The study {study.slug!r} is {study.state}; its forms are frozen.")
    items = list(study.items.select_related("article"))
    if len(items) < 2:
        raise FormsRefusedError(f"The study has {len(items)} items; two forms need at least 2.")
    seed, plans = plan_quiz_forms(study, items)
    study.quiz_forms.all().delete()
    forms = []
    for plan in plans:
        form = QuizForm.objects.create(study=study, name=plan.name, seed=seed)
        QuizFormItem.objects.bulk_create(
            QuizFormItem(form=form, item=item, source=source) for item, source in zip(items, plan.sources, strict=True)
        )
        forms.append(form)
    record(study, "made_forms", seed=seed)
    return forms


def choose_items(study: Study, *, block: int) -> frozenset[int]:
    """The items (by id) that the participants of a block are shown: all of them, or as many as the study says."""
    on_a = QuizFormItem.objects.filter(form__study=study, form__name="A").order_by("item__position")
    sources = dict(on_a.values_list("item_id", "source"))
    if study.items_shown is None:
        return frozenset(sources)
    halves = [tuple(item for item, s in sources.items() if s == source) for source in ("human", "model")]
    first, second = sorted(halves, key=len, reverse=True)
    return choose_titles(Pool(first, second, shown=study.items_shown), seed=study.seed, block=block)


def plan_quiz_forms(study: Study, items: Sequence[Item]) -> tuple[int, tuple[FormPlan, FormPlan]]:
    """The seed of a study's forms, which follows from its items, and the forms that it draws."""
    seed = derive_seed(study.seed, "forms", *(item.article.content_hash for item in items))
    return seed, plan_forms(n_items=len(items), rng=random.Random(seed))


def are_forms_balanced(study: Study) -> bool:
    """True when both forms cover every item, mirror each other, and are half human within one."""
    items = set(study.items.values_list("id", flat=True))
    sources = {
        form.name: {entry.item_id: entry.source for entry in form.entries.all()}
        for form in study.quiz_forms.prefetch_related("entries")
    }
    if set(sources) != set(FORM_NAMES) or any(set(entries) != items for entries in sources.values()):
        return False
    form_a, form_b = (sources[name] for name in FORM_NAMES)
    mirrored = all(form_a[item] != form_b[item] for item in items)
    halved = all(
        abs(2 * sum(source == "human" for source in entries.values()) - len(items)) <= 1 for entries in (form_a, form_b)
    )
    return mirrored and halved
