"""Launching freezes stations 1 to 5; closing ends 6 and 7."""

from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Avg

from studyapp.actions.audit import record
from studyapp.actions.places import lay_down_places
from studyapp.actions.quiz_forms import are_forms_balanced
from studyapp.actions.review import review_items
from studyapp.actions.rival_studies import find_unknown
from studyapp.actions.study import describe_study
from studyapp.domain.allocation_checks import AllocationFacts, check_allocation
from studyapp.domain.launch_checklist import (
    ArmFacts,
    Finding,
    StudyFacts,
    TextPair,
    check_launch,
    find_unacknowledged,
    may_launch,
)
from studyapp.domain.normalisation import VERSION
from studyapp.domain.protocol_checks import ProtocolFacts, check_protocol
from studyapp.domain.study_design import describe_design, hash_design
from studyapp.domain.tuning_costs import check_tuning, read_costs
from studyapp.given_secrets import read_secret
from studyapp.model_files.checkpoints import read_tuning
from studyapp.models import Arm, GenerationJob, ItemFlag, Stimulus, Study
from studyapp.recruitment import Verification
from studyapp.spoken import has_catalogue


class LaunchRefusedError(ValueError):
    """The study is not ready, or a warning was not acknowledged; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        said = "; ".join(finding.message for finding in findings)
        unread = "" if any(finding.level == "refuse" for finding in findings) else "not acknowledged: "
        super().__init__(unread + said)
        self.findings = findings


def review_readiness(study: Study) -> list[Finding]:
    """The launch checklist of a study as it stands."""
    return [
        *check_launch(_gather_facts(study)),
        *_check_tuning(study),
        *check_allocation(_gather_allocation(study)),
        *check_protocol(_gather_protocol(study)),
    ]


@transaction.atomic
def launch_study(study: Study, *, now: datetime, acknowledged: Collection[str]) -> Study:
    """Freeze the design under its SHA-256, lay every place down, and open the study. Locks the study.

    `acknowledged` are the keys of the warnings that were read and accepted, one by one; the whole checklist is kept in
    the audit log.

    Raises:
        LaunchRefusedError: a finding of the checklist refuses it, or a warning was not acknowledged.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    findings = review_readiness(study)
    if not may_launch(findings):
        raise LaunchRefusedError([finding for finding in findings if finding.level == "refuse"])
    if unread := find_unacknowledged(findings, acknowledged):
        raise LaunchRefusedError(unread)
    study.frozen_design = freeze_design(study)
    study.design_sha256 = hash_design(study.frozen_design)
    study.state = Study.State.LAUNCHED
    study.launched_at = now
    study.save(update_fields=["frozen_design", "design_sha256", "state", "launched_at"])
    warnings = [f"{finding.topic}: {finding.message}" for finding in findings if finding.level == "warn"]
    record(
        study,
        "launched",
        design_sha256=study.design_sha256,
        places=lay_down_places(study),
        warnings=warnings,
        checklist=[asdict(finding) for finding in findings],
    )
    return study


@transaction.atomic
def close_study(study: Study, *, now: datetime) -> Study:
    """End a launched study: nobody enters any more, those at work may finish. Locks the study; twice does nothing."""
    study = Study.objects.select_for_update().get(pk=study.pk)
    if study.state == Study.State.LAUNCHED:
        study.state = Study.State.CLOSED
        study.closed_at = now
        study.save(update_fields=["state", "closed_at"])
        record(study, "closed")
    return study


def freeze_design(study: Study) -> dict[str, Any]:
    """The design with everything that it came to: texts by their hash, forms, versions of rules and software."""
    stimuli = Stimulus.objects.filter(item__study=study).select_related("item__article", "arm", "candidate")
    return {
        **describe_design(describe_study(study)),
        "software_version": version("byline"),
        "normalisation_version": VERSION,
        "article_sha256": {
            entry.article.ref: entry.article.content_hash
            for rows in (study.items, study.context)
            for entry in rows.select_related("article")
        },
        "stimuli": [
            {
                "item": stimulus.item.article.ref,
                "arm": stimulus.arm.name if stimulus.arm else None,
                "sha256": stimulus.sha256,
                "seed": stimulus.candidate.seed if stimulus.candidate else None,
            }
            for stimulus in stimuli
        ],
        "forms": {
            form.name: {entry.item.article.ref: entry.source for entry in form.entries.select_related("item__article")}
            for form in study.quiz_forms.all()
        },
    }


