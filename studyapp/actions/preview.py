"""What one example participant of a cell would be shown, as rows that are never stored."""

import random
from typing import cast

from django.db.models import Q

from studyapp.actions.quiz_forms import choose_items, plan_quiz_forms
from studyapp.domain.counterbalancing import FORM_NAMES, Source, order_trials
from studyapp.domain.normalisation import normalise
from studyapp.domain.seeds import derive_seed
from studyapp.models import Arm, Item, Stimulus, Study, Trial

NO_TEXT = "(This arm has no text for this article yet: generate, then select.)"


def lay_out_trials(study: Study, *, arm: Arm, form: str) -> list[Trial]:
    """The trials of an example participant, in an order drawn from the study's seed; nothing is written.

    Before there are forms, those are taken that would be made of the items as they are.
    """
    items = {item.pk: item for item in study.items.select_related("article")}
    stored = Stimulus.objects.filter(item__study=study).filter(Q(arm=None) | Q(arm=arm))
    stimuli = {(stimulus.item_id, stimulus.source): stimulus for stimulus in stored}

    def find(item_id: int, source: Source) -> Stimulus:
        stimulus = stimuli.get((item_id, source)) or _stand_in(study, items[item_id], arm=arm, source=source)
        stimulus.item = items[item_id]
        return stimulus

    trials = []
    shown = choose_items(study, block=1) if study.quiz_forms.exists() else frozenset(list(items)[: study.items_read])
    for item_id, source in _find_sources(study, items, form=form):
        if item_id not in shown:
            continue
        if study.is_paired:
            trials.append(Trial(stimulus=find(item_id, "model"), beside=find(item_id, "human"), first=source))
        else:
            trials.append(Trial(stimulus=find(item_id, source)))
    rng = random.Random(derive_seed(study.seed, "preview", arm.name, form))
    ordered = order_trials(trials, rng=rng)
    for position, trial in enumerate(ordered, start=1):
        trial.position = position
    return ordered


def _find_sources(study: Study, items: dict[int, Item], *, form: str) -> list[tuple[int, Source]]:
    stored = study.quiz_forms.filter(name=form).first()
    if stored is not None:
        return [(entry.item_id, cast(Source, entry.source)) for entry in stored.entries.all()]
    if len(items) < len(FORM_NAMES):
        return [(item_id, "human") for item_id in items]
    _, plans = plan_quiz_forms(study, list(items.values()))
    plan = next(plan for plan in plans if plan.name == form)
    return list(zip(items, plan.sources, strict=True))


def _stand_in(study: Study, item: Item, *, arm: Arm, source: Source) -> Stimulus:
    """In place of a text that is not chosen yet."""
    text = normalise(item.article.body, rules=study.normalisation).text if source == "human" else NO_TEXT
    return Stimulus(item=item, arm=None if source == "human" else arm, text=text)
