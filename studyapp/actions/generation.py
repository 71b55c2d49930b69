"""Stations 2 and 3: jobs are queued, claimed by a worker, kept alive by its heartbeat, and yield candidates."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from studyapp.actions.audit import record
from studyapp.domain.article_text import count_words
from studyapp.domain.context_choice import ContextFacts, choose_context
from studyapp.domain.seeds import derive_seed
from studyapp.models import Arm, Article, Candidate, GenerationJob, Item, Study


class GenerationRefusedError(ValueError):
    """Nothing can be queued; the message says why and what to do."""


@dataclass(frozen=True)
class ArticlePrompt:
    """An earlier article as a model is told of it; `ref` is kept with what is written after it."""

    ref: str
    title: str
    subtitle: str
    body: str


@dataclass(frozen=True)
class GenerationOrder:
    """All that a worker needs to write a job's articles; `seeds` are those of the candidates still to come."""

    job_id: int
    claim: str
    generator: str
    conditioned: bool
    sampling: dict[str, float]
    title: str
    subtitle: str
    human_words: int
    human_body: str
    language: str
    fitness: dict[str, Any]
    context: tuple[ArticlePrompt, ...]
    instruction: str
    first_index: int
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class WrittenCandidate:
    """What a worker hands back for one seed."""

    seed: int
    text: str
    flags: tuple[str, ...]
    is_fit: bool
    measures: dict[str, Any]
    n_tokens: int
    seconds: float
    prompt_sha256: str
    prompt_tokens: int | None = None
    model_version: str = ""
    context: tuple[str, ...] | None = None