def _gather_facts(study: Study) -> StudyFacts:
    human = dict(Stimulus.objects.filter(item__study=study, arm=None).values_list("item_id", "text"))
    reviews, time = review_items(study), study.estimate_time()
    return StudyFacts(
        state=study.state,
        language=study.language,
        n_items=len(reviews),
        n_context=study.context.count(),
        human_stimuli=len(human),
        forms_balanced=are_forms_balanced(study),
        stand_in_items=study.items.filter(article__stand_in=True).count(),
        items_looked_at=sum(review.is_seen for review in reviews),
        items_flagged=ItemFlag.objects.filter(item__study=study).count(),
        consent=study.consent_text,
        instructions=study.instructions_text,
        question=study.question_text,
        debriefing=study.debriefing_text,
        participants_per_cell=study.participants_per_cell,
        platform=study.platform,
        estimated_minutes=study.estimated_minutes,
        reward=study.reward,
        minutes_needed=time.total if time else None,
        contact=study.contact,
        site_url=settings.SITE_URL,
        stimuli_of_older_rules=_count_older_stimuli(study),
        arms=tuple(_gather_arm_facts(arm, human=human) for arm in study.arms.all()),
        further_texts=tuple(study.list_further_texts()),
        languages_unspoken=tuple(language for language in study.languages if not has_catalogue(language)),
        protection_missing=tuple(study.protection.list_missing(has_ids=study.names_people)),
        platform_gaps=tuple(_find_platform_gaps(study)),
    )


def _check_tuning(study: Study) -> Iterator[Finding]:
    """What fine-tuning did to the arms' models, where it was measured and lies on this machine."""
    for arm in study.arms.all():
        costs = read_costs(read_tuning(arm.generator))
        if costs is not None:
            yield check_tuning(arm.name, costs)


def _count_older_stimuli(study: Study) -> int:
    """A copy has the texts of its study, whenever they were made."""
    older = Stimulus.objects.filter(item__study=study).exclude(normalisation_version=VERSION)
    return 0 if study.is_rehearsal else older.count()


def _gather_allocation(study: Study) -> AllocationFacts:
    return AllocationFacts(
        n_items=study.items.count(),
        shown=study.items_shown,
        per_cell={arm.name: arm.target_per_cell for arm in study.arms.select_related("study")},
        unknown_studies=find_unknown(study),
    )


def _gather_protocol(study: Study) -> ProtocolFacts:
    words = Stimulus.objects.filter(item__study=study).aggregate(mean=Avg("words"))["mean"] or 0.0
    return ProtocolFacts(
        check_places=tuple(asked.after for asked in study.attention_questions),
        items_read=study.items_read,
        exclusion_rules=tuple(study.exclusion_rules),
        estimated_minutes=study.estimated_minutes,
        pace=study.pace,
        words=words * (2 if study.is_paired else 1),
    )


def _find_platform_gaps(study: Study) -> Iterator[str]:
    """What this installation lacks for the study's platform."""
    adapter, is_https = study.adapter, settings.SITE_URL.startswith("https://")
    if adapter.secret_name and not read_secret(adapter.secret_name):
        yield f"{adapter.secret_name} is not set in the environment, so that no link of the panel could be checked."
    if adapter.frame_ancestors and not is_https:
        yield f"{adapter.title} shows pages in a frame, where cookies need https: see docs/recruitment.md."
    if adapter.verify is Verification.JWT and not is_https:
        yield f"{adapter.title} signs links to https addresses only; BYLINE_SITE_URL is {settings.SITE_URL}."


def _gather_arm_facts(arm: Arm, *, human: dict[int, str]) -> ArmFacts:
    stimuli = list(arm.stimuli.select_related("candidate"))
    return ArmFacts(
        name=arm.name,
        is_control=arm.is_control,
        n_params=arm.n_params,
        generator=arm.generator,
        stimuli=len(stimuli),
        jobs_unfinished=arm.jobs.exclude(state=GenerationJob.State.DONE).count(),
        flags=tuple(flag for stimulus in stimuli if stimulus.candidate for flag in stimulus.candidate.flags),
        pairs=tuple(_pair(stimulus, human[stimulus.item_id]) for stimulus in stimuli if stimulus.item_id in human),
        shots=arm.use.get("shots"),
        short_of_shots=sum(_lacks_context(stimulus, shots=arm.use.get("shots", 0)) for stimulus in stimuli),
    )


def _lacks_context(stimulus: Stimulus, *, shots: int) -> bool:
    context = stimulus.candidate.context if stimulus.candidate else None
    return context is not None and len(context) < shots


def _pair(stimulus: Stimulus, human: str) -> TextPair:
    measured = stimulus.candidate.measures if stimulus.candidate else {}
    return TextPair(
        human=human,
        model=stimulus.text,
        human_run=measured.get("human_run"),
        training_run=measured.get("training_run"),
    )
