"""Launching freezes stations 1 to 5; closing ends 6 and 7."""

from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.db import transaction

from studyapp.actions.audit import record
from studyapp.actions.places import lay_down_places
from studyapp.actions.quiz_forms import are_forms_balanced
from studyapp.actions.rival_studies import find_unknown
from studyapp.actions.study import describe_study
from studyapp.domain.allocation_checks import AllocationFacts, check_allocation
from studyapp.domain.article_text import NORMALISATION
from studyapp.domain.launch_checklist import ArmFacts, Finding, StudyFacts, check_launch, may_launch
from studyapp.domain.study_design import describe_design, hash_design
from studyapp.models import Arm, GenerationJob, Stimulus, Study
from studyapp.recruitment import Verification
from studyapp.settings import read_secret


class LaunchRefusedError(ValueError):
    """The study is not ready; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(finding.message for finding in findings))
        self.findings = findings


def review_readiness(study: Study) -> list[Finding]:
    """The launch checklist of a study as it stands."""
    return [*check_launch(_gather_facts(study)), *check_allocation(_gather_allocation(study))]


@transaction.atomic
def launch_study(study: Study, *, now: datetime) -> Study:
    """Freeze the design under its SHA-256, lay every place down, and open the study. Locks the study.

    Raises:
        LaunchRefusedError: a finding of the checklist refuses it.
    """
    study = Study.objects.select_for_update().get(pk=study.pk)
    findings = review_readiness(study)
    if not may_launch(findings):
        raise LaunchRefusedError([finding for finding in findings if finding.level == "refuse"])
    study.frozen_design = freeze_design(study)
    study.design_sha256 = hash_design(study.frozen_design)
    study.state = Study.State.LAUNCHED
    study.launched_at = now
    study.save(update_fields=["frozen_design", "design_sha256", "state", "launched_at"])
    warnings = [f"{finding.topic}: {finding.message}" for finding in findings if finding.level == "warn"]
    places = lay_down_places(study)
    record(study, "launched", design_sha256=study.design_sha256, places=places, warnings=warnings)
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
    """The design with everything that it came to: texts by their hash, forms, normalisation, software version."""
    stimuli = Stimulus.objects.filter(item__study=study).select_related("item__article", "arm", "candidate")
    return {
        **describe_design(describe_study(study)),
        "software_version": version("byline"),
        "normalisation": NORMALISATION,
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
    human = Stimulus.objects.filter(item__study=study, arm=None)
    n_items = study.items.count()
    return StudyFacts(
        state=study.state,
        n_items=n_items,
        n_context=study.context.count(),
        human_stimuli=human.count(),
        human_words=tuple(human.values_list("words", flat=True)),
        forms_balanced=are_forms_balanced(study),
        stand_in_items=study.items.filter(article__stand_in=True).count(),
        consent=study.consent_text,
        instructions=study.instructions_text,
        question=study.question_text,
        debriefing=study.debriefing_text,
        estimated_minutes=study.estimated_minutes,
        reward=study.reward,
        contact=study.contact,
        site_url=settings.SITE_URL,
        arms=tuple(_gather_arm_facts(arm) for arm in study.arms.all()),
        platform_gaps=tuple(_find_platform_gaps(study)),
    )


def _gather_allocation(study: Study) -> AllocationFacts:
    return AllocationFacts(
        n_items=study.items.count(),
        shown=study.items_shown,
        per_cell={arm.name: arm.target_per_cell for arm in study.arms.select_related("study")},
        unknown_studies=find_unknown(study),
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


def _gather_arm_facts(arm: Arm) -> ArmFacts:
    stimuli = arm.stimuli.select_related("candidate")
    return ArmFacts(
        name=arm.name,
        is_control=arm.is_control,
        has_n_params=arm.n_params is not None,
        generator=arm.generator,
        stimuli=len(stimuli),
        jobs_unfinished=arm.jobs.exclude(state=GenerationJob.State.DONE).count(),
        flags=tuple(flag for stimulus in stimuli if stimulus.candidate for flag in stimulus.candidate.flags),
        model_words=tuple(stimulus.words for stimulus in stimuli),
    )