@transaction.atomic
def queue_jobs(study: Study) -> list[int]:
    """Make the jobs that a study's arms and items still lack; the ids of all that are to be done. Locks the study.

    Jobs that failed are queued again. Jobs that are done or running are left alone.

    Raises:
        GenerationRefusedError: the study is not a draft, has no items, or an arm says no generator.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    arms, items = list(study.arms.all()), list(study.items.all())
    _refuse_unready(study, arms, items)
    jobs = GenerationJob.objects.of_study(study.pk)
    n_before = jobs.count()
    GenerationJob.objects.bulk_create(
        (
            GenerationJob(arm=arm, item=item, candidates_wanted=study.candidates_per_article)
            for item in items
            for arm in arms
        ),
        ignore_conflicts=True,
    )
    failed = jobs.filter(state=GenerationJob.State.FAILED)
    n_again = failed.update(state=GenerationJob.State.QUEUED, error="", attempts=0)
    if (n_new := jobs.count() - n_before) or n_again:
        record(study, "queued_texts", texts=n_new, failed_ones_again=n_again, candidates=study.candidates_per_article)
    return list(jobs.filter(state=GenerationJob.State.QUEUED).values_list("id", flat=True))


@transaction.atomic
def queue_more_candidates(job: GenerationJob, *, n_more: int) -> int:
    """Ask for further candidates of a job whose candidates all fell through; returns its id. Locks the job."""
    job = (
        GenerationJob.objects.select_for_update(of=("self",))
        .select_related("arm__study", "item__article")
        .get(pk=job.pk)
    )
    job.candidates_wanted = job.candidates.count() + n_more
    job.state = GenerationJob.State.QUEUED
    job.error, job.attempts = "", 0
    job.save(update_fields=["candidates_wanted", "state", "error", "attempts"])
    record(job.arm.study, "asked_for_more", item=job.item.article.ref, arm=job.arm.name, candidates=n_more)
    return job.pk


@transaction.atomic
def claim_jobs(job_id: int, *, now: datetime, most: int = 1) -> list[GenerationOrder]:
    """Take a queued job up, and with it others that wait for the same arm, `most` in all, to be written together.

    None when it is done, gone, or another worker's. A job that has cost a worker before is taken up alone. Locks the
    jobs, and leaves alone what another worker has locked.
    """
    queued = GenerationJob.objects.filter(state=GenerationJob.State.QUEUED)
    locked = queued.select_for_update(of=("self",)).select_related("arm__study", "item__article")
    job = locked.filter(pk=job_id).first()
    if job is None:
        return []
    jobs = [job]
    if not job.attempts and not job.arm.is_served:
        others = queued.select_for_update(of=("self",), skip_locked=True).select_related("arm__study", "item__article")
        jobs += others.filter(arm=job.arm, attempts=0).exclude(pk=job_id)[: most - 1]
    for each in jobs:
        each.state = GenerationJob.State.RUNNING
        each.claim = secrets.token_hex(16)
        each.attempts += 1
        each.error = ""
        each.started_at = each.heartbeat_at = now
    GenerationJob.objects.bulk_update(jobs, ["state", "claim", "attempts", "error", "started_at", "heartbeat_at"])
    return [_build_order(each) for each in jobs]


def record_heartbeats(orders: Sequence[GenerationOrder], *, now: datetime) -> int:
    """Say that the worker lives; how many of the jobs are still its own, and are being written."""
    own = GenerationJob.objects.filter(claim__in=[order.claim for order in orders], state=GenerationJob.State.RUNNING)
    return own.update(heartbeat_at=now)


@transaction.atomic
def store_candidates(order: GenerationOrder, written: Sequence[WrittenCandidate], *, now: datetime) -> bool:
    """Store a job's texts and close it; False, and nothing written, when the job is another worker's by now.

    Locks the job. Texts are stored in the form in which any text is shown.
    """
    job = GenerationJob.objects.select_for_update().filter(pk=order.job_id, claim=order.claim).first()
    if job is None or job.state != GenerationJob.State.RUNNING:
        return False
    Candidate.objects.bulk_create(
        _build_candidate(job, order.first_index + offset, text) for offset, text in enumerate(written)
    )
    job.state = GenerationJob.State.DONE
    job.finished_at = now
    job.save(update_fields=["state", "finished_at"])
    return True


def fail_job(order: GenerationOrder, *, error: str, now: datetime) -> None:
    """Name on the row why the job failed; it is queued again by `queue_jobs`, once somebody has mended the cause."""
    own = GenerationJob.objects.filter(pk=order.job_id, claim=order.claim, state=GenerationJob.State.RUNNING)
    own.update(state=GenerationJob.State.FAILED, error=error[:5000], finished_at=now)


@transaction.atomic
def return_jobs(orders: Sequence[GenerationOrder]) -> list[int]:
    """Give jobs back that a worker which ends has not written, without counting the attempt; their ids. Locks them."""
    own = GenerationJob.objects.select_for_update().filter(claim__in=[order.claim for order in orders])
    returned = list(own.filter(state=GenerationJob.State.RUNNING))
    for job in returned:
        job.state, job.claim, job.attempts = GenerationJob.State.QUEUED, "", max(0, job.attempts - 1)
    GenerationJob.objects.bulk_update(returned, ["state", "claim", "attempts"])
    return [job.pk for job in returned]


MAX_ATTEMPTS = 5  # a job that kills its worker each time must not do so for ever


@transaction.atomic
def release_silent_jobs(*, silent_since: datetime, now: datetime) -> list[int]:
    """Put jobs back whose worker died, and return the ids that should be sent to the queue. Locks those jobs.

    A job that has killed its worker `MAX_ATTEMPTS` times is failed instead, with the reason on its row.
    """
    released = []
    for job in GenerationJob.objects.select_for_update().silent_since(silent_since, now=now):
        exhausted = job.attempts >= MAX_ATTEMPTS
        job.state = GenerationJob.State.FAILED if exhausted else GenerationJob.State.QUEUED
        job.claim = ""
        job.error = f"the worker was lost {job.attempts} times; see its log, then queue again" if exhausted else ""
        job.save(update_fields=["state", "claim", "error"])
        if not exhausted:
            released.append(job.pk)
    return released


def list_queued_jobs() -> list[int]:
    """The jobs that wait; sent again when the broker holds no message for them (it may have lost its data)."""
    return list(GenerationJob.objects.filter(state=GenerationJob.State.QUEUED).values_list("id", flat=True))


def _refuse_unready(study: Study, arms: list[Arm], items: list[Item]) -> None:
    if not study.is_draft:
        raise GenerationRefusedError(f"The study {study.slug!r} is {study.state}; its texts are frozen.")
    if not items or not arms:
        raise GenerationRefusedError("The study needs items and arms before anything can be generated.")
    if silent := [arm.name for arm in arms if not arm.generator]:
        raise GenerationRefusedError(f"These arms say no generator: {', '.join(silent)}; set checkpoint:FOLDER.")
    n_context = study.context.count()
    if wanting := [f"{arm.name} ({arm.use['shots']})" for arm in arms if arm.use.get("shots", 0) > n_context]:
        raise GenerationRefusedError(
            f"These arms want more context articles than the study has ({n_context}): {', '.join(wanting)}; "
            "choose more of them, or leave the number out for all that fit."
        )


def _build_order(job: GenerationJob) -> GenerationOrder:
    arm, article = job.arm, job.item.article
    first_index = job.candidates.count()
    return GenerationOrder(
        job_id=job.pk,
        claim=job.claim,
        generator=arm.generator,
        conditioned=arm.conditioned,
        sampling=dict(arm.sampling),
        title=article.title,
        subtitle=article.subtitle,
        human_words=article.words,
        human_body=article.body,
        language=article.language or arm.study.language,
        fitness=dict(arm.study.fitness),
        context=tuple(_build_prompt(article) for article in _choose_context(arm, article)),
        instruction=arm.use.get("instruction", ""),
        first_index=first_index,
        seeds=tuple(
            derive_seed(arm.study.seed, arm.name, article.content_hash, index)
            for index in range(first_index, job.candidates_wanted)
        ),
    )


def _choose_context(arm: Arm, article: Article) -> list[Article]:
    """The articles that stand before one in the arm's prompt, in the order of reading."""
    if not arm.conditioned:
        return []
    listed = [entry.article for entry in arm.study.context.select_related("article")]
    places = choose_context([_tell_facts(each) for each in listed], item=_tell_facts(article), rule=arm.context_rule)
    return [listed[place] for place in places]


def _tell_facts(article: Article) -> ContextFacts:
    return ContextFacts(key=article.content_hash, section=article.section, published=article.published)


def _build_prompt(article: Article) -> ArticlePrompt:
    return ArticlePrompt(ref=article.ref, title=article.title, subtitle=article.subtitle, body=article.body)


def _build_candidate(job: GenerationJob, index: int, written: WrittenCandidate) -> Candidate:
    return Candidate(
        job=job,
        index=index,
        seed=written.seed,
        text=written.text,
        words=count_words(written.text),
        flags=list(written.flags),
        is_fit=written.is_fit and bool(written.text.strip()),
        measures=written.measures,
        n_tokens=written.n_tokens,
        prompt_tokens=written.prompt_tokens,
        model_version=written.model_version[:200],
        seconds=written.seconds,
        prompt_sha256=written.prompt_sha256,
        context=None if written.context is None else list(written.context),
    )
