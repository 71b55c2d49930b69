"""Reviewing a study's items: who has looked at which texts, which items are flagged, and taking one out of a draft."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.models import Candidate, Item, ItemFlag, ItemLook, Stimulus, Study


class ReviewRefusedError(ValueError):
    """What a reviewer asked for cannot be done; the message says why."""


@dataclass(frozen=True)
class ItemReview:
    """How far an item has come: `number` counts from 1, `looked_by` names those who read its texts as they are now."""

    item: Item
    number: int
    texts_sha256: str  # of all its versions; "" while there are none
    has_flags: bool
    lacks_text: bool
    looked_by: tuple[str, ...]

    @property
    def is_seen(self) -> bool:
        return bool(self.looked_by)


def review_items(study: Study) -> list[ItemReview]:
    """Every item of a study in its order."""
    n_versions = study.arms.count() + 1
    versions: dict[int, list[tuple[str, bool]]] = {}
    stimuli = Stimulus.objects.filter(item__study=study).order_by("item_id", "arm_id", "id")
    for item_id, sha256, flags in stimuli.values_list("item_id", "sha256", "candidate__flags"):
        versions.setdefault(item_id, []).append((sha256, bool(flags)))
    looks: dict[tuple[int, str], list[str]] = {}
    for item_id, digest, name in ItemLook.objects.filter(item__study=study).values_list(
        "item_id", "texts_sha256", "by_name"
    ):
        looks.setdefault((item_id, digest), []).append(name)
    reviews = []
    for number, item in enumerate(study.items.select_related("article", "flag__by"), start=1):
        texts = versions.get(item.pk, [])
        digest = _hash_texts(sha256 for sha256, _ in texts)
        reviews.append(
            ItemReview(
                item=item,
                number=number,
                texts_sha256=digest,
                has_flags=hasattr(item, "flag") or any(flagged for _, flagged in texts),
                lacks_text=len(texts) < n_versions,
                looked_by=tuple(looks.get((item.pk, digest), ())),
            )
        )
    return reviews


def hash_texts(item: Item) -> str:
    """The name of an item's versions as they are now, all of them together; "" while there are none."""
    stimuli = Stimulus.objects.filter(item=item).order_by("arm_id", "id")
    return _hash_texts(stimuli.values_list("sha256", flat=True))


def _hash_texts(digests: Iterable[str]) -> str:
    joined = "\n".join(sorted(digests))
    return hashlib.sha256(joined.encode()).hexdigest() if joined else ""


@transaction.atomic
def record_look(item: Item, *, texts_sha256: str, by: User, now: datetime) -> None:
    """Keep that somebody has read an item's texts; a second time changes nothing. Locks nothing.

    Raises:
        ReviewRefusedError: there are no texts yet, or they are others by now than those that were on the page.
    """
    if not texts_sha256:
        raise ReviewRefusedError("There is nothing to look at yet: generate, then select.")
    if texts_sha256 != hash_texts(item):
        raise ReviewRefusedError("The texts have changed since the page was loaded; look at them again.")
    _, is_new = ItemLook.objects.get_or_create(
        item=item, by_name=by.get_username(), texts_sha256=texts_sha256, defaults={"by": by, "at": now}
    )
    if is_new:
        record(item.study, "looked_at_texts", item=item.article.ref)


@transaction.atomic
def flag_item(item: Item, *, reason: str, by: User | None, now: datetime) -> None:
    """Say that an item's human article should not be shown, and why; a second flag replaces the first.

    Locks the study. After launch the item goes on being shown: the flag stands beside it for whoever reads the data.

    Raises:
        ReviewRefusedError: no reason is given.
    """
    if not reason.strip():
        raise ReviewRefusedError("Say why the item should not be shown.")
    study = Study.objects.select_for_update().get(pk=item.study_id)
    ItemFlag.objects.update_or_create(item=item, defaults={"reason": reason.strip()[:300], "by": by, "at": now})
    record(study, "flagged_item", reason=reason, item=item.article.ref)


@transaction.atomic
def unflag_item(item: Item) -> None:
    """Take an item's flag back; without one nothing happens. Locks the study."""
    study = Study.objects.select_for_update().get(pk=item.study_id)
    deleted, _ = ItemFlag.objects.filter(item=item).delete()
    if deleted:
        record(study, "unflagged_item", item=item.article.ref)


@transaction.atomic
def take_item_out(item: Item, *, reason: str) -> int:
    """Remove an item from a draft with the texts that were generated for it; how many texts these were.

    The article itself stays imported. Forms that were made are undone, since they no longer fit. Locks the study.

    Raises:
        ReviewRefusedError: no reason is given, or the study is no draft.
    """
    if not reason.strip():
        raise ReviewRefusedError("Say why the item is taken out.")
    study = Study.objects.select_for_update().get(pk=item.study_id)
    if not study.is_draft:
        raise ReviewRefusedError(f"The study {study.slug!r} is {study.state}; its items are frozen.")
    texts = Candidate.objects.filter(job__item=item).count()
    record(study, "took_item_out", reason=reason, item=item.article.ref, texts=texts)
    study.quiz_forms.all().delete()
    item.delete()
    return texts
